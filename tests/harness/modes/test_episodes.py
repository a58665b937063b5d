"""One agent and one person: what each kind of agent comes to on real pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.errors import StoppedError
from harness.measure.events import (
    ContactKind,
    EpisodeEnded,
    HelpRequested,
    Manifest,
    RunEvent,
    StepTaken,
    open_run,
)
from harness.measure.intervals import Interval
from harness.measure.interventions import waits_s
from harness.measure.metrics import Figures, figures, is_silent_failure, tallies
from harness.measure.state import Run, fold
from harness.modes.episodes import EpisodeCell
from harness.modes.triggers import OperatorMode
from recorder.schema import Controller
from tests.harness.crew import chromium
from tests.harness.modes.rehearsal import Idle, Rehearsed, Theatre, in_theatre, planned

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PLAN = (
    planned("miniwob-click-button"),
    planned("miniwob-login-user"),
    planned("miniwob-enter-text", faults=("popup",)),
    planned("miniwob-click-checkboxes"),
)


@dataclass(frozen=True)
class Row:
    """All that came of one kind of agent."""

    events: list[RunEvent]
    run: Run
    figures: Figures


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Row]:
    """Every reference row on one plan."""
    path = tmp_path_factory.mktemp("latch") / "stop"

    async def play(theatre: Theatre) -> dict[str, Row]:
        await theatre.rehearse(PLAN)
        wrong = Rehearsed(theatre.parts, wrong=0.5, knows=0.0)
        kinds = {
            "idle": (Idle(), "never", OperatorMode.HELPS),
            "sure": (wrong, "never", OperatorMode.HELPS),
            "always": (wrong, "always", OperatorMode.HELPS),
            "oracle": (wrong, "oracle", OperatorMode.HELPS),
            "human": (wrong, "own", OperatorMode.DOES_ALL),
        }
        found: dict[str, Row] = {}
        for name, (policy, asking, mode) in kinds.items():
            stage = theatre.stage(policy, path)
            cells = [EpisodeCell(each, asking, mode) for each in PLAN]
            found[name] = _row([event for cell in cells for event in await cell.play(stage)])
        return found

    return in_theatre(play)


def _row(events: list[RunEvent]) -> Row:
    run = fold([open_run("w", Manifest(plan=PLAN, policy="tests:rehearsed")), *events])
    return Row(events, run, figures(tallies(run).values()))


def test_who_does_nothing_yields_nothing(rows: Mapping[str, Row]) -> None:
    idle = rows["idle"].figures
    assert idle.sums.output_s == idle.sums.gross_s == 0
    per_contact = idle.opi[0.0]
    assert isinstance(per_contact, Interval)
    assert per_contact.value == 0
    assert idle.sums.silent == 0


def test_a_person_who_does_it_all_has_no_leverage(rows: Mapping[str, Row]) -> None:
    human = rows["human"]
    assert human.figures.sums.gross_s == human.figures.sums.baseline_s
    assert human.figures.sums.output_s == 0
    assert isinstance(human.figures.leverage, Interval)
    assert human.figures.leverage.value <= 1
    assert human.figures.sums.interventions == len(PLAN)
    assert {event.controller for event in human.events if isinstance(event, StepTaken)} == {
        Controller.HUMAN
    }


def test_who_always_asks_never_fails_silently(rows: Mapping[str, Row]) -> None:
    assert rows["always"].figures.sums.silent == 0
    asked = [event for event in rows["always"].events if isinstance(event, HelpRequested)]
    acted = [event for event in rows["always"].events if isinstance(event, StepTaken)]
    by_agent = [event for event in acted if event.controller is Controller.POLICY]
    assert len(asked) >= len(by_agent)


def test_who_never_asks_is_never_helped(rows: Mapping[str, Row]) -> None:
    assert rows["sure"].figures.sums.interventions == 0
    assert rows["sure"].figures.sums.active_s == 0


def test_an_oracle_asks_no_more_than_it_must_and_loses_nothing(rows: Mapping[str, Row]) -> None:
    oracle, sure = rows["oracle"].figures, rows["sure"].figures
    assert oracle.sums.gross_s == oracle.sums.baseline_s > sure.sums.gross_s
    assert oracle.sums.interventions < rows["always"].figures.sums.interventions + len(PLAN)
    approvals = [
        contact
        for episode in rows["oracle"].run.ended.values()
        for contact in episode.contacts
        if contact.kind is ContactKind.APPROVAL
    ]
    assert not approvals


def test_nobody_waits_who_has_a_person_of_their_own(rows: Mapping[str, Row]) -> None:
    for row in rows.values():
        for episode in row.run.ended.values():
            assert sum(waits_s(episode.contacts)) == 0


def test_what_a_person_finished_adds_nothing(rows: Mapping[str, Row]) -> None:
    for row in rows.values():
        for episode in row.run.ended.values():
            if episode.finisher is Controller.HUMAN:
                assert episode.end is not None
                assert figures([tallies(row.run)[episode.planned.task]]).sums.output_s == 0


def test_a_silent_failure_is_one_that_nobody_was_asked_about(rows: Mapping[str, Row]) -> None:
    for row in rows.values():
        for episode in row.run.ended.values():
            if episode.requests:
                assert not is_silent_failure(episode)


def test_a_cell_played_again_is_the_same_to_the_last_event(tmp_path: Path) -> None:
    async def twice(theatre: Theatre) -> list[list[RunEvent]]:
        await theatre.rehearse(PLAN)
        doubtful = Rehearsed(theatre.parts, wrong=0.4, knows=0.7)
        stage = theatre.stage(doubtful, tmp_path / "stop")
        cell = EpisodeCell(PLAN[1])
        return [await cell.play(stage), await cell.play(stage)]

    first, second = in_theatre(twice)
    assert first == second
    assert any(isinstance(event, HelpRequested) for event in first)


def test_nothing_is_done_once_the_agents_are_stopped(tmp_path: Path) -> None:
    async def play(theatre: Theatre) -> None:
        await theatre.rehearse(PLAN[:1])
        stage = theatre.stage(None, tmp_path / "stop")
        stage.latch.stop()
        with pytest.raises(StoppedError):
            await EpisodeCell(PLAN[0]).play(stage)

    in_theatre(play)


def test_a_page_that_died_is_no_failure_of_the_agent(tmp_path: Path) -> None:
    async def play(theatre: Theatre) -> list[RunEvent]:
        await theatre.rehearse(PLAN[:1])
        stage = theatre.stage(Rehearsed(theatre.parts, first=chromium().kill), tmp_path / "stop")
        return await EpisodeCell(PLAN[0]).play(stage)

    events = in_theatre(play)
    ended = events[-1]
    assert isinstance(ended, EpisodeEnded)
    assert ended.infrastructure_error
    assert not ended.is_verified
