"""A person at work beside the light: what is written down of it, and that it is always the same."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest

from harness.control import Policy
from harness.env.browsers import Browsers
from harness.env.chromium import Chromium
from harness.errors import StoppedError
from harness.latch import Latch
from harness.measure.events import (
    ContactClosed,
    ContactOpened,
    EpisodeEnded,
    LightIgnored,
    LightLit,
    LightRun,
    OnDuty,
    Outcome,
    PlannedEpisode,
    RunEvent,
    StepTaken,
)
from harness.measure.forward import funnel, saved_s
from harness.measure.state import Episode, fold
from harness.modes.cell import Stage
from harness.modes.fast_forward import ForwardCell
from harness.modes.fast_forward.reader import Reader
from harness.modes.operators import OperatorConfig
from harness.tasks.registry import web_task
from recorder.schema import (
    AgentContext,
    Ask,
    Click,
    Controller,
    Decision,
    Done,
    Element,
    Thresholds,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow]

THRESHOLDS = Thresholds(ask_below=0.5, resume_above=0.6, novel_below=0.0, irreversible_below=0.9)
LOGIN, BUTTON = "miniwob-login-user", "miniwob-click-button"
BOXES = "miniwob-click-checkboxes"


class Hasty:
    """A policy that says at once that it is done."""

    def decide(self, batch: Sequence[AgentContext]) -> list[Decision]:
        return [Decision(Done(), 0.99, 1.0) for _ in batch]


class Careless:
    """A policy that hands in whatever there is."""

    def decide(self, batch: Sequence[AgentContext]) -> list[Decision]:
        return [Decision(_pressed(each.observation.elements), 0.99, 1.0) for each in batch]


def _pressed(elements: Sequence[Element]) -> Click:
    left, top, *_ = next(each.box for each in elements if each.role == "button")
    return Click(x=left + 5, y=top + 5)


class Late(Reader):
    """A policy that understands a page once something was done on it."""

    def decide(self, batch: Sequence[AgentContext]) -> list[Decision]:
        found = super().decide(batch)
        return [
            each if context.step >= 2 else Decision(Ask(), 0.0, 1.0)
            for context, each in zip(batch, found, strict=True)
        ]


def planned(task: str, seed: int = 1) -> PlannedEpisode:
    return PlannedEpisode(task=task, seed=seed, human=web_task(task).human)


def events_of(
    cells: Sequence[PlannedEpisode],
    policy: Policy | None = None,
    *,
    operator: OperatorConfig | None = None,
    together: bool = False,
    latch: Latch | None = None,
) -> list[list[RunEvent]]:
    """The events of some cells, played one after the other or side by side."""

    async def body(latch: Latch) -> list[list[RunEvent]]:
        async with Browsers(Chromium.start) as browsers:
            stage = Stage(
                policy=policy or Reader(),
                browsers=browsers,
                thresholds=THRESHOLDS,
                operator=operator or OperatorConfig(),
                seed=7,
                latch=latch,
            )
            if together:
                return await asyncio.gather(*(ForwardCell(each).play(stage) for each in cells))
            return [await ForwardCell(each).play(stage) for each in cells]

    if latch:
        return asyncio.run(body(latch))
    with TemporaryDirectory() as folder, Latch(Path(folder) / "stop") as own:
        return asyncio.run(body(own))


def episode_of(events: Sequence[RunEvent]) -> Episode:
    (found,) = fold(events).ended.values()
    return found


def of_type(events: Sequence[RunEvent], kind: type[msgspec.Struct]) -> list[RunEvent]:
    return [each for each in events if isinstance(each, kind)]


def test_a_light_is_lit_clicked_run_and_verified() -> None:
    ((*events, duty),) = events_of([planned(LOGIN)])
    assert isinstance(duty, OnDuty)
    order = (LightLit, ContactOpened, LightRun, ContactClosed, EpisodeEnded)
    assert [type(each) for each in events if isinstance(each, order)] == list(order)
    episode = episode_of(events)
    (light,) = episode.lights
    assert light.left_s == pytest.approx(web_task(LOGIN).human.seconds)
    assert light.run is not None
    assert light.run.outcome is Outcome.VERIFIED
    assert light.run.split is not None
    assert light.run.split.total_ms == pytest.approx(light.run.exec_ms)
    assert episode.finisher is Controller.POLICY
    assert episode.end is not None
    assert episode.end.is_verified
    # only seeing it, clicking it and looking at the result is the person's
    assert 0 < episode.end.hands_on_s < web_task(LOGIN).human.seconds
    assert saved_s(episode) > 0


def test_the_light_may_come_on_while_the_person_works() -> None:
    (events,) = events_of([planned(LOGIN)], Late())
    steps = [each for each in events if isinstance(each, StepTaken)]
    assert [each.controller for each in steps] == [Controller.HUMAN] * 2 + [Controller.POLICY] * 3
    found = funnel([episode_of(events)])
    assert found.verified == 1
    assert 0 < found.anticipation < 1


def test_without_a_light_the_person_does_it_all() -> None:
    (events,) = events_of([planned(BUTTON)])
    assert not of_type(events, LightLit)
    episode = episode_of(events)
    assert episode.finisher is Controller.HUMAN
    assert episode.end is not None
    assert episode.end.is_verified
    assert episode.end.hands_on_s == pytest.approx(episode.end.t_ms / 1000)


def test_a_wrong_run_costs_what_it_spoilt() -> None:
    (events,) = events_of(
        [planned(BOXES, 2)], Careless(), operator=OperatorConfig(wrong_rejections=0)
    )
    episode = episode_of(events)
    (light,) = episode.lights
    assert light.run is not None
    assert light.run.outcome is Outcome.WRONG
    assert episode.end is not None
    assert not episode.end.is_verified
    assert saved_s(episode) == pytest.approx(-2 * web_task(BOXES).human.seconds)


def test_a_light_for_nothing_stays_dark() -> None:
    (events,) = events_of([planned(LOGIN)], Hasty())
    assert not of_type(events, LightLit)
    assert isinstance(events[-2], EpisodeEnded)
    assert events[-2].is_verified


def test_a_light_that_is_overlooked_goes_out() -> None:
    blind = OperatorConfig(wrong_rejections=1, slips=0)
    (events,) = events_of([planned(LOGIN)], operator=blind)
    lit, dark = of_type(events, LightLit), of_type(events, LightIgnored)
    assert len(lit) == len(dark) > 0
    assert not of_type(events, LightRun)
    assert saved_s(episode_of(events)) == pytest.approx(-0.5 * len(lit))


def test_events_do_not_depend_on_what_else_runs() -> None:
    cells = [planned(task, seed) for task in (LOGIN, BUTTON) for seed in (1, 2)]
    one_by_one = events_of(cells, Late())
    side_by_side = events_of(cells, Late(), together=True)
    assert list(map(_timeless, one_by_one)) == list(map(_timeless, side_by_side))


def _timeless(events: Sequence[RunEvent]) -> list[RunEvent]:
    return [
        msgspec.structs.replace(each, exec_ms=0, split=None) if isinstance(each, LightRun) else each
        for each in events
    ]


def test_nobody_forwards_for_an_agent_that_was_stopped(tmp_path: Path) -> None:
    with Latch(tmp_path / "stop") as latch:
        latch.stop()
        with pytest.raises(StoppedError):
            events_of([planned(LOGIN)], latch=latch)
