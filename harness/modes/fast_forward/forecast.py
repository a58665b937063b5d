"""What a page will look like after an action, as far as that can be told without doing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from recorder.schema import (
    Action,
    Click,
    Element,
    KeyChord,
    Move,
    Observation,
    TypeText,
    Wait,
    element_at,
)

_FIELDS = frozenset({"textbox", "searchbox", "spinbutton"})
_FIXED = frozenset({"disabled", "readonly"})
_ERASING = frozenset({"Backspace", "Delete"})


class Caret(StrEnum):
    """Where in the focused field the next character goes."""

    UNKNOWN = "unknown"
    END = "end"
    ALL = "all"
    """All is selected: what is typed replaces it."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A page as it is, or as it is expected to be."""

    observation: Observation
    caret: Caret = Caret.UNKNOWN

    @property
    def focus(self) -> int | None:
        """The focused element, by its place in the list; None where there is none."""
        elements = self.observation.elements
        return next((i for i, each in enumerate(elements) if "focused" in each.states), None)

    @property
    def field(self) -> Element | None:
        """The focused element if it can be typed into."""
        focus = self.focus
        if focus is None or not _is_field(self.observation.elements[focus]):
            return None
        return self.observation.elements[focus]

    @property
    def kept(self) -> str | None:
        """What stays of the field before what is typed next; None where that is not known."""
        field = self.field
        if field is None:
            return None
        if not field.value or self.caret is Caret.ALL:
            return ""
        return field.value if self.caret is Caret.END else None


def after(scene: Scene, action: Action) -> Scene | None:
    """Return the scene that an action leads to, None where nobody can tell.

    Typing changes the focused field, a click focuses a field or ticks a box; what a button, a link
    or a key does is the page's own affair.
    """
    match action:
        case Wait():
            return scene
        case Move():
            return _pointed(scene, action)
        case Click():
            return _clicked(scene, action)
        case TypeText():
            return _typed(scene, action.text)
        case KeyChord():
            return _pressed(scene, action)
        case _:
            return None


def box_under(point: tuple[int, int], elements: Sequence[Element]) -> int | None:
    """Return which checkbox or radio button a click at a point ticks, itself or by its label."""
    hit = element_at(point, elements)
    if hit is None:
        return None
    if _is_box(elements[hit]):
        return hit
    if elements[hit].role != "label":
        return None
    within = [
        number
        for number, each in enumerate(elements)
        if _is_box(each) and _lies_in(each, elements[hit])
    ]
    return within[0] if len(within) == 1 else None


def _pointed(scene: Scene, place: Move | Click) -> Scene:
    observation = replace(scene.observation, cursor=(place.x, place.y))
    return replace(scene, observation=observation)


def _clicked(scene: Scene, action: Click) -> Scene | None:
    if (action.button, action.count, action.modifiers) != ("left", 1, ()):
        return None
    elements, point = scene.observation.elements, (action.x, action.y)
    ticked = box_under(point, elements)
    target = element_at(point, elements) if ticked is None else ticked
    if target is None or _FIXED & set(elements[target].states):
        return None
    pointed = _pointed(scene, action)
    if ticked is not None:
        return _shown(pointed, _focused(_ticked(elements, ticked), ticked), Caret.UNKNOWN)
    if not _is_field(elements[target]):
        return None
    caret = Caret.UNKNOWN if elements[target].value else Caret.END
    return _shown(pointed, _focused(elements, target), caret)


def _typed(scene: Scene, text: str) -> Scene | None:
    kept = scene.kept
    if kept is None or not text.isprintable():
        return None
    return _filled(scene, kept + text)


def _pressed(scene: Scene, action: KeyChord) -> Scene | None:
    field = scene.field
    if field is None:
        return None
    if action.modifiers == ("ctrl",) and action.key == "a":
        return replace(scene, caret=Caret.ALL if field.value else Caret.END)
    if action.modifiers:
        return None
    if action.key in _ERASING and scene.caret is Caret.ALL:
        return _filled(scene, "") if action.count == 1 else None
    if action.key == "Backspace" and scene.caret is Caret.END:
        return _filled(scene, field.value[: -action.count])
    return None


def _filled(scene: Scene, value: str) -> Scene:
    elements = [
        replace(each, value=value) if number == scene.focus else each
        for number, each in enumerate(scene.observation.elements)
    ]
    return _shown(scene, elements, Caret.END)


def _shown(scene: Scene, elements: Sequence[Element], caret: Caret) -> Scene:
    return Scene(replace(scene.observation, elements=tuple(elements)), caret)


def _focused(elements: Sequence[Element], target: int) -> list[Element]:
    return [_with(each, "focused", number == target) for number, each in enumerate(elements)]


def _ticked(elements: Sequence[Element], target: int) -> list[Element]:
    chosen = elements[target]
    if not _is_radio(chosen):
        is_checked = "checked" not in chosen.states
        return [_with(each, "checked", is_checked) if each is chosen else each for each in elements]
    # of the radio buttons on a page, one is on
    return [
        _with(each, "checked", each is chosen) if _is_radio(each) else each for each in elements
    ]


def _with(element: Element, state: str, is_so: bool) -> Element:  # noqa: FBT001 - what it is to be
    states = {*element.states, state} if is_so else set(element.states) - {state}
    return replace(element, states=tuple(sorted(states)))


def _is_field(element: Element) -> bool:
    return element.role in _FIELDS and not _FIXED & set(element.states)


def _is_box(element: Element) -> bool:
    return element.role == "checkbox" or _is_radio(element)


def _is_radio(element: Element) -> bool:
    return element.role == "radio"


def _lies_in(inner: Element, outer: Element) -> bool:
    left, top, width, height = inner.box
    x, y = left + width / 2, top + height / 2
    out_left, out_top, out_width, out_height = outer.box
    return out_left <= x < out_left + out_width and out_top <= y < out_top + out_height
