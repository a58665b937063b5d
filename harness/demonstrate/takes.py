"""Takes: the episodes that closed recordings hold, checked and listed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec

from harness.demonstrate.plan import Unit
from harness.errors import ConfigError
from recorder.align import PlannedEpisode, plan
from recorder.align.pieces import Piece, pieces
from recorder.align.view import View, known_ns
from recorder.errors import DamagedError, NotFoundError
from recorder.recover import recover
from recorder.schema import AgentAction, Event
from recorder.store import Recording, is_being_recorded, remove, write_atomically


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """One episode that was recorded from its start to its outcome."""

    recording: str
    task: str
    seed: int
    success: bool
    steps: int
    seconds: float

    @property
    def unit(self) -> Unit:
        """What it is a take of."""
        return Unit(self.seed, self.task)


def sound_takes(name: str, events: Sequence[Event]) -> list[Take]:
    """Return the takes in a recording whose every action is paired with what was seen before it."""
    view = View(events)
    found = {(piece.task, piece.seed): piece for piece in pieces(events)}
    times = Counter((piece.task, piece.seed) for piece in pieces(events))
    return [
        Take(
            recording=name,
            task=episode.task,
            seed=int(episode.seed),
            success=episode.success,
            steps=len(episode.steps),
            seconds=(piece.end_ns - piece.start_ns) / 1e9,
        )
        for episode in plan(events)
        if (piece := found[episode.task, episode.seed])
        and episode.success is not None
        and times[episode.task, episode.seed] == 1  # a gap cuts an episode in two
        and is_sound(episode, piece, view)
    ]


def is_sound(episode: PlannedEpisode, piece: Piece, view: View) -> bool:
    """Say whether no action of an episode is missing, and none is paired with a wrong image.

    A right one was there strictly before the action began, and nothing newer could be seen: the
    page was looked at after the action before.
    """
    noted = sum(isinstance(event, AgentAction) for event in piece.events)
    if noted and noted != len(episode.steps):
        return False
    before_ns = piece.start_ns
    for step in episode.steps:
        gesture = step.gesture
        is_fresh = not noted or view.frame(gesture.page, gesture.begin_ns, before_ns) is not None
        if gesture.redacted or not is_fresh or known_ns(step.frame) >= gesture.begin_ns:
            return False
        before_ns = gesture.end_ns
    return True


# On disk ------------------------------------------------------------------------------------------


def list_takes(folder: Path) -> list[Take]:
    """Return all takes of a folder of demonstrations, in the order of their recordings.

    Raises:
        DamagedError: a list is torn.
    """
    return [take for path in sorted((folder / "episodes").glob("*.json")) for take in _read(path)]


def take_stock(folder: Path) -> list[Take]:
    """Return all takes, after recovering what was interrupted; what cannot be saved is removed.

    Raises:
        ConfigError: somebody records into the folder.
    """
    for recording in sorted((folder / "recordings").iterdir()):
        if is_being_recorded(recording):
            raise ConfigError(f"{folder} is being recorded into right now; wait until that is done")
        if (folder / "episodes" / f"{recording.name}.json").exists():
            continue
        try:
            recover(recording)
        except (DamagedError, NotFoundError):
            remove(recording)
        else:
            list_recording(folder, recording.name)
    return list_takes(folder)


def list_recording(folder: Path, name: str) -> list[Take]:
    """List the takes of a closed recording, and return them."""
    recording = Recording(folder / "recordings" / name)
    takes = sound_takes(name, list(recording.events()))
    body = json.dumps([asdict(take) for take in takes], indent=1).encode()
    write_atomically(folder / "episodes" / f"{name}.json", body)
    return takes


def first_takes(takes: Sequence[Take]) -> Iterator[Take]:
    """Yield one take of each unit."""
    seen: set[Unit] = set()
    for take in takes:
        if take.unit not in seen:
            seen.add(take.unit)
            yield take


def _read(path: Path) -> list[Take]:
    try:
        found: Any = json.loads(path.read_bytes())
        return msgspec.convert(found, list[Take])
    except (ValueError, msgspec.ValidationError) as error:
        raise DamagedError(f"{path} is damaged: {error}") from error
