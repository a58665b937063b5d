"""Windows to tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from policy.augmentation import Variant
from policy.config import UnderstudyConfig
from policy.data import LearnedStep
from policy.encoders import CELL_PX
from policy.features import ABSENT, FINE, StepFeatures
from policy.model import Inputs
from policy.text import WORD_GRAMS, Match


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What is to be said of each step; K cells follow E elements, and NONE is last."""

    labels: Tensor  # (B, T, Head) int64
    pointer: Tensor  # (B, T, 2, E + K + 1) bool: any of these is right; none marked: not asked
    fine: Tensor  # (B, T, 2) candidate whose place is asked for, or ABSENT
    fine_label: Tensor  # (B, T, 2) cell of the FINE x FINE grid
    span: Tensor  # (B, T, 2) int64
    failure: Tensor  # (B, T) 1.0 where this cannot succeed
    weight: Tensor  # (B, T)
    rest_bits: Tensor  # (B, T)

    def to(self, device: torch.device) -> Answers:
        """Return the same on a device."""
        moved = {each.name: getattr(self, each.name).to(device) for each in fields(self)}
        return Answers(**moved)


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """One step on its way into tensors."""

    learned: LearnedStep
    is_gone: bool = False
    frame: NDArray[np.uint8] | None = None
    fovea: NDArray[np.uint8] | None = None
    """None as well where the frame shows the screen at full size."""


def collate(
    windows: Sequence[Sequence[LearnedStep]],
    config: UnderstudyConfig,
    variants: Sequence[Variant] = (),
) -> tuple[Inputs, Answers]:
    """Return windows of steps as tensors.

    Args:
        windows: the steps of each.
        config: what the network sees.
        variants: how each window is changed; as they are if none are given.
    """
    rows: list[list[_Step]] = []
    for window, how in zip(windows, variants or [None] * len(windows), strict=True):
        row: list[_Step] = []
        for before in window:
            learned, is_gone = how.change(before) if how else (before, False)
            step = _Step(learned, is_gone)
            if config.sees_pixels and before.picture:
                frame = np.array(before.picture.frame)
                if is_gone:
                    _paint_out(frame, before)
                if is_shrunk(learned.shown):
                    step = replace(step, fovea=before.picture.fovea)
                step = replace(step, frame=frame)
            row.append(_moved(step, *how.shift()) if how else step)
        rows.append(row)
    seen = [[(step.learned.features, step.frame, step.fovea) for step in row] for row in rows]
    inputs = inputs_of(seen, config)
    if variants:
        draws = torch.tensor([each.draws for each in variants], dtype=torch.int32)
        inputs = replace(inputs, draws=draws)
    return inputs, _answers(rows, config)


def inputs_of(
    rows: Sequence[
        Sequence[tuple[StepFeatures, NDArray[np.uint8] | None, NDArray[np.uint8] | None]]
    ],
    config: UnderstudyConfig,
) -> Inputs:
    """Return windows of features and pictures as tensors, filled up to the longest of each.

    Shorter windows are filled at their end.
    """
    shape = (len(rows), max(len(row) for row in rows))
    each = [
        (b, t, features) for b, row in enumerate(rows) for t, (features, _, _) in enumerate(row)
    ]
    goal = max(len(features.words) for _, _, features in each) if config.sees_goal else 0
    listed = max(len(features.elements) for _, _, features in each) if config.sees_elements else 0
    first = each[0][2]
    arrays: dict[str, NDArray[Any]] = {
        "words": np.zeros((*shape, goal, WORD_GRAMS), np.int64),
        "word_flags": np.zeros((*shape, goal, first.word_flags.shape[1]), np.float32),
        "word_mask": np.zeros((*shape, goal), np.bool_),
        "elements": np.zeros((*shape, listed, first.elements.shape[1]), np.int64),
        "numbers": np.zeros((*shape, listed, first.numbers.shape[1]), np.float32),
        "element_mask": np.zeros((*shape, listed), np.bool_),
        "matches": np.zeros((*shape, listed, goal, len(Match)), np.float32),
        "unseen": np.zeros((*shape, WORD_GRAMS), np.int64),
        "step_mask": np.zeros(shape, np.bool_),
        "fovea_mask": np.zeros(shape, np.bool_),
    }
    for b, t, features in each:
        g = len(features.words) if goal else 0
        e = len(features.elements) if listed else 0
        arrays["words"][b, t, :g] = features.words[:g]
        arrays["word_flags"][b, t, :g] = features.word_flags[:g]
        arrays["word_mask"][b, t, :g] = True
        arrays["elements"][b, t, :e] = features.elements[:e]
        arrays["numbers"][b, t, :e] = features.numbers[:e]
        arrays["element_mask"][b, t, :e] = True
        arrays["matches"][b, t, :e, :g] = features.matches[:e, :g]
        arrays["unseen"][b, t] = features.unseen * config.sees_elements
        arrays["step_mask"][b, t] = True
    if config.sees_pixels:
        height, width, side = config.frame_height_px, config.frame_width_px, config.fovea_px
        arrays["frames"] = np.zeros((*shape, 3, height, width), np.uint8)
        if any(fovea is not None for row in rows for _, _, fovea in row):
            arrays["foveas"] = np.zeros((*shape, 3, side, side), np.uint8)
        for b, row in enumerate(rows):
            for t, (_, frame, fovea) in enumerate(row):
                assert frame is not None
                arrays["frames"][b, t] = frame
                if fovea is not None:
                    arrays["foveas"][b, t], arrays["fovea_mask"][b, t] = fovea, True
    tensors: dict[str, Any] = {name: torch.from_numpy(array) for name, array in arrays.items()}
    return Inputs(**tensors)


def is_shrunk(shown: tuple[float, float]) -> bool:
    """Return whether a frame shows less than its screen, so that a fovea adds to it.

    Args:
        shown: pixels of the frame for each pixel of the screen, across and down.
    """
    return min(shown) < 1


def _answers(rows: Sequence[Sequence[_Step]], config: UnderstudyConfig) -> Answers:
    shape = (len(rows), max(len(row) for row in rows))
    steps = [(b, t, step) for b, row in enumerate(rows) for t, step in enumerate(row)]
    listed = max(len(step.learned.features.elements) for _, _, step in steps)
    goal = max(len(step.learned.features.words) for _, _, step in steps)
    listed, goal = listed * config.sees_elements, goal * config.sees_goal
    columns, rows_of_cells = config.frame_width_px // CELL_PX, config.frame_height_px // CELL_PX
    cells = columns * rows_of_cells * config.sees_pixels
    heads = steps[0][2].learned.targets.labels.shape[0]
    labels = np.full((*shape, heads), ABSENT, np.int64)
    pointer = np.zeros((*shape, 2, listed + cells + 1), np.bool_)
    fine = np.full((*shape, 2), ABSENT, np.int64)
    fine_label = np.zeros((*shape, 2), np.int64)
    span = np.full((*shape, 2), ABSENT, np.int64)
    failure, weight, rest = (np.zeros(shape, np.float32) for _ in range(3))
    for b, t, step in steps:
        learned = step.learned
        labels[b, t] = learned.targets.labels
        weight[b, t], rest[b, t] = learned.weight, learned.rest_bits
        failure[b, t] = step.is_gone
        span[b, t] = _span(learned, goal, listed)
        for end in range(2):
            if learned.targets.points[end, 0] == ABSENT:
                continue
            pointer[b, t, end], fine[b, t, end], fine_label[b, t, end] = _pointer_answer(
                step, end, listed, (columns, rows_of_cells if cells else 0)
            )
        if step.is_gone:
            labels[b, t, 1:] = ABSENT
    arrays = (labels, pointer, fine, fine_label, span, failure, weight, rest)
    return Answers(*(torch.from_numpy(array) for array in arrays))


def _span(learned: LearnedStep, goal: int, listed: int) -> NDArray[np.int64]:
    """Return first and last candidate of a copy, in a batch of `goal` words."""
    span, own = learned.targets.span, len(learned.features.words)
    if span[0] < own:
        return span if goal else np.full(2, ABSENT, np.int64)
    if not listed:
        return np.full(2, ABSENT, np.int64)
    first = goal + span[0] - own
    # a field is copied whole; there is no last word to say
    return np.array([first, ABSENT], np.int64)


def _pointer_answer(
    step: _Step, end: int, listed: int, grid: tuple[int, int]
) -> tuple[NDArray[np.bool_], int, int]:
    """Return which candidates are right, and which place in which of them is asked for."""
    columns, rows = grid
    right = np.zeros(listed + columns * rows + 1, np.bool_)
    if step.is_gone:
        right[-1] = True
        return right, ABSENT, 0
    learned = step.learned
    x, y = learned.targets.points[end]
    asked, box = ABSENT, (0.0, 0.0, 1.0, 1.0)
    if rows:
        scale_x, scale_y = learned.shown
        column = min(max(int(x * scale_x // CELL_PX), 0), columns - 1)
        row = min(max(int(y * scale_y // CELL_PX), 0), rows - 1)
        asked = listed + row * columns + column
        right[asked] = True
        box = (
            column * CELL_PX / scale_x,
            row * CELL_PX / scale_y,
            CELL_PX / scale_x,
            CELL_PX / scale_y,
        )
    if listed:
        accepted = learned.targets.accepted[end]
        right[: len(accepted)] = accepted
        if accepted.any():
            asked = int(accepted.argmax())
            box = tuple(learned.features.boxes[asked].tolist())
    return right, asked, _fine_label((float(x), float(y)), box)


def _fine_label(point: tuple[float, float], box: tuple[float, float, float, float]) -> int:
    column, row = (
        min(max(int((place - start) / max(size, 1) * FINE), 0), FINE - 1)
        for place, start, size in zip(point, box[:2], box[2:], strict=True)
    )
    return row * FINE + column


# What is moved and covered ------------------------------------------------------------------------


def _paint_out(frame: NDArray[np.uint8], step: LearnedStep) -> None:
    """Cover a step's target in its picture, (3, H, W), with what is beside it, in place."""
    target = step.targets.accepted.any(axis=0)
    scale_x, scale_y = step.shown
    for x, y, width, height in step.features.boxes[target].tolist():
        left, top = max(0, int(x * scale_x)), max(0, int(y * scale_y))
        right, bottom = int((x + width) * scale_x) + 1, int((y + height) * scale_y) + 1
        beside = frame[:, min(top, frame.shape[1] - 1), max(0, left - 2)]
        frame[:, top:bottom, left:right] = beside[:, None, None]


def _moved(step: _Step, x: int, y: int) -> _Step:
    """Move a screen with all that is on it; its edge is repeated where nothing was."""
    if not (x or y):
        return step
    learned = step.learned
    scale_x, scale_y = learned.shown
    features, targets = learned.features, learned.targets
    offset = np.array([round(x / scale_x), round(y / scale_y)])
    numbers = features.numbers.copy()
    # boxes are told relative to the screen, which training has at one size in each window
    boxes = features.boxes.copy()
    size = _screen_size(features)
    numbers[:, :2] += (offset / size).astype(np.float32)
    boxes[:, :2] += offset.astype(np.int32)
    points = np.where(targets.points == ABSENT, ABSENT, np.maximum(targets.points + offset, 0))
    frame = step.frame
    if frame is not None:
        height, width = frame.shape[1:]
        rows = np.clip(np.arange(height) - round(offset[1] * scale_y), 0, height - 1)
        columns = np.clip(np.arange(width) - round(offset[0] * scale_x), 0, width - 1)
        frame = frame[:, rows][:, :, columns]
    moved = replace(
        learned,
        features=replace(features, numbers=numbers, boxes=boxes),
        targets=replace(targets, points=points),
    )
    return replace(step, learned=moved, frame=frame)


def _screen_size(features: StepFeatures) -> NDArray[np.float64]:
    """Return width and height of the screen, from an element's size in px and in screens."""
    sized = (features.numbers[:, 2] > 0) & (features.numbers[:, 2] < 4)
    sized &= (features.numbers[:, 3] > 0) & (features.numbers[:, 3] < 4)
    if not sized.any():
        return np.array([1e9, 1e9])
    first = int(sized.argmax())
    return features.boxes[first, 2:] / features.numbers[first, 2:4]
