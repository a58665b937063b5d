"""What is on the screen, who acts on it, and where times come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Box: TypeAlias = tuple[int, int, int, int]
Button: TypeAlias = Literal["left", "middle", "right", "back", "forward"]

# where it matters which point of them is hit
_SURFACES = frozenset({"document", "canvas", "slider", "video", "application", "iframe"})


class Controller(StrEnum):
    """Who produced an action."""

    HUMAN = "human"
    POLICY = "policy"
    SCRIPT = "script"


class TimeSource(StrEnum):
    """Where an event's `t_ns` comes from."""

    SERVER = "server"  # stamped by the display server when the event happened
    PAGE = "page"  # stamped by the browser, mapped to our clock by a handshake
    RECEIPT = "receipt"  # stamped when it reached us: late by an unknown delay


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """One thing on the screen that can be read or acted on."""

    role: str
    """ARIA role or its nearest equal: button, textbox, link, checkbox, image …"""
    box: Box
    name: str = ""
    """Accessible name; empty when it would give a secret away."""
    text: str = ""
    """Text shown inside."""
    value: str = ""
    """Value of a field; never that of a secret one."""
    states: tuple[str, ...] = ()
    """Sorted: checked, disabled, expanded, focused, multiline, readonly, required, secret …"""
    selectors: tuple[str, ...] = ()
    """Ways to find it again, best first: CSS, `role=…[name="…"]`, XPath, accessibility path."""


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """What a policy is given."""

    pixels: NDArray[np.uint8]
    """(H, W, 3) RGB, as captured; the policy owns resizing."""
    cursor: tuple[int, int]
    t_ns: int
    goal: str = ""
    """The instruction in words, when there is one."""
    elements: tuple[Element, ...] = ()


def contains(box: Box, point: tuple[int, int]) -> bool:
    """Say whether a point is inside a box; right and lower edges are outside."""
    left, top, width, height = box
    return left <= point[0] < left + width and top <= point[1] < top + height


def element_at(point: tuple[int, int], elements: Sequence[Element]) -> int | None:
    """Return the place of the element that a point hits, None where the very point matters.

    That is the smallest around it, the last of several; a label stands for the field it names.
    """
    around = [
        (element.box[2] * element.box[3], -number)
        for number, element in enumerate(elements)
        if contains(element.box, point)
    ]
    if not around:
        return None
    hit = -min(around)[1]
    if elements[hit].role in _SURFACES:
        return None
    return _labelled(hit, elements)


def _labelled(hit: int, elements: Sequence[Element]) -> int:
    if elements[hit].role != "label":
        return hit
    named = [
        number
        for number, element in enumerate(elements)
        if element.role != "label" and element.name and element.name == elements[hit].text
    ]
    # the field is told next to its label
    return min(named, key=lambda number: abs(number - hit), default=hit)
