"""Alignment: a recording becomes episodes of steps, no action paired with a frame of its future."""

from recorder.align.episodes import AlignOptions, PlannedStep, align, plan

__all__ = ["AlignOptions", "PlannedStep", "align", "plan"]
