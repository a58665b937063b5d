"""Demonstrations read back, one episode after another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from harness.demonstrate.plan import Unit, read_plan
from harness.demonstrate.takes import Take, first_takes, list_takes
from harness.errors import ConfigError
from recorder.align import PlannedEpisode, episode_of, plan
from recorder.align.frames import FrameReader
from recorder.schema import Episode
from recorder.store import Recording


def demonstrations(
    folder: Path, tasks: Collection[str] = (), episodes: int | None = None
) -> Iterator[Episode]:
    """Yield the episodes of a folder of demonstrations; pixels are decoded when asked for.

    Those that failed are among them: `success` says so. Elements are those of the task's page, as
    in an environment's observations.

    Args:
        folder: where `demonstrate` put them.
        tasks: names of the tasks that are wanted; all if there are none.
        episodes: how many of each task are wanted, those of the lowest seeds; None for all.

    Raises:
        ConfigError: it is no such folder, or a task was not demonstrated.
        DamagedError: a recording is torn.
    """
    read_plan(folder)
    wanted = _wanted(folder, tasks, episodes)
    for name, takes in groupby(wanted, key=lambda take: take.recording):
        recording = Recording(folder / "recordings" / name)
        found = {(each.task, each.seed): each for each in plan(list(recording.events()))}
        reader = FrameReader(recording.folder)
        for take in takes:
            planned = _without_stage(found[take.task, str(take.seed)])
            yield episode_of(planned, recording, reader)


def _wanted(folder: Path, tasks: Collection[str], episodes: int | None) -> list[Take]:
    takes = list(first_takes(list_takes(folder)))
    there = {take.task for take in takes}
    if missing := sorted(set(tasks) - there):
        raise ConfigError(
            f"{folder} has no demonstration of {', '.join(missing)}; "
            f"it has {', '.join(sorted(there)) or 'none at all'}"
        )
    counts: Counter[str] = Counter()
    wanted: set[Unit] = set()
    for take in sorted(takes, key=lambda take: take.seed):
        counts[take.task] += 1
        is_asked_for = not tasks or take.task in tasks
        if is_asked_for and (episodes is None or counts[take.task] <= episodes):
            wanted.add(take.unit)
    return [take for take in takes if take.unit in wanted]


def _without_stage(episode: PlannedEpisode) -> PlannedEpisode:
    # the first element is the document of the stage, which shows the task's
    steps = (replace(step, elements=step.elements[1:]) for step in episode.steps)
    return replace(episode, steps=tuple(steps))
