"""What is known of a page that a plan is about to be carried out on."""

from __future__ import annotations

from dataclasses import dataclass

from harness.modes.fast_forward.moves import Point
from recorder.schema import Element


@dataclass(frozen=True, slots=True)
class Frame:
    """One document of the page, and the guard's own world in it."""

    frame: str
    document: str
    """Names frame and document; another one has another name."""
    context: int


@dataclass(frozen=True, slots=True)
class Ears:
    """What scripts of a document listen to; where they do not, cheaper inputs do as well."""

    keys: bool
    """Else a text that comes at once is as good as one that is typed."""
    moves: bool
    """Else a pointer may press at a place without having moved there."""


@dataclass(frozen=True, slots=True)
class Aim:
    """The targets of a plan as they were found, and every frame that is to be watched."""

    frames: tuple[Frame, ...]
    target: Frame
    """The one that has all the targets."""
    elements: tuple[Element, ...]
    """Of the page at that moment."""
    ears: Ears
    """Of the target's frame."""
    turns: int
    """Frames that had come, gone or turned elsewhere until then."""
    meant: tuple[Element | None, ...] = ()
    """What is to be pressed at each place; None where that does not matter."""
    nodes: tuple[str, ...] = ()
    """Targets that nothing was noted of yet, by their names in the world of the guard."""


@dataclass(frozen=True, slots=True)
class Glance:
    """What can be told of a page before anybody knows where the targets of its next plan are."""

    frame: Frame
    scrolled: Point
    elements: tuple[Element, ...]
    ears: Ears
    turns: int
