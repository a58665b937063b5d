"""From what the heads say to an action, and how sure they are of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from policy.actions import POINTS, USES, Event, Head, Kind, Span, predicted
from policy.config import UnderstudyConfig
from policy.encoders import CELL_PX
from policy.features import FIELDS, FINE, StepFeatures, span_at
from policy.model import LABELS, Outputs
from recorder.schema import Action, Observation

_NEAR_PX = 12.0  # candidates whose middles are as near as this are the same place
_OTHERS = 2
_LEAST = 1e-9
_STARTS = (0, *accumulate(LABELS[:-1]))
_PLACES = tuple(slice(start, start + size) for start, size in zip(_STARTS, LABELS, strict=True))
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Choice:
    """An action, and the log-probability of all that makes it up."""

    action: Action
    log_prob: float


class Wanted(NamedTuple):
    """An event that the heads may mean."""

    event: Event
    log_prob: float


class Chosen(NamedTuple):
    """What the heads mean, best first; how sure they are; and where they look."""

    events: list[Wanted]
    features: dict[str, float]
    heat: NDArray[np.float32]
    """(rows, columns) of the pointer's cells; empty without pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """What the heads say of one step; M sets of heads, E elements, K cells."""

    outputs: Outputs
    """Of one step: without the dimensions of windows and steps."""
    observation: Observation
    features: StepFeatures
    shown: tuple[float, float]
    """Pixels of the frame for each pixel of the screen, across and down."""
    config: UnderstudyConfig


class _Copied(NamedTuple):
    """What may be copied."""

    span: Span
    mass: Floats  # (M,)


class _Pointed(NamedTuple):
    """Where one end of an action may be."""

    candidates: list[int]  # best first
    shares: Floats  # (M, E + K + 1)
    mean: Floats  # (E + K,) of the sets, without NONE
    middles: Floats  # (E + K, 2) px of the screen
    near: NDArray[np.bool_]  # (E + K,) candidates at the best one's place
    listed: int  # elements in the batch, before the cells


class _Sure(NamedTuple):
    """How sure the sets of heads are of one choice."""

    mass: Floats  # (M,) probability of the whole of it
    at: Floats  # (M,) of its place or its span alone
    none_prob: float = 0.0
    spread_px: float = 0.0


def choose(said: Said) -> Chosen:
    """Return what the heads mean."""
    shares = _label_shares(said.outputs.labels.float().numpy())
    mean = _mean(shares)
    kinds = mean[_PLACES[Head.KIND]].copy()
    copied = _best_span(said)
    if copied is None:
        kinds[Kind.COPY] = 0
    if not (len(said.features.boxes) or said.config.sees_pixels):  # NONE alone
        kinds[[int(kind) for kind in POINTS]] = 0
    kind = Kind(int(kinds.argmax()))
    wanted = POINTS.get(kind, 0)
    pointed = [_pointed(said, end) for end in range(max(wanted, said.config.sees_pixels))]
    ends = pointed[:wanted]
    best = {head: int(mean[_PLACES[head]].argmax()) for head in USES[kind]}
    sure = _sureness(_label_mass(kind, shares, best), ends, copied if kind is Kind.COPY else None)
    log_prob = float(np.log(max(sure.mass.mean(), _LEAST)))
    features = {
        "log_prob": log_prob,
        "local_mass": float(sure.at[0]),
        "ensemble_mass": float(sure.at.mean()),
        "spread_px": sure.spread_px,
        "kind_entropy": float(-(kinds * np.log(np.maximum(kinds, _LEAST))).sum()),
        "none_prob": sure.none_prob,
        "fail_prob": float(said.outputs.failure.float().sigmoid().mean()),
    }
    events: list[Wanted] = []
    for number in range(len(ends[0].candidates) if ends else 1):
        # only the first end has others: a drag is let go where it was to be let go
        points = [_place(said, end, 0 if later else number) for later, end in enumerate(ends)]
        span = copied.span if copied and kind is Kind.COPY else None
        event = predicted(kind, labels=best, points=points, span=span)
        events.append(Wanted(event, log_prob + (_behind(ends[0], number) if ends else 0.0)))
    heat = _heat(said, pointed[0]) if said.config.sees_pixels else np.zeros((0, 0), np.float32)
    return Chosen(events, features, heat)


def _sureness(mass: Floats, ends: Sequence[_Pointed], copied: _Copied | None) -> _Sure:
    if copied:
        return _Sure(mass * copied.mass, copied.mass)
    if not ends:
        return _Sure(mass, np.ones_like(mass))
    masses = [end.shares[:, :-1][:, end.near].sum(axis=1) for end in ends]
    none_prob = float(ends[0].shares[:, -1].mean())
    return _Sure(mass * np.prod(masses, axis=0), masses[0], none_prob, _spread(ends[0]))


def _shares(logits: NDArray[np.float32]) -> Floats:
    # small arrays: numpy needs a fraction of torch's time for each
    shares = np.exp((logits - logits.max(axis=-1, keepdims=True)).astype(np.float64))
    return shares / shares.sum(axis=-1, keepdims=True)


def _mean(shares: Floats) -> Floats:
    # over the sets; numpy's own takes twice as long
    return shares.sum(axis=0) / len(shares)


def _label_shares(logits: NDArray[np.float32]) -> Floats:
    """Return the shares of each label among its head's, (M, sum of LABELS)."""
    most = np.maximum.reduceat(logits, _STARTS, axis=1).repeat(LABELS, axis=1)
    shares = np.exp((logits - most).astype(np.float64))
    return shares / np.add.reduceat(shares, _STARTS, axis=1).repeat(LABELS, axis=1)


def _label_mass(kind: Kind, shares: Floats, best: Mapping[Head, int]) -> Floats:
    """Return each set's probability of the kind and all that belongs to it but when, (M,)."""
    chosen = {**best, Head.KIND: int(kind)}
    columns = [_STARTS[head] + label for head, label in chosen.items() if head != Head.GAP]
    return shares[:, columns].prod(axis=1)


def _pointed(said: Said, end: int) -> _Pointed:
    shares = _shares(said.outputs.pointer[:, end].float().numpy())
    listed = said.outputs.span_first.shape[-1] - said.outputs.span_last.shape[-1]
    listed //= len(FIELDS)
    boxes = said.features.boxes[:listed]
    middles = _middles(said, boxes, listed, shares.shape[1] - 1)
    mean = _mean(shares[:, :-1])
    # an element and the cells that it covers are one place
    near = _near(middles, boxes, listed, int(mean.argmax()) if len(mean) else 0)
    ranked = np.argsort(-mean)
    # between its elements and the cells lies what only fills up a batch
    ranked = ranked[(ranked < len(boxes)) | (ranked >= listed)]
    others = ranked[~near[ranked]]
    candidates = [*ranked[:1].tolist(), *others[:_OTHERS].tolist()]
    return _Pointed(candidates, shares, mean, middles, near, listed)


def _middles(said: Said, boxes: NDArray[np.int32], listed: int, count: int) -> Floats:
    """Return the middles of all candidates but NONE, (E + K, 2)."""
    middles = np.full((count, 2), 1e6)
    middles[: len(boxes)] = boxes[:, :2] + boxes[:, 2:] / 2
    if count > listed:
        columns = said.config.frame_width_px // CELL_PX
        cells = np.arange(count - listed)
        cell_middles = np.stack([cells % columns, cells // columns], axis=1) + 0.5
        middles[listed:] = cell_middles * CELL_PX / np.array(said.shown)
    return middles


def _near(middles: Floats, boxes: NDArray[np.int32], listed: int, best: int) -> NDArray[np.bool_]:
    if not len(middles):
        return np.zeros(0, np.bool_)
    away = np.abs(middles - middles[best]).max(axis=1)
    near = np.asarray(away <= _NEAR_PX)
    if best < len(boxes) and listed < len(middles):
        x, y, width, height = boxes[best]
        cells = middles[listed:]
        near[listed:] |= ((cells >= (x, y)) & (cells < (x + width, y + height))).all(axis=1)
    return near


def _spread(pointed: _Pointed) -> float:
    """Return how far, in px, the sets' own best places are from their middle."""
    places = pointed.middles[pointed.shares[:, :-1].argmax(axis=1)]
    return float(np.abs(places - _mean(places)).max(axis=1).mean())


def _behind(pointed: _Pointed, number: int) -> float:
    """Return by how much the log-probability of another candidate is lower than the best's."""
    if number == 0:
        return 0.0
    best = max(pointed.mean[pointed.near].sum(), _LEAST)
    return float(min(0.0, np.log(max(pointed.mean[pointed.candidates[number]], _LEAST) / best)))


def _place(said: Said, pointed: _Pointed, number: int) -> tuple[int, int]:
    """Return the px of the screen that a candidate stands for."""
    candidate = pointed.candidates[min(number, len(pointed.candidates) - 1)]
    places = said.outputs.fine[candidate].float().numpy()
    if candidate < pointed.listed:
        x, y, width, height = said.features.boxes[candidate].tolist()
        covered = _covered(said.features.boxes, candidate)
        places = places if covered is None else np.where(covered, -np.inf, places)
    else:
        width, height = CELL_PX / said.shown[0], CELL_PX / said.shown[1]
        x, y = pointed.middles[candidate] - (width / 2, height / 2)
    row, column = divmod(int(places.argmax()), FINE)
    place_x = int(x + (column + 0.5) * width / FINE)
    place_y = int(y + (row + 0.5) * height / FINE)
    screen_height, screen_width = said.observation.pixels.shape[:2]
    return min(max(place_x, 0), screen_width - 1), min(max(place_y, 0), screen_height - 1)


def _covered(boxes: NDArray[np.int32], number: int) -> NDArray[np.bool_] | None:
    """Return which places of an element are under another, (FINE * FINE,); None if none or all are.

    What comes later is drawn above; what lies within an element is part of it.
    """
    x, y, width, height = boxes[number].tolist()
    above: list[tuple[int, int, int, int]] = []
    for left, top, wide, high in boxes[number + 1 :].tolist():
        is_beside = left >= x + width or top >= y + height or left + wide <= x or top + high <= y
        is_part = left >= x - 1 and top >= y - 1 and left + wide <= x + width + 1
        if not is_beside and not (is_part and top + high <= y + height + 1):
            above.append((left, top, left + wide, top + high))
    if not above:
        return None
    steps = (np.arange(FINE) + 0.5) / FINE
    across, down = x + steps * width, (y + steps * height)[:, None]
    covered = np.zeros((FINE, FINE), np.bool_)
    for left, top, right, bottom in above:
        covered |= (across >= left) & (across < right) & (down >= top) & (down < bottom)
    return None if covered.all() else covered.ravel()


def _best_span(said: Said) -> _Copied | None:
    if not said.outputs.span_first.shape[1]:
        return None
    first, last = _shares(said.outputs.span_first.float().numpy()), said.outputs.span_last
    own, words = len(said.features.words), last.shape[-1]
    start = int(_mean(first).argmax())
    mass = first[:, start].copy()
    end = start
    if start < words:
        ends = _shares(last.float().numpy())
        ends[:, :start] = 0
        end = int(_mean(ends).argmax())
        mass *= ends[:, end]
    elif words != own:  # fields follow the words; other agents' goals may be longer
        start = end = start - words + own
    span = span_at(start, end, said.observation)
    return None if span is None else _Copied(span, mass)


def _heat(said: Said, pointed: _Pointed) -> NDArray[np.float32]:
    rows, columns = (
        said.config.frame_height_px // CELL_PX,
        said.config.frame_width_px // CELL_PX,
    )
    mean = pointed.mean
    heat = mean[pointed.listed :].reshape(rows, columns).astype(np.float32)
    for number, (x, y) in enumerate(pointed.middles[: len(said.features.boxes)]):
        row = int(y * said.shown[1] // CELL_PX)
        column = int(x * said.shown[0] // CELL_PX)
        if 0 <= row < rows and 0 <= column < columns:
            heat[row, column] += mean[number]
    return heat
