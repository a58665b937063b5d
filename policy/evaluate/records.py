"""What came of each episode, one JSON line each, from which every figure can be recomputed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from policy.errors import DataError
from policy.evaluate.environments import Instance, Shift

RECORDS_FILE = "episodes.jsonl"


@dataclass(frozen=True, slots=True, order=True)
class Trial:
    """One episode to be played."""

    row: str
    """Which policy: a row of the tables."""
    task: str
    seed: int
    shift: Shift = Shift.NONE
    trigger: str = ""
    """What decides when it is helped: empty for never, else `sure` or `random`."""
    budget: float = 0.0
    """Share of steps that it may be helped in."""

    @property
    def instance(self) -> Instance:
        """The page that it is played on."""
        return Instance(self.task, self.seed, self.shift)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """One step of an episode that was played."""

    action: str
    """What the policy would do."""
    p_accept: float
    novelty: float
    agrees: bool | None = None
    """Whether the expert would accept it; None where that is not known."""
    reason: str = ""
    """Why the gate would ask, if it would."""
    helped: bool = False
    """The expert acted in its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """The look of the screen when an action was chosen that an expert would not accept."""

    step: int
    goal: str
    chosen: str
    expert: str
    p_accept: float
    png: str
    """The frame, base64."""
    heat: tuple[tuple[float, ...], ...] = ()
    """Probability that the pointer goes there, rows over the whole frame; empty when unknown."""
    chosen_at: tuple[int, int] | None = None
    """px of the frame."""
    expert_at: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeRecord:
    """An episode that was played to its end."""

    trial: Trial
    success: bool
    virtual_ms: int
    is_shifted: bool = True
    steps: tuple[StepRecord, ...] = ()
    mistakes: tuple[Mistake, ...] = field(default=())
    """The first in an episode that failed."""

    @property
    def right(self) -> list[bool]:
        """Whether a person would have accepted each action of the policy.

        They are right where an expert does the same; and all where the episode reached its goal
        without help, since there is more than one good order of doing things.
        """
        is_own_success = self.success and not any(step.helped for step in self.steps)
        return [is_own_success or step.agrees is True for step in self.steps]

    @property
    def first_wrong(self) -> int:
        """Number of the first wrong step; the number of steps where there is none."""
        right = self.right
        return right.index(False) if False in right else len(right)

    @property
    def watched(self) -> tuple[StepRecord, ...]:
        """The steps up to the first wrong one: whoever watches takes over there.

        What comes after says little: an agent that is lost repeats itself.
        """
        return self.steps[: self.first_wrong + 1]

    @property
    def first_alarm(self) -> int:
        """Number of the first step at which the gate would ask; as above where it never would."""
        alarms = [bool(step.reason) for step in self.steps]
        return alarms.index(True) if True in alarms else len(alarms)


class RecordFile:
    """A file that episodes are added to; what was torn by a crash is dropped and played anew."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> list[EpisodeRecord]:
        """Return all episodes so far, each trial once.

        Raises:
            DataError: a line before the last is no record.
        """
        if not self._path.exists():
            return []
        lines = self._path.read_bytes().split(b"\n")
        whole, torn = lines[:-1], lines[-1]
        if torn:
            os.truncate(self._path, sum(len(line) + 1 for line in whole))
        found: dict[Trial, EpisodeRecord] = {}
        for number, line in enumerate(whole, 1):
            try:
                record = msgspec.json.decode(line, type=EpisodeRecord)
            except msgspec.DecodeError as error:
                raise DataError(f"{self._path}, line {number} is damaged: {error}") from error
            found.setdefault(record.trial, record)
        return list(found.values())

    def append(self, record: EpisodeRecord) -> None:
        """Add one episode; it is on disk when this returns."""
        with self._path.open("ab") as file:
            file.write(msgspec.json.encode(record) + b"\n")


def unplayed(trials: Iterable[Trial], done: Sequence[EpisodeRecord]) -> list[Trial]:
    """Return the trials that no record is of, in their order."""
    known = {record.trial for record in done}
    return [trial for trial in trials if trial not in known]


def by_row(records: Iterable[EpisodeRecord]) -> Mapping[str, list[EpisodeRecord]]:
    """Return the records of each policy, in the order in which these first come."""
    rows: dict[str, list[EpisodeRecord]] = {}
    for record in records:
        rows.setdefault(record.trial.row, []).append(record)
    return rows
