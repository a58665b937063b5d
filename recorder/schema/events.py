"""What was recorded: one type per kind of event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from recorder.schema.actions import Action
from recorder.schema.screen import Box, Button, Controller, Element, TimeSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Anything with a time in a recording; `KIND` is its tag on disk."""

    KIND: ClassVar[str] = ""
    t_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InputEvent(Event):
    """Something a person, a policy or a script did with pointer or keyboard."""

    received_ns: int = 0
    """When it reached the recorder; `received_ns - t_ns` is the delivery delay."""
    time_source: TimeSource = TimeSource.SERVER
    controller: Controller = Controller.HUMAN
    agent: str = ""
    """Which agent or script, when the controller is not the human."""
    trusted: bool = True
    """False for events that a page dispatched to itself; no device and no agent made them."""
    page: str = ""
    """Browser page, `p1`, `p2` …; empty on a desktop."""
    frame: str = ""
    """URL of the frame inside the page, when it is not the main one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PointerMove(InputEvent):
    """The pointer reached `(x, y)`."""

    KIND: ClassVar[str] = "move"
    x: int
    y: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PointerButton(InputEvent):
    """A pointer button went down or up at `(x, y)`."""

    KIND: ClassVar[str] = "button"
    button: Button
    down: bool
    x: int
    y: int
    target: Element | None = None
    """What was hit, where the source can tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scroll(InputEvent):
    """The wheel turned; positive `dy` scrolls down, positive `dx` to the right."""

    KIND: ClassVar[str] = "scroll"
    dx: float
    dy: float
    unit: Literal["notch", "pixel"] = "notch"
    x: int
    y: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Key(InputEvent):
    """A physical key went down or up. What it types is not guessed: see `TextInput`."""

    KIND: ClassVar[str] = "key"
    down: bool
    code: str = ""
    """Physical key as in W3C UI Events (`KeyA`, `Enter`), empty when unknown."""
    keycode: int = 0
    """The platform's number of the key."""
    symbol: str = ""
    """Symbol at the moment of the press: X keysym name or DOM `key`."""
    modifiers: tuple[str, ...] = ()
    """Held before this event, sorted: alt, ctrl, meta, shift."""
    state: int = 0
    """The platform's raw modifier and group state."""
    repeat: bool = False
    """True when the system repeats a key that is held."""
    target: Element | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextInput(InputEvent):
    """An editable field received text (browser `input` events)."""

    KIND: ClassVar[str] = "text"
    text: str
    input_type: str = "insertText"
    """W3C input type: insertText, deleteContentBackward, insertFromPaste …"""
    target: Element | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FocusChange(Event):
    """Keyboard focus moved to `target`; None when it is unknown."""

    KIND: ClassVar[str] = "focus"
    target: Element | None = None
    secret: bool = False
    page: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowChange(Event):
    """Another window became active, or its title changed."""

    KIND: ClassVar[str] = "window"
    app: str
    title: str
    window: int = 0
    pid: int = 0
    box: Box = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame(Event):
    """A captured image; its line is written after its packet is in the video file."""

    KIND: ClassVar[str] = "frame"
    start_ns: int
    """Just before the grab; `t_ns` is the best estimate of when the image was on screen."""
    end_ns: int
    """Just after the grab."""
    segment: int
    """`video/{segment:04}.mp4`."""
    index: int
    """Position in the segment, from 0."""
    pts_ms: int
    """Presentation time in the segment."""
    width: int
    height: int
    dirty: tuple[Box, ...] = ()
    """What changed since the frame before; empty for the first of a segment."""
    masked: tuple[Box, ...] = ()
    """What was painted over for privacy."""
    page: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameUnchanged(Event):
    """Once a second while nothing changes: the screen was looked at and was the same."""

    KIND: ClassVar[str] = "frame_same"
    page: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Navigation(Event):
    """A page or frame went to another document. Query values and fragments are not kept."""

    KIND: ClassVar[str] = "nav"
    page: str
    url: str
    title: str = ""
    frame: str = ""
    """Empty for the main frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageChange(Event):
    """A browser page opened, became visible, closed or crashed."""

    KIND: ClassVar[str] = "page"
    page: str
    change: Literal["opened", "visible", "hidden", "closed", "crashed"]
    opener: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementSnapshot(Event):
    """All elements of a page after it changed."""

    KIND: ClassVar[str] = "elements"
    page: str
    elements: tuple[Element, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentAction(Event):
    """The executor's own record of what an agent or script did, from `t_ns` to `end_ns`."""

    KIND: ClassVar[str] = "agent_action"
    end_ns: int
    controller: Controller
    agent: str
    action: Action


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause(Event):
    """Recording stopped keeping anything."""

    KIND: ClassVar[str] = "pause"
    reason: str = "asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume(Event):
    """Recording goes on; a `HeldState` and a new video segment follow."""

    KIND: ClassVar[str] = "resume"


@dataclass(frozen=True, slots=True, kw_only=True)
class Redacted(Event):
    """Something between `t_ns` and `end_ns` was left out on purpose; not what, nor how much."""

    KIND: ClassVar[str] = "redacted"
    end_ns: int
    reason: str
    """password, one-time-code, card, unknown-focus, untrusted-app, denied-app, panic, asked …"""
    page: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap(Event):
    """Between `t_ns` and `end_ns` something may be missing that nobody asked to leave out."""

    KIND: ClassVar[str] = "gap"
    end_ns: int
    reason: str
    """suspend, stall, crash, tab-crash, listener-lost, overflow …"""
    page: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockAnchor(Event):
    """The clocks side by side, every 10 s: shows wall-clock steps and suspends."""

    KIND: ClassVar[str] = "clock"
    boottime_ns: int
    realtime_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitor:
    """One monitor of a desktop; its corner may be negative."""

    box: Box
    name: str = ""
    scale: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry(Event):
    """What the frames show from now on; `origin` is the desktop position of pixel (0, 0)."""

    KIND: ClassVar[str] = "geometry"
    width: int
    height: int
    origin: tuple[int, int] = (0, 0)
    monitors: tuple[Monitor, ...] = ()
    page: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldState(Event):
    """What is held down at this moment, so that a missed release cannot stick."""

    KIND: ClassVar[str] = "state"
    x: int
    y: int
    buttons: tuple[str, ...] = ()
    keycodes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault(Event):
    """The recorder itself failed at something; never silent."""

    KIND: ClassVar[str] = "fault"
    what: str
    """listener-dead, disk-full, black-screen, encoder, overflow, source …"""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark(Event):
    """A label set by the person or by a script: start or end of a task, a goal, a note."""

    KIND: ClassVar[str] = "mark"
    label: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownEvent(Event):
    """An event of a kind that this version does not know; written back as it was read."""

    KIND: ClassVar[str] = "unknown"
    fields: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The whole JSON object, `kind` and `t_ns` included."""


EVENTS: tuple[type[Event], ...] = (
    PointerMove,
    PointerButton,
    Scroll,
    Key,
    TextInput,
    FocusChange,
    WindowChange,
    Frame,
    FrameUnchanged,
    Navigation,
    PageChange,
    ElementSnapshot,
    AgentAction,
    Pause,
    Resume,
    Redacted,
    Gap,
    ClockAnchor,
    Geometry,
    HeldState,
    Fault,
    Mark,
)
