"""What is known of a page that a plan is about to be carried out on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from harness.modes.fast_forward.moves import Point
from recorder.schema import Element

Listing: TypeAlias = Sequence[dict[str, Any]]
"""Elements of a page, as it lists them itself."""


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
    listing: Listing
    """The same elements, which the page has to list still when the guard is armed."""
    meant: tuple[Element | None, ...] = ()
    """What is to be pressed at each place; None where that does not matter."""
    places: tuple[Point, ...] = ()
    """Where targets are that are to be found and noted only when the guard is armed."""


@dataclass(frozen=True, slots=True)
class Glance:
    """What can be told of a page before anybody knows where the targets of its next plan are."""

    frame: Frame
    listing: Listing
    ears: Ears
    turns: int
