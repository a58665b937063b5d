"""Plays cells and logs what happened: a cell is in the log as a whole, or still to be played."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

from harness.control import Policy, is_waiting
from harness.env.browsers import Browsers
from harness.env.chromium import Tab
from harness.errors import InfrastructureError
from harness.measure.events import EpisodeEnded, OnDuty, RunEvent, open_run
from harness.measure.log import RunLog
from harness.modes.album import Album
from harness.modes.cell import Cell, Stage
from harness.modes.operators import OperatorConfig
from harness.run.messages import Lost, Play, Settled
from harness.run.pictures import keep_pictures
from harness.run.standing import in_log_order, log_path
from harness.run.suite import RunPlan, Suite
from recorder.schema import AgentContext, Decision

ATTEMPTS = 3
"""Times that a cell is begun whose browser breaks; how its episodes went makes no difference."""


class Player:
    """Plays the cells of a suite for one worker; used as a context.

    Args:
        suite: that they belong to.
        folder: of the suite.
        worker: name of the logs that it keeps.
        policies: by what names them.
        browsers: that pages are opened in.
    """

    def __init__(
        self,
        suite: Suite,
        folder: Path,
        worker: str,
        policies: Mapping[str, Policy],
        browsers: Browsers[Tab],
    ) -> None:
        self._suite = suite
        self._folder = folder
        self._worker = worker
        self._policies = policies
        self._browsers = browsers
        self._seats = _Seats()
        self._logs: dict[str, RunLog] = {}
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()

    async def play(self, order: Play, run: RunPlan, cell: Cell) -> Settled | Lost:
        """Play a cell until nothing breaks, log what it came to, and return whether it did.

        Of tries in which something broke, the episodes that broke are logged, and no other.

        Raises:
            LogError: the log of the run was altered, or is being written by another process.
            HarnessError: what the cell raises, other than that something broke.
        """
        missing = frozenset(order.missing)
        reason, album = "", Album()
        for _ in range(ATTEMPTS):
            try:
                events = await self._play(run, cell, album)
            except InfrastructureError as error:
                reason = str(error)
                continue
            broken = {each.episode: each.infrastructure_error for each in _broken(events)}
            if not broken:
                kept = [event for event in events if _is_of(event, missing)]
                if not order.is_duty_logged:
                    kept += [event for event in events if isinstance(event, OnDuty)]
                self._append(run, in_log_order(kept))
                keep_pictures(self._folder / run.folder, events, album)
                return Settled(run=order.run, cell=order.cell, episodes=len(missing))
            reason = next(iter(broken.values()))
            self._append(run, [each for each in events if _is_of(each, broken.keys() & missing)])
        return Lost(run=order.run, cell=order.cell, reason=reason)

    async def _play(self, run: RunPlan, cell: Cell, album: Album) -> list[RunEvent]:
        request, policy = self._suite.request, run.casting.policy
        seat = self._seats.take()
        try:
            stage = Stage(
                policy=_Seated(self._policies[policy], seat),
                browsers=self._browsers,
                thresholds=self._suite.thresholds[policy],
                operator=OperatorConfig.from_mapping(request.operator),
                seed=request.seed,
                think_ms=request.think_ms,
                album=album,
            )
            return await cell.play(stage)
        finally:
            self._seats.give_back(seat)

    def _append(self, run: RunPlan, events: Sequence[RunEvent]) -> None:
        # nothing is awaited in here, so that the events of a cell stay together
        if run.folder not in self._logs:
            path = log_path(self._folder / run.folder, self._worker)
            opened = RunLog(path, open_run(self._worker, run.manifest))
            self._logs[run.folder] = self._open.enter_context(opened)
        for event in events:
            self._logs[run.folder].append(event)


class _Seats:
    """Numbers from 0, the lowest that is free first."""

    def __init__(self) -> None:
        self._free: list[int] = []
        self._next = count()

    def take(self) -> int:
        return heapq.heappop(self._free) if self._free else next(self._next)

    def give_back(self, seat: int) -> None:
        heapq.heappush(self._free, seat)


class _Seated:
    """A policy that knows the agents of one cell by where they sit.

    A policy remembers an agent by its name. Cells of several rows may call theirs the same, and
    names that never came again would fill its memory.
    """

    def __init__(self, policy: Policy, seat: int) -> None:
        self.waits = is_waiting(policy)
        self.sees_pixels: bool = getattr(policy, "sees_pixels", True)
        """False spares pictures that it would not look at."""
        self._policy = policy
        self._seat = seat
        self._places: dict[str, int] = {}

    def decide(self, batch: Sequence[AgentContext]) -> list[Decision]:
        """Return a decision for each agent, in their order."""
        return self._policy.decide([self._renamed(context) for context in batch])

    def _renamed(self, context: AgentContext) -> AgentContext:
        place = self._places.setdefault(context.agent, len(self._places))
        return replace(context, agent=f"{self._seat}/{place}")


def _broken(events: Sequence[RunEvent]) -> list[EpisodeEnded]:
    ends = [event for event in events if isinstance(event, EpisodeEnded)]
    return [end for end in ends if end.infrastructure_error]


def _is_of(event: RunEvent, episodes: frozenset[str] | set[str]) -> bool:
    return getattr(event, "episode", None) in episodes
