"""What the documents of one page say, as events of the recording."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from recorder.browser.frames import FrameState, FrameTree
from recorder.browser.layout import Transform
from recorder.browser.messages import (
    AnyMessage,
    EarlyInput,
    Elements,
    Focus,
    Hello,
    Keystroke,
    Pointer,
    Typed,
    Visibility,
    Wheel,
)
from recorder.browser.pageclock import PageClock
from recorder.browser.translate import InputMessage, Place, early_message, to_element, to_event
from recorder.browser.urls import clean_url
from recorder.capture import Capture
from recorder.ledger import Ledger
from recorder.schema import (
    Element,
    ElementSnapshot,
    FocusChange,
    Gap,
    InputEvent,
    Navigation,
    PageChange,
    Redacted,
)


@dataclass(frozen=True, slots=True)
class Scribe:
    """Where the events of one page go."""

    page: str
    capture: Capture
    ledger: Ledger | None
    seen: Callable[[InputEvent], object]
    """Told of every event of a device, before it is stored."""
    begun_ns: int
    """When the recording of the context began; what was missed before is not missing."""

    def input(
        self, message: InputMessage, frame: FrameState, transform: Transform, received_ns: int
    ) -> None:
        """Keep something done in a frame, and say who did it."""
        place = Place(
            page=self.page,
            frame=clean_url(frame.url) if frame.parent else "",
            transform=transform,
            # nothing is heard before it happened
            t_ns=min(frame.clock.to_ns(message.ts), received_ns),
            received_ns=received_ns,
        )
        event = to_event(message, place)
        if event is None:
            return
        entry = self.ledger.claim(event) if self.ledger and event.trusted else None
        if entry:
            event = replace(event, controller=entry.controller, agent=entry.agent)
        if event.trusted:
            self.seen(event)
        self.capture.submit(event)

    def focus(self, message: Focus, frame: FrameState, transform: Transform) -> None:
        """Keep where the keyboard focus went."""
        target = to_element(message.target, transform)
        states = target.states if target else ("unknown",)
        self.capture.submit(
            FocusChange(
                t_ns=frame.clock.to_ns(message.ts),
                target=target,
                secret="secret" in states or "unknown" in states,
                page=self.page,
            )
        )

    def elements(self, t_ns: int, elements: tuple[Element, ...]) -> None:
        """Keep all elements of the page."""
        self.capture.submit(ElementSnapshot(t_ns=t_ns, page=self.page, elements=elements))

    def visible(self, t_ns: int, *, visible: bool) -> None:
        """Keep that the page came to the front or left it."""
        change = "visible" if visible else "hidden"
        self.capture.submit(PageChange(t_ns=t_ns, page=self.page, change=change))

    def address(self, frame: FrameState) -> None:
        """Keep where a frame went."""
        url = clean_url(frame.url)
        name = url if frame.parent else ""
        now_ns = self.capture.clock.now_ns()
        self.capture.submit(Navigation(t_ns=now_ns, page=self.page, url=url, frame=name))

    def gap(self, start_ns: int, end_ns: int, reason: str) -> None:
        """Say that something may be missing."""
        self.capture.submit(Gap(t_ns=start_ns, end_ns=end_ns, reason=reason, page=self.page))

    def denied(self, frame: FrameState, t_ns: int) -> None:
        """Say, once for each document, that a frame inside the page is not recorded."""
        if not frame.denied_told and not self.capture.gate.paused:
            frame.denied_told = True
            self.capture.note(
                Redacted(t_ns=t_ns, end_ns=t_ns, reason="denied-domain", page=self.page)
            )


class Hearing:
    """Sorts what the documents of one page say.

    Args:
        scribe: writes it down.
        tree: the page's frames; kept up to date with what they say of themselves.
    """

    def __init__(self, scribe: Scribe, tree: FrameTree) -> None:
        self._scribe = scribe
        self._tree = tree
        self.visible = True
        self._told: tuple[Element, ...] = ()
        self._missed: tuple[int, int] | None = None

    def take(self, frame: FrameState, message: AnyMessage, received_ns: int) -> None:
        """Keep what a message tells."""
        t_ns = frame.clock.to_ns(message.now)
        if not self._tree.allowed(frame):
            self._scribe.denied(frame, t_ns)
            return
        match message:
            case Pointer() | Wheel() | Keystroke() | Typed() | Focus():
                self._take_input(frame, message, received_ns)
            case Elements():
                frame.elements = message.elements
                self.tell_elements(t_ns)
            case Hello() if message.missed:
                zero_ns = frame.clock.to_ns(0)
                if zero_ns > self._scribe.begun_ns:
                    self._scribe.gap(zero_ns, t_ns, "listener-late")
            case Visibility() if not frame.parent and message.visible != self.visible:
                self.visible = message.visible
                self._scribe.visible(t_ns, visible=message.visible)
            case _:
                return

    def take_early(self, early: EarlyInput, received_ns: int, *, in_main: bool) -> None:
        """Keep input that came before the script was there; say that it is missing where it is."""
        clock = PageClock()
        clock.heard(early.now, received_ns)
        frame = FrameState("", "", clock=clock)
        message = early_message(early)
        if message is None or not in_main:
            self._scribe.gap(clock.to_ns(early.ts), received_ns, "listener-late")
            return
        scale = self._tree.scale
        self._scribe.input(message, frame, Transform(scale_x=scale, scale_y=scale), received_ns)

    def tell_elements(self, t_ns: int, *, again: bool = False) -> None:
        """Keep the elements of all frames, the main one's first, when they differ."""
        found: list[Element] = []
        for frame in self._tree.shown():
            transform = self._tree.transform(frame) if self._tree.allowed(frame) else None
            if transform:
                told = [e for seen in frame.elements if (e := to_element(seen, transform))]
                found += [e for e in told if self._tree.is_in_view(e.box)]
        if again or tuple(found) != self._told:
            self._told = tuple(found)
            self._scribe.elements(t_ns, self._told)

    def settle(self, frame: FrameState) -> None:
        """Keep what waited for somebody to say where its frame lies, and what its time is."""
        if not self._knows(frame):
            return
        waiting, frame.waiting = frame.waiting, []
        for message, received_ns in waiting:
            self.take(frame, message, received_ns)

    def give_up(self, frame: FrameState) -> None:
        """Say that the input of a frame that nobody could place is missing."""
        waiting, frame.waiting = frame.waiting, []
        for message, received_ns in waiting:
            self.miss(message, received_ns)
        self.tell_missed()

    def miss(self, message: AnyMessage, received_ns: int) -> None:
        """Remember that a message is not kept, if it tells of something that a person did."""
        if isinstance(message, Pointer | Wheel | Keystroke | Typed) and message.trusted:
            start_ns = received_ns - round((message.now - message.ts) * 1e6)
            first_ns, last_ns = self._missed or (start_ns, received_ns)
            self._missed = min(first_ns, start_ns), max(last_ns, received_ns)

    def tell_missed(self) -> None:
        """Say from when to when input is missing, if any is."""
        if self._missed:
            self._scribe.gap(*self._missed, "frame-lost")
            self._missed = None

    def _take_input(
        self, frame: FrameState, message: InputMessage | Focus, received_ns: int
    ) -> None:
        transform = self._tree.transform(frame)
        if transform is None or not frame.clock.settled:
            frame.waiting.append((message, received_ns))
        elif isinstance(message, Focus):
            self._scribe.focus(message, frame, transform)
        else:
            self._scribe.input(message, frame, transform, received_ns)

    def _knows(self, frame: FrameState) -> bool:
        return frame.clock.settled and self._tree.transform(frame) is not None
