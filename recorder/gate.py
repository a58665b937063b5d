"""The gate before the queue: what may be kept, decided before anything is kept.

Default is deny. Text typed on a desktop passes only once it is known that the focus was no secret,
or in apps trusted at the start; secret and unknown fields are painted over in the pixels; denied
apps and domains leave nothing but a `redacted` event. While paused, nothing passes at all.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from itertools import takewhile
from urllib.parse import urlsplit

from recorder.masks import Masks
from recorder.schema import (
    AgentAction,
    Element,
    ElementSnapshot,
    Event,
    FocusChange,
    InputEvent,
    Key,
    KeyChord,
    Navigation,
    Pause,
    PointerButton,
    PointerMove,
    Redacted,
    Resume,
    Scroll,
    TextInput,
    TypeText,
    WindowChange,
)

_HARMLESS = frozenset(
    {"Tab", "Enter", "NumpadEnter", "Escape", "Return", "KP_Enter", "ISO_Left_Tab"}
)
_MOVERS_KEPT = 64
DENIED_WINDOWS = "denied-windows"
"""The source, among the masks, of the windows of denied apps."""


class Secrecy(StrEnum):
    """What is known of the field that has the keyboard focus."""

    PUBLIC = "public"
    SECRET = "secret"
    UNKNOWN = "unknown"


class Command(Enum):
    """What a hotkey asks for."""

    TOGGLE_PAUSE = "pause"
    STOP = "stop"
    PANIC = "panic"


@dataclass(frozen=True, slots=True)
class Rules:
    """What the person allowed at the start."""

    allow_apps: tuple[str, ...] = ()
    """When given, only these apps are recorded."""
    deny_apps: tuple[str, ...] = ()
    """Never recorded: their windows are painted over and their input is dropped."""
    trust_apps: tuple[str, ...] = ()
    """Text typed into these is kept although no accessibility tree vouches for it."""
    trust_display: bool = False
    """Keep all text: only for a display of our own, such as a script's Xvfb."""
    allow_domains: tuple[str, ...] = ()
    """When given, only pages of these domains and their subdomains are recorded."""
    deny_domains: tuple[str, ...] = ()
    trust_domains: tuple[str, ...] = ()
    """Pages of these domains hold no secrets: only for pages of our own, such as tasks."""

    @property
    def names_apps(self) -> bool:
        """Return whether any app is treated unlike the others."""
        return bool(self.allow_apps or self.deny_apps)

    def app_allowed(self, app: str) -> bool:
        """Return whether anything of an app may be kept.

        >>> Rules(deny_apps=("keepassxc",)).app_allowed("KeePassXC")
        False
        """
        return _passes(app.casefold(), self.allow_apps, self.deny_apps, _same)

    def app_trusted(self, app: str) -> bool:
        """Return whether text typed into an app may be kept unseen."""
        return self.trust_display or any(_same(app.casefold(), name) for name in self.trust_apps)

    def domain_allowed(self, url: str) -> bool:
        """Return whether anything of a page may be kept.

        >>> Rules(deny_domains=("bank.example",)).domain_allowed("https://www.bank.example/login")
        False
        """
        host = (urlsplit(url).hostname or "").casefold()
        return _passes(host, self.allow_domains, self.deny_domains, _same_domain)


@dataclass(frozen=True, slots=True)
class Hotkeys:
    """Key names (X keysym or DOM `key`) that act with ctrl+alt+shift held; never recorded."""

    pause: str = "F9"
    stop: str = "F10"
    panic: str = "F11"

    def command(self, key: Key) -> Command | None:
        """Return what a key press asks for."""
        # not ctrl+alt alone: with a function key that switches consoles, and no press is seen
        if not {"alt", "ctrl", "shift"} <= set(key.modifiers):
            return None
        names = {self.pause: Command.TOGGLE_PAUSE, self.stop: Command.STOP}
        return {**names, self.panic: Command.PANIC}.get(key.symbol)


class Gate:
    """Decides, event by event and frame by frame, what may reach the queue. Thread-safe.

    Sources tell it what they know of focus, windows and pages; `admit` then returns what may be
    stored in place of an event: the event, nothing, or a `redacted` marker.
    """

    def __init__(
        self,
        rules: Rules | None = None,
        *,
        hotkeys: Hotkeys | None = None,
        on_command: Callable[[Command], object] | None = None,
        hold_keys: bool = False,
    ) -> None:
        self.rules = rules or Rules()
        self.masks = Masks()
        self.paused = False
        self.hold_keys = hold_keys and (not self.rules.trust_display or self.rules.names_apps)
        """True on a desktop: keys wait in memory until `settle` says where they were typed."""
        self._hotkeys = hotkeys or Hotkeys()
        self._on_command = on_command or _ignore
        self._lock = threading.RLock()
        self._app = ""
        self._window = 0
        self.resumed_ns = 0
        """When the last pause ended; what sources said before may have been lost in it."""
        self._movers: deque[int] = deque(maxlen=_MOVERS_KEPT)
        self._held: list[Event] = []
        self._pressed: set[tuple[str, str | int]] = set()
        self._spans: dict[tuple[str, str], list[int]] = {}
        self._denied_pages: set[str] = set()

    # What the sources know ------------------------------------------------------------------

    def settle(self, secrecy: Secrecy, reason: str, before_ns: int) -> list[Event]:
        """Judge the keys held since before `before_ns`; return what may be stored of them."""
        with self._lock:
            ready = list(takewhile(lambda event: event.t_ns < before_ns, self._held))
            self._held = self._held[len(ready) :]
            return [kept for event in ready for kept in self._judge(event, secrecy, reason)]

    def waiting_since(self) -> int | None:
        """Return the time of the oldest held key, None when nothing is held."""
        with self._lock:
            return self._held[0].t_ns if self._held else None

    def waiting(self, before_ns: int) -> list[Event]:
        """Return what is held from before a moment."""
        with self._lock:
            return [event for event in self._held if event.t_ns < before_ns]

    def moved_focus(self, before_ns: int) -> int | None:
        """Return when a click or key that may move the focus was last made before a moment."""
        with self._lock:
            return max((t_ns for t_ns in self._movers if t_ns <= before_ns), default=None)

    # Decisions --------------------------------------------------------------------------------

    def admit(self, event: Event) -> list[Event]:
        """Return what may be stored in place of `event`, in order."""
        with self._lock:
            if isinstance(event, Key) and event.down and self._obeys_hotkey(event):
                return []
            if self.paused or (isinstance(event, InputEvent) and event.t_ns < self.resumed_ns):
                return []
            if isinstance(event, Navigation):
                return self._admit_navigation(event)
            if _may_move_focus(event):
                self._movers.append(event.t_ns)
            # what follows a held key waits behind it, so that the order on disk is the true one
            if self.hold_keys and (isinstance(event, Key) or self._held):
                self._held.append(event)
                return []
            return self._judge(event, *self._secrecy_of(event))

    def pause(self, t_ns: int, reason: str = "asked") -> list[Event]:
        """Stop letting anything through; return what to store."""
        with self._lock:
            if self.paused:
                return []
            ended = self.finish(t_ns)
            self.paused = True
            return [*ended, Pause(t_ns=t_ns, reason=reason)]

    def resume(self, t_ns: int) -> list[Event]:
        """Let things through again; return what to store. A held-state snapshot should follow."""
        with self._lock:
            if not self.paused:
                return []
            self.paused = False
            self._pressed.clear()
            self.resumed_ns = t_ns
            return [Resume(t_ns=t_ns)]

    def finish(self, t_ns: int) -> list[Event]:
        """Drop held keys, end all open redactions, and return what to store."""
        with self._lock:
            ended = self.settle(Secrecy.UNKNOWN, "unknown-focus", t_ns + 1)
            return [*ended, *self._end_spans(t_ns)]

    def page_denied(self, page: str, since_ns: int | None = None) -> bool:
        """Return whether frames of a page, or one frame grabbed at `since_ns`, must not be kept."""
        with self._lock:
            is_late = since_ns is not None and since_ns < self.resumed_ns
            return self.paused or is_late or page in self._denied_pages

    # Rules --------------------------------------------------------------------------------------

    def _obeys_hotkey(self, key: Key) -> bool:
        command = self._hotkeys.command(key)
        if command and not key.repeat:
            self._on_command(command)
        return command is not None

    def _admit_navigation(self, event: Navigation) -> list[Event]:
        if event.frame:
            return [] if event.page in self._denied_pages else [event]
        if self.rules.domain_allowed(event.url):
            self._denied_pages.discard(event.page)
            return [*self._end_spans(event.t_ns, event.page), event]
        self._denied_pages.add(event.page)
        return self._redact(event.t_ns, "denied-domain", event.page)

    def _judge(self, event: Event, secrecy: Secrecy, reason: str) -> list[Event]:
        if isinstance(event, Key):
            return self._judge_key(event, secrecy, reason)
        return self._judge_other(event)

    def _judge_window(self, event: WindowChange) -> list[Event]:
        moved = event.window != self._window
        self._app, self._window = event.app, event.window
        ended = self._end_spans(event.t_ns, "") if moved else []
        allowed = self.rules.app_allowed(event.app)
        return [*ended, *([event] if allowed else self._redact(event.t_ns, "denied-app"))]

    def _judge_other(self, event: Event) -> list[Event]:
        page: str = getattr(event, "page", "")
        if page and page in self._denied_pages:
            return []
        if isinstance(event, InputEvent) and not event.page and self._goes_to_denied(event):
            return self._redact(event.t_ns, "denied-app")
        match event:
            case WindowChange():
                return self._judge_window(event)
            case PointerButton():
                # a click that a page makes up does not release the button that a person holds
                device = "button" if event.trusted else "untrusted button"
                ended = self._end_spans(event.t_ns, event.page) if _leaves_secret(event) else []
                return [*ended, *self._judge_press(event, (device, event.button), down=event.down)]
            case TextInput() if _by_target(event.target)[0] is not Secrecy.PUBLIC:
                return self._redact(event.t_ns, _by_target(event.target)[1], event.page)
            case ElementSnapshot():
                return [_without_secrets(event)]
            case AgentAction(action=TypeText() | KeyChord()) if self.hold_keys:
                return []  # its keys are judged one by one
            case FocusChange() if event.target is not None:
                return [*self._end_spans(event.t_ns, event.page), event]
            case _:
                return [event]

    def _judge_key(self, key: Key, secrecy: Secrecy, reason: str) -> list[Event]:
        name = ("key", key.code or key.keycode)
        if key.page in self._denied_pages and key.page:
            return []
        if not key.down:
            return self._judge_press(key, name, down=False)
        if not key.page and not self._app_allowed():
            return self._redact(key.t_ns, "denied-app")
        if secrecy is Secrecy.PUBLIC:
            ended = [] if key.repeat else self._end_spans(key.t_ns, key.page)
            return [*ended, *self._judge_press(key, name, down=True)]
        is_harmless = key.symbol in _HARMLESS or key.code in _HARMLESS
        if is_harmless and set(key.modifiers) <= {"shift"}:
            return self._judge_press(key, name, down=True)
        return self._redact(key.t_ns, reason, key.page)

    def _secrecy_of(self, event: Event) -> tuple[Secrecy, str]:
        if not isinstance(event, Key) or (self.rules.trust_display and not event.page):
            return Secrecy.PUBLIC, ""
        return _by_target(event.target)

    def _judge_press(
        self, event: InputEvent, name: tuple[str, str | int], *, down: bool
    ) -> list[Event]:
        # a release passes if and only if its press did: no stuck keys, no trace of secret ones
        if not down and name not in self._pressed:
            return []
        (self._pressed.add if down else self._pressed.discard)(name)
        return [event]

    def _goes_to_denied(self, event: InputEvent) -> bool:
        if not self._app_allowed():
            return True
        # a click on a denied window comes before the news that this window is now the active one
        place = isinstance(event, PointerMove | PointerButton | Scroll)
        return place and self.masks.hit(DENIED_WINDOWS, event.x, event.y)

    def _app_allowed(self) -> bool:
        return not self._app or self.rules.app_allowed(self._app)

    def _redact(self, t_ns: int, reason: str, page: str = "") -> list[Event]:
        span = self._spans.get((reason, page))
        if span:
            span[1] = max(span[1], t_ns)
            return []
        self._spans[reason, page] = [t_ns, t_ns]
        # written at once, so that even a crash leaves a trace of it; its end follows
        return [Redacted(t_ns=t_ns, end_ns=t_ns, reason=reason, page=page)]

    def _end_spans(self, t_ns: int, page: str | None = None) -> list[Event]:
        ended = [key for key in self._spans if page is None or key[1] == page]
        return [
            Redacted(t_ns=self._spans.pop(key)[0], end_ns=t_ns, reason=key[0], page=key[1])
            for key in ended
        ]


def _passes(
    name: str, allowed: Sequence[str], denied: Sequence[str], same: Callable[[str, str], bool]
) -> bool:
    if any(same(name, entry) for entry in denied):
        return False
    return not allowed or any(same(name, entry) for entry in allowed)


def _may_move_focus(event: Event) -> bool:
    if isinstance(event, PointerButton):
        return event.down
    if not isinstance(event, Key) or not event.down:
        return False
    is_shortcut = bool(set(event.modifiers) & {"alt", "ctrl", "meta"})
    return is_shortcut or event.symbol in _HARMLESS or event.code in _HARMLESS


def _leaves_secret(press: PointerButton) -> bool:
    # pressing the button of the mouse elsewhere takes the focus along, also where nothing gets it
    is_public = _by_target(press.target)[0] is Secrecy.PUBLIC
    return press.down and press.trusted and bool(press.page) and is_public


def _same(app: str, entry: str) -> bool:
    return app == entry.casefold()


def _same_domain(host: str, entry: str) -> bool:
    entry = entry.casefold().removeprefix("*.")
    return host == entry or host.endswith("." + entry)


def _by_target(target: Element | None) -> tuple[Secrecy, str]:
    if target is None or "unknown" in target.states:
        return Secrecy.UNKNOWN, "unknown-focus"
    if "secret" in target.states:
        return Secrecy.SECRET, "secret-field"
    return Secrecy.PUBLIC, ""


def _without_secrets(snapshot: ElementSnapshot) -> ElementSnapshot:
    return ElementSnapshot(
        t_ns=snapshot.t_ns,
        page=snapshot.page,
        elements=tuple(
            Element(role=e.role, box=e.box, name=e.name, states=e.states, selectors=e.selectors)
            if "secret" in e.states
            else e
            for e in snapshot.elements
        ),
    )


def _ignore(_: Command) -> None:
    """Do nothing about a command."""
