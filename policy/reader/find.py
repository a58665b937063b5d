"""From the finder's maps to boxes: lines of text and widgets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from policy.reader.label import ROLES, STATES
from policy.reader.model import BOX_UNIT_PX, TEXT_CELL, WIDGET_CELL

Floats = NDArray[np.float32]
_LEAST_HEIGHT_PX, _MOST_HEIGHT_PX = 4.0, 64.0
_WIDGET_LOGIT = 0.0
_SAME = 0.5  # of the smaller of two boxes; what shares more is one widget seen twice
_MOST_WIDGETS = 256


@dataclass(frozen=True, slots=True)
class TextBox:
    """Where a line of text is, in px."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class WidgetBox:
    """Where a widget is, in px, and how sure that is."""

    role: str
    left: float
    top: float
    right: float
    bottom: float
    states: tuple[str, ...]
    score: float


def text_boxes(text: Floats) -> list[TextBox]:
    """Return the lines in a map of text, (4, H / 2, W / 2), from top to bottom."""
    mask = text[0] > 0
    numbered, _ = ndimage.label(mask)  # pyright: ignore[reportGeneralTypeIssues, reportUnknownVariableType]
    found: list[TextBox] = []
    for number, place in enumerate(ndimage.find_objects(numbered), start=1):
        rows, columns = place
        own = numbered[place] == number
        y = (np.arange(rows.start, rows.stop)[:, None] + 0.5) * TEXT_CELL
        top = float(np.median((y - text[1][place])[own]))
        bottom = float(np.median((y + text[2][place])[own]))
        if _LEAST_HEIGHT_PX <= bottom - top <= _MOST_HEIGHT_PX:
            left, right = columns.start * TEXT_CELL, columns.stop * TEXT_CELL
            found.append(TextBox(float(left), top, float(right), bottom))
    return sorted(found, key=lambda box: (box.top, box.left))


def link_share(text: Floats, left: float, top: float, right: float, bottom: float) -> float:
    """Return how surely what is in a box is a link, from 0 to 1."""
    rows = slice(max(0, int(top / TEXT_CELL)), max(1, int(np.ceil(bottom / TEXT_CELL))))
    columns = slice(max(0, int(left / TEXT_CELL)), max(1, int(np.ceil(right / TEXT_CELL))))
    inside = text[:, rows, columns]
    on = inside[0] > 0
    return float((inside[3][on] > 0).mean()) if on.any() else 0.0


def widget_boxes(widgets: Floats) -> list[WidgetBox]:
    """Return the widgets in a map, (ROLES + STATES + 4, H / 4, W / 4), the surest first."""
    roles = widgets[: len(ROLES)]
    best = roles.max(axis=0)
    rows, columns = np.nonzero(best > _WIDGET_LOGIT)
    order = np.argsort(-best[rows, columns], kind="stable")
    kept: list[WidgetBox] = []
    for place in order.tolist():
        row, column = int(rows[place]), int(columns[place])
        box = _widget(widgets[:, row, column], row, column)
        if len(kept) < _MOST_WIDGETS and not _is_known(box, kept):
            kept.append(box)
    return kept


def _widget(said: Floats, row: int, column: int) -> WidgetBox:
    role = int(said[: len(ROLES)].argmax())
    states = said[len(ROLES) : len(ROLES) + len(STATES)]
    codes = np.clip(said[len(ROLES) + len(STATES) :], 0, 10)
    left, up, right, down = (BOX_UNIT_PX * (np.exp2(codes) - 1)).tolist()
    x, y = (column + 0.5) * WIDGET_CELL, (row + 0.5) * WIDGET_CELL
    return WidgetBox(
        ROLES[role],
        x - left,
        y - up,
        x + right,
        y + down,
        tuple(name for name, logit in zip(STATES, states.tolist(), strict=True) if logit > 0),
        float(1 / (1 + np.exp(-said[role]))),
    )


def _is_known(box: WidgetBox, kept: Sequence[WidgetBox]) -> bool:
    area = (box.right - box.left) * (box.bottom - box.top)
    for other in kept:
        across = min(box.right, other.right) - max(box.left, other.left)
        down = min(box.bottom, other.bottom) - max(box.top, other.top)
        smaller = min(area, (other.right - other.left) * (other.bottom - other.top))
        if across > 0 and down > 0 and across * down > _SAME * smaller:
            return True
    return False
