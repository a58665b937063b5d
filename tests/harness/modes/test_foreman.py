"""A shift is the same however its parts were scheduled, and one person serves all of it."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count, pairwise
from pathlib import Path

import pytest

from harness.errors import ConfigError, DivergedError
from harness.measure.events import (
    ContactKind,
    EpisodeEnded,
    EpisodeStarted,
    HelpRequested,
    Manifest,
    OnDuty,
    RunEvent,
    open_run,
)
from harness.measure.intervals import Interval
from harness.measure.interventions import waits_s
from harness.measure.metrics import figures, tallies
from harness.measure.state import Contact, Run, fold
from harness.modes.allocators import ALLOCATORS, Waiting
from harness.modes.cell import Stage
from harness.modes.foreman import ShiftCell
from harness.modes.replayed import ReplayedOperator
from harness.modes.triggers import OperatorMode
from tests.harness.crew import chromium
from tests.harness.modes.rehearsal import Rehearsed, Theatre, in_theatre, planned

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WORK = tuple(
    planned(task, seed)
    for seed in (1, 2)
    for task in ("miniwob-click-button", "miniwob-enter-text", "miniwob-login-user")
)
ALONE = ShiftCell("alone", WORK, 1, "fifo")
TEAM = ShiftCell("team", WORK, 3, "fifo")
BY_CHANCE = replace(TEAM, name="by chance", allocator="random")
BY_HAND = replace(TEAM, name="by hand", mode=OperatorMode.DOES_ALL)
PATIENCE_S = 1.0
IMPATIENT = replace(TEAM, name="impatient", patience_s=PATIENCE_S)
CELLS = (ALONE, TEAM, BY_CHANCE, BY_HAND, IMPATIENT)


@dataclass(frozen=True)
class Played:
    """The events of each shift: played alone, at once, on a busy machine, and replayed."""

    once: Mapping[str, list[RunEvent]]
    at_once: Mapping[str, list[RunEvent]]
    while_busy: list[RunEvent]
    replayed: list[RunEvent]
    diverged: str
    """What a replay says to agents that ask for something else."""


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """All shifts, by a policy that errs in a third of its steps and mostly knows."""
    latch = tmp_path_factory.mktemp("latch") / "stop"

    async def play(theatre: Theatre) -> Played:
        await theatre.rehearse(WORK)
        stage = theatre.stage(Rehearsed(theatre.parts, wrong=0.35, knows=0.8), latch)
        once = {cell.key: await cell.play(stage) for cell in CELLS}
        together = await asyncio.gather(*(cell.play(stage) for cell in (TEAM, BY_CHANCE)))
        with busy_cores():
            while_busy = await TEAM.play(stage)
        replayed = await _replay(once[TEAM.key]).play(stage)
        with pytest.raises(DivergedError) as diverged:
            await _replay(once[TEAM.key]).play(
                theatre.stage(Rehearsed(theatre.parts, wrong=1.0), latch)
            )
        return Played(
            once,
            dict(zip((TEAM.key, BY_CHANCE.key), together, strict=True)),
            while_busy,
            replayed,
            str(diverged.value),
        )

    return in_theatre(play)


def _replay(events: list[RunEvent]) -> ShiftCell:
    return replace(TEAM, person=ReplayedOperator(events))


def _spin() -> None:
    while True:
        pass


@contextmanager
def busy_cores(count: int = 2) -> Generator[None]:
    """Keep the machine busy with something else."""
    hogs = [multiprocessing.get_context("spawn").Process(target=_spin) for _ in range(count)]
    for hog in hogs:
        hog.start()
    try:
        yield
    finally:
        for hog in hogs:
            hog.kill()
            hog.join()


def run_of(events: Sequence[RunEvent]) -> Run:
    """What a shift came to."""
    return fold([open_run("w", Manifest(plan=WORK, policy="tests:rehearsed")), *events])


def contacts_of(run: Run) -> list[Contact]:
    """All contacts of a shift, in order of time."""
    found = [contact for episode in run.ended.values() for contact in episode.contacts]
    return sorted(found, key=lambda each: each.notice_ms)


def test_shifts_played_at_once_are_the_same_as_one_after_another(played: Played) -> None:
    for name, events in played.at_once.items():
        assert events == played.once[name]


def test_a_busy_machine_changes_nothing(played: Played) -> None:
    assert played.while_busy == played.once[TEAM.key]


def test_a_recorded_person_helps_the_same_agents_in_the_same_way(played: Played) -> None:
    assert played.replayed == played.once[TEAM.key]


def test_a_replay_says_where_other_agents_part_from_it(played: Played) -> None:
    assert any(each.task in played.diverged for each in WORK)
    assert "recorded: " in played.diverged


def test_all_work_is_done_once_and_taken_in_order(played: Played) -> None:
    for events in played.once.values():
        started = [event for event in events if isinstance(event, EpisodeStarted)]
        assert [each.planned for each in started] == list(WORK)
        assert len(run_of(events).ended) == len(WORK)


def test_one_agent_never_waits(played: Played) -> None:
    contacts = contacts_of(run_of(played.once[ALONE.key]))
    assert contacts
    assert sum(waits_s(contacts)) == 0


def test_the_person_is_with_one_agent_at_a_time(played: Played) -> None:
    for events in played.once.values():
        contacts = contacts_of(run_of(events))
        for before, after in pairwise(contacts):
            assert before.release_ms <= after.notice_ms


def test_an_agent_does_one_thing_at_a_time(played: Played) -> None:
    for name, events in played.once.items():
        episodes = run_of(events).ended.values()
        for agent in {each.agent for each in episodes}:
            own = sorted(
                (each for each in episodes if each.agent == agent), key=lambda e: e.start_ms
            )
            for before, after in pairwise(own):
                assert before.end is not None
                assert before.end.t_ms <= after.start_ms, name


def test_who_asked_first_is_attended_first_in_fifo(played: Played) -> None:
    contacts = contacts_of(run_of(played.once[TEAM.key]))
    asked = [each.request_ms for each in contacts if each.request_ms is not None]
    assert asked == sorted(asked)


def test_a_person_is_on_duty_from_the_first_start_to_the_last_end(played: Played) -> None:
    for events in played.once.values():
        duty = events[-1]
        assert isinstance(duty, OnDuty)
        starts = [event.t_ms for event in events if isinstance(event, EpisodeStarted)]
        ends = [event.t_ms for event in events if isinstance(event, EpisodeEnded)]
        assert (duty.t_start_ms, duty.t_end_ms) == (min(starts), max(ends))


def test_a_shift_done_by_hand_has_no_leverage(played: Played) -> None:
    run = run_of(played.once[BY_HAND.key])
    found = figures(tallies(run).values())
    assert isinstance(found.leverage, Interval)
    assert found.leverage.value <= 1
    assert found.sums.output_s == 0
    assert {each.kind for each in contacts_of(run)} == {ContactKind.TAKEOVER}


def test_who_waited_too_long_goes_on_alone_and_is_not_silent(played: Played) -> None:
    run = run_of(played.once[IMPATIENT.key])
    asked = sum(isinstance(event, HelpRequested) for event in played.once[IMPATIENT.key])
    assert len(contacts_of(run)) < asked
    assert all(each <= PATIENCE_S for each in waits_s(contacts_of(run)))


def test_an_allocator_that_names_nobody_leaves_them_to_fail_loudly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Waiting] = []

    class Nobody:
        name = "nobody"

        def pick(self, waiting: Sequence[Waiting], **_: object) -> None:
            """Leave all waiting."""
            asked.extend(waiting)

    monkeypatch.setattr("harness.modes.foreman.ALLOCATORS", {**ALLOCATORS, "nobody": Nobody})

    async def play(theatre: Theatre) -> list[RunEvent]:
        await theatre.rehearse(WORK[:2])
        stage: Stage = theatre.stage(Rehearsed(theatre.parts, wrong=1.0), tmp_path / "stop")
        return await ShiftCell("left", WORK[:2], 2, "nobody").play(stage)

    run = run_of(in_theatre(play))
    assert len(run.ended) == 2
    assert not contacts_of(run)
    assert figures(tallies(run).values()).sums.silent == 0
    requests = {each.t_ms for episode in run.ended.values() for each in episode.requests}
    for each in asked:
        assert each.since_ms in requests
        assert 0 <= each.p_alone < each.p_help <= 1
        assert each.risk == 1 - each.p_alone
        assert 0 < each.left_s <= max(item.human.seconds for item in WORK)
        assert each.service_s > 0


@pytest.mark.parametrize(("agents", "allocator"), [(0, "fifo"), (1, "by-alphabet")])
def test_a_shift_of_nobody_or_by_no_rule_is_refused(agents: int, allocator: str) -> None:
    with pytest.raises(ConfigError):
        ShiftCell("none", WORK, agents, allocator)


def test_a_browser_that_dies_breaks_what_ran_in_it_and_nothing_else(tmp_path: Path) -> None:
    decisions = count()

    def kill_at_the_third() -> None:
        if next(decisions) == 2:
            chromium().kill()

    async def play(theatre: Theatre) -> list[RunEvent]:
        await theatre.rehearse(WORK)
        policy = Rehearsed(theatre.parts, first=kill_at_the_third)
        return await TEAM.play(theatre.stage(policy, tmp_path / "stop"))

    run = run_of(in_theatre(play))
    ends = [episode.end for episode in run.ended.values()]
    broken = sum(bool(end and end.infrastructure_error) for end in ends)
    assert 1 <= broken <= TEAM.n_agents
    assert sum(bool(end and end.is_verified) for end in ends) == len(WORK) - broken
