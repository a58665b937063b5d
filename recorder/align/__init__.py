"""Alignment: a recording becomes episodes of steps, no action paired with a frame of its future."""

from recorder.align.episodes import (
    AlignOptions,
    PlannedEpisode,
    PlannedStep,
    align,
    episode_of,
    plan,
)

__all__ = ["AlignOptions", "PlannedEpisode", "PlannedStep", "align", "episode_of", "plan"]
