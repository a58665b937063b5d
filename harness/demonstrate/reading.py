"""Demonstrations read back, one episode after another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from harness.demonstrate.plan import read_plan
from harness.demonstrate.takes import first_takes, list_takes
from recorder.align import PlannedEpisode, episode_of, plan
from recorder.align.frames import FrameReader
from recorder.schema import Episode
from recorder.store import Recording


def demonstrations(folder: Path) -> Iterator[Episode]:
    """Yield the episodes of a folder of demonstrations; pixels are decoded when asked for.

    Those that failed are among them: `success` says so. Elements are those of the task's page, as
    in an environment's observations.

    Raises:
        ConfigError: it is no such folder.
        DamagedError: a recording is torn.
    """
    read_plan(folder)
    for name, takes in groupby(first_takes(list_takes(folder)), key=lambda take: take.recording):
        recording = Recording(folder / "recordings" / name)
        found = {(each.task, each.seed): each for each in plan(list(recording.events()))}
        reader = FrameReader(recording.folder)
        for take in takes:
            planned = _without_stage(found[take.task, str(take.seed)])
            yield episode_of(planned, recording, reader)


def _without_stage(episode: PlannedEpisode) -> PlannedEpisode:
    # the first element is the document of the stage, which shows the task's
    steps = (replace(step, elements=step.elements[1:]) for step in episode.steps)
    return replace(episode, steps=tuple(steps))
