"""From episodes to the steps that a network learns from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policy.actions import encode, rest_bits
from policy.errors import DataError
from policy.features import StepFeatures, Targets, featurise, left_unseen, targets
from policy.observe import ObserveConfig, observe
from policy.reader.read import Reader, Reading
from recorder.schema import Action, Element, Episode


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """What is seen of a screen."""

    frame: NDArray[np.uint8]
    """(3, H, W): all of it."""
    fovea: NDArray[np.uint8]
    """(3, F, F): a cut around the cursor, at full size."""


@dataclass(frozen=True, slots=True, eq=False)
class LearnedStep:
    """One step as it is learned from."""

    features: StepFeatures
    targets: Targets
    picture: Picture | None
    """None without pixels."""
    cursor: tuple[int, int]
    shown: tuple[float, float]
    """Pixels of the frame for each pixel of the screen, across and down."""
    weight: float
    rest_bits: float
    """Bits of what the heads leave out."""


def read_episode(
    episode: Episode, config: ObserveConfig | None, reader: Reader | None = None
) -> list[LearnedStep]:
    """Return the steps of an episode as they are learned from.

    Args:
        episode: what was done.
        config: sizes of the pictures; None to keep no pictures.
        reader: what elements and instructions are read with; None for those that were recorded.

    Raises:
        DataError: the episode is damaged; the message says which one and how.
    """
    name = f"episode {episode.task} seed {episode.seed!r} of recording {episode.recording!r}"
    if not len(episode.steps):
        raise DataError(f"{name} has no steps; leave it out")
    read: list[LearnedStep] = []
    before_ns: int | None = None
    reading: Reading | None = None
    last: Action | None = None
    listed: Sequence[Element] = ()
    for number, step in enumerate(episode.steps):
        observation = step.observation
        pixels = observation.pixels
        if pixels.ndim != 3 or not pixels.size or pixels.dtype != np.uint8:
            raise DataError(f"{name}: step {number} has pixels {pixels.shape} of {pixels.dtype}")
        if reader:
            reading = reader.read(pixels, reading)
            observation = reading.as_seen(observation)
        gap_ms = 0 if before_ns is None else (step.t_ns - before_ns) // 1_000_000
        if gap_ms < 0:
            raise DataError(f"{name}: step {number} begins before the one before it")
        before_ns = step.t_ns
        events = encode(step.action, observation, gap_ms=gap_ms)
        view = observe(observation, config) if config else None
        unseen = left_unseen(last, listed, observation.elements)
        last, listed = step.action, observation.elements
        learned = LearnedStep(
            featurise(observation, unseen),
            # of a text that is spelled, the first piece is what this observation calls for
            targets(events[0], observation),
            Picture(view.frame, view.fovea) if view else None,
            observation.cursor,
            view.to_frame(1, 1) if view else (1.0, 1.0),
            step.weight,
            sum(rest_bits(event, observation) for event in events),
        )
        read.append(learned)
    return read
