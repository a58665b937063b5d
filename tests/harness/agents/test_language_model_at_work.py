"""A language model does a real task in a real browser, and is helped where its server fails."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.agents.endpoint import EndpointConfig
from harness.agents.errors import Failure
from harness.agents.language_model import LanguageModel, LanguageModelConfig
from harness.measure.events import EpisodeEnded, HelpRequested, RunEvent, StepTaken
from harness.modes.episodes import EpisodeCell
from recorder.schema import Controller
from tests.harness.agents.chat_server import Brain, ChatServer, Reply, act, chat
from tests.harness.modes.rehearsal import Theatre, in_theatre, planned

pytestmark = [pytest.mark.slow, pytest.mark.browser]
SEEDS = range(3)


def knowing(request: dict[str, Any]) -> Reply:
    """Answer as a model that reads well: press the button that the goal names."""
    text, image = request["messages"][1]["content"]
    assert image["image_url"]["url"].startswith("data:image/png;base64,")
    (wanted,) = re.findall(r'^Goal: .*"(.+)"', text["text"], re.M)
    # of several that say the same, any will do
    number, *_ = re.findall(rf'^(\d+)\. button "{re.escape(wanted)}"', text["text"], re.M)
    return act(0.9, kind="click", element=int(number))


def play(brain: Brain, tmp_path: Path, seeds: Sequence[int] = SEEDS) -> tuple[Any, list[RunEvent]]:
    """Return what failed, and what happened in an episode of each seed."""
    with ChatServer(brain) as server:
        endpoint = EndpointConfig(base_url=server.base_url, model="m", retries=0)
        policy = LanguageModel(LanguageModelConfig(endpoint=endpoint))

        async def played(theatre: Theatre) -> list[RunEvent]:
            stage = replace(theatre.stage(None, tmp_path / "stop"), policy=policy)
            cells = [EpisodeCell(planned("miniwob-click-button", seed)) for seed in seeds]
            return [event for cell in cells for event in await cell.play(stage)]

        return policy.failures, in_theatre(played)


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """Go to this machine directly."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def test_a_model_that_answers_rightly_does_the_task_alone(tmp_path: Path) -> None:
    failures, events = play(knowing, tmp_path)
    assert not failures
    assert [each.is_verified for each in events if isinstance(each, EpisodeEnded)] == [True] * 3
    assert not any(isinstance(each, HelpRequested) for each in events)


@pytest.mark.parametrize(
    ("reply", "failure"),
    [
        (Reply(status=500), Failure.SERVER_ERROR),
        (chat("Sure! I would press it."), Failure.MALFORMED),
        (act(1.0, kind="click", x=999, y=5), Failure.OFF_SCREEN),
    ],
    ids=["5xx", "nonsense", "off the screen"],
)
def test_where_the_model_fails_a_person_helps_and_the_run_goes_on(
    reply: Reply, failure: Failure, tmp_path: Path
) -> None:
    failures, events = play(lambda _: reply, tmp_path, [0])
    assert failures == Counter({failure: failures[failure]})
    assert failures[failure] > 0
    asked = [each for each in events if isinstance(each, HelpRequested)]
    hands = [each for each in events if isinstance(each, StepTaken)]
    assert asked
    assert Controller.HUMAN in {each.controller for each in hands}
    assert [each.is_verified for each in events if isinstance(each, EpisodeEnded)] == [True]
