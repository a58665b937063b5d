"""Labels: one line of plain words for an event, as a person reads it in a list."""

from __future__ import annotations

from dataclasses import dataclass, fields

from recorder.align.keysyms import character_of, key_name, modifier_of
from recorder.schema import (
    Action,
    AgentAction,
    Controller,
    ElementSnapshot,
    Event,
    Fault,
    FocusChange,
    Gap,
    Geometry,
    HeldState,
    InputEvent,
    Key,
    Mark,
    Move,
    Navigation,
    PageChange,
    Pause,
    PointerButton,
    Redacted,
    Resume,
    Scroll,
    TextInput,
    UnknownEvent,
    WindowChange,
)

GROUPS = (
    "pointer",
    "scroll",
    "key",
    "text",
    "window",
    "agent",
    "mark",
    "redacted",
    "pause",
    "gap",
    "fault",
    "system",
)
"""What events are told apart by."""
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Label:
    """How an event is shown."""

    group: str
    text: str
    say: str = ""
    """What is shown over the picture for a moment."""
    who: str = ""
    """Who did it, when it was not the person."""


def label(event: Event) -> Label | None:
    """Return how an event is listed, None for those that the picture itself shows.

    >>> label(Mark(t_ns=0, label="task_start", text="Book a table"))
    Label(group='mark', text='task_start: Book a table', say='', who='')
    """
    found = _of_input(event) if isinstance(event, InputEvent) else _of_other(event)
    if found is None:
        return None
    group, text, say = found
    return Label(group, _short(text), _short(say), _who(event))


def _of_input(event: InputEvent) -> tuple[str, str, str] | None:
    match event:
        case PointerButton():
            target = f" on {_named(event.target.role, event.target.name)}" if event.target else ""
            verb, group = ("press", "pointer") if event.down else ("release", "system")
            return group, f"{event.button} {verb} at {event.x}, {event.y}{target}", ""
        case Scroll():
            return "scroll", f"scroll {event.dx:g}, {event.dy:g} {event.unit}", ""
        case Key():
            return _of_key(event)
        case TextInput():
            text = f"“{event.text}”" if event.text else event.input_type
            return "text", text, f"“{event.text}”" if event.text else ""
        case _:
            return None


def _of_key(key: Key) -> tuple[str, str, str]:
    chord = "+".join([*(name.capitalize() for name in key.modifiers), _visible(key)])
    text = f"{chord}{'' if key.down else ' up'}{' (held)' if key.repeat else ''}"
    spoken = key.down and not modifier_of(key) and not (key.page and character_of(key.symbol))
    return "key" if key.down else "system", text, chord if spoken else ""


def _visible(key: Key) -> str:
    return {" ": "Space"}.get(key_name(key), key_name(key))


def _of_other(event: Event) -> tuple[str, str, str] | None:
    match event:
        case WindowChange():
            return "window", f"window {event.app}: {event.title}", ""
        case Navigation():
            title = f" — {event.title}" if event.title else ""
            return "window", f"goes to {event.url}{title}", ""
        case PageChange():
            return "window", f"page {event.page} {event.change}", ""
        case FocusChange():
            where = _named(event.target.role, event.target.name) if event.target else "unknown"
            return "window", f"focus {where}{' (secret)' if event.secret else ''}", ""
        case AgentAction():  # what it made of pointer and keys is listed as well, and shown
            group = "system" if isinstance(event.action, Move) else "agent"
            return group, _in_words(event.action), ""
        case Mark():
            return "mark", f"{event.label}: {event.text}" if event.text else event.label, ""
        case _:
            return _of_recorder(event)


def _of_recorder(event: Event) -> tuple[str, str, str] | None:
    match event:
        case Pause():
            return "pause", f"paused: {event.reason}", ""
        case Resume():
            return "pause", "resumed", ""
        case Redacted() | Gap():
            lasting = _lasting(event.t_ns, event.end_ns)
            return event.KIND, f"{event.KIND}: {event.reason}{lasting}", ""
        case Fault():
            detail = f": {event.detail}" if event.detail else ""
            return "fault", f"{event.what}{detail}", f"{event.what}{detail}"
        case ElementSnapshot():
            return "system", f"{len(event.elements)} elements", ""
        case Geometry():
            return "system", f"geometry {event.width} by {event.height}", ""
        case HeldState():
            held = ", ".join([*event.buttons, *map(str, event.keycodes)]) or "nothing"
            return "system", f"held down: {held}", ""
        case UnknownEvent():
            return "system", f"{event.fields.get('kind')} (from a later version)", ""
        case _:
            return None


def _who(event: Event) -> str:
    if isinstance(event, InputEvent | AgentAction) and event.controller is not Controller.HUMAN:
        return f"{event.controller.value} {event.agent}".strip()
    return "page itself" if isinstance(event, InputEvent) and not event.trusted else ""


def _in_words(action: Action) -> str:
    """Return an action as words, what is usual left out.

    >>> from recorder.schema import Click
    >>> _in_words(Click(x=3, y=4, count=2))
    'click x 3, y 4, count 2'
    """
    told = [
        f"{entry.name} {getattr(action, entry.name)}"
        for entry in fields(action)
        if getattr(action, entry.name) != entry.default
    ]
    return f"{action.KIND} {', '.join(told)}" if told else action.KIND


def _named(role: str, name: str) -> str:
    return f"{role} “{name}”" if name else role


def _lasting(start_ns: int, end_ns: int) -> str:
    return f" for {(end_ns - start_ns) / 1e9:.1f} s" if end_ns > start_ns else ""


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
