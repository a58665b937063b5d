"""Demonstrations show what an environment shows, lose nothing, and hold nothing twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from harness.demonstrate import Plan, Take, Unit, demonstrate, demonstrations
from harness.env.browsers import Browsers
from harness.env.chromium import Chromium
from harness.env.page import PageConfig, TaskPage
from harness.errors import ConfigError, UnknownTaskError
from harness.tasks.registry import web_task
from recorder.schema import Element, Episode, Observation, Redacted, TypeText
from recorder.store import Recording
from recorder.verify import verify
from tests.soak import SOAK_ONLY, repeats
from tests.waiting import until

TASKS = ("miniwob-enter-password", "miniwob-click-checkboxes")
_DEADLINE_S = 90.0


def recordings(folder: Path) -> list[Recording]:
    """Return all recordings of a folder of demonstrations."""
    return [Recording(path) for path in sorted((folder / "recordings").iterdir())]


@pytest.fixture(scope="module")
def plan() -> Plan:
    """Return a plan of a few episodes in the gate, a thousand in a soak."""
    return Plan(tasks=TASKS, episodes=repeats(2, 500), seed=40)


@pytest.fixture(scope="module")
def demos(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which all of it was recorded."""
    folder = tmp_path_factory.mktemp("demos") / "demos"
    assert demonstrate(folder, plan, workers=2) == []
    return folder


@pytest.mark.browser
@pytest.mark.slow
def test_each_unit_is_there_once(demos: Path, plan: Plan) -> None:
    found = [Unit(int(episode.seed), episode.task) for episode in demonstrations(demos)]
    assert sorted(found) == sorted(plan.units)


@pytest.mark.browser
@pytest.mark.slow
def test_every_action_is_paired_with_an_image_from_before_it(demos: Path) -> None:
    for episode in demonstrations(demos):
        assert episode.success
        assert episode.terminated
        assert episode.steps
        for step in episode.steps:
            assert step.observation.t_ns < step.t_ns <= step.end_ns
            assert step.observation.pixels.shape == (210, 160, 3)
            assert step.observation.elements


@pytest.mark.browser
@pytest.mark.slow
def test_recordings_are_sound(demos: Path) -> None:
    assert [problem for each in recordings(demos) for problem in verify(each.folder)] == []


@pytest.mark.browser
@pytest.mark.slow
def test_what_is_typed_into_a_task_is_kept(demos: Path) -> None:
    events = [event for each in recordings(demos) for event in each.events()]
    assert not any(isinstance(event, Redacted) for event in events)
    for episode in demonstrations(demos):
        if episode.task == TASKS[0]:
            typed = [s.action.text for s in episode.steps if isinstance(s.action, TypeText)]
            assert len(typed) == 2
            assert f'"{typed[0]}"' in episode.goal


@pytest.mark.browser
@pytest.mark.slow
async def test_the_first_image_is_the_first_observation_of_an_environment(demos: Path) -> None:
    async with Browsers(Chromium.start) as browsers:
        page = TaskPage(browsers, PageConfig(elements=True))
        for episode in _first(demos, repeats(4, 100)):
            outcome = await page.reset(web_task(episode.task), int(episode.seed))
            seen, shown = episode.steps[0].observation, outcome.observation
            assert psnr(seen, shown) > 38
            assert seen.goal == shown.goal
            assert seen.cursor == shown.cursor
            assert named(seen.elements) == named(shown.elements)
        await page.close()


def _first(folder: Path, count: int) -> list[Episode]:
    return [episode for episode, _ in zip(demonstrations(folder), range(count), strict=False)]


def psnr(one: Observation, two: Observation) -> float:
    """Return how alike two images are, in dB."""
    error = np.mean((one.pixels.astype(float) - two.pixels) ** 2)
    return 99.0 if error == 0 else float(10 * np.log10(255**2 / error))


def named(elements: tuple[Element, ...]) -> list[tuple[object, ...]]:
    """Return what can be seen of elements."""
    return [(e.role, e.name, e.box, e.text, e.value, e.states) for e in elements]


@pytest.mark.browser
@pytest.mark.slow
def test_more_episodes_are_added_to_those_that_are_there(tmp_path: Path) -> None:
    folder, told = tmp_path / "demos", list[Take]()
    task = ("miniwob-click-test",)
    demonstrate(folder, Plan(tasks=task, episodes=1), workers=1)
    before = recordings(folder)[0].manifest
    assert demonstrate(folder, Plan(tasks=task, episodes=2), workers=1, told=told.append) == []
    assert sorted(take.seed for take in told) == [0, 1]
    assert recordings(folder)[0].manifest == before


@pytest.mark.browser
@pytest.mark.slow
def test_a_job_has_the_goal_of_each_of_its_pages(tmp_path: Path) -> None:
    demonstrate(tmp_path / "demos", Plan(tasks=("job-busy-day",), episodes=1), workers=1)
    (episode,) = demonstrations(tmp_path / "demos")
    assert episode.success
    goals = {step.observation.goal for step in episode.steps}
    assert len(goals) == len(web_task("job-busy-day").pages)


@pytest.mark.browser
@pytest.mark.slow
def test_an_episode_that_failed_is_kept_and_says_so(tmp_path: Path) -> None:
    plan = Plan(tasks=("miniwob-click-button", "miniwob-click-dialog-2"), episodes=3, slips=0.9)
    assert demonstrate(tmp_path / "demos", plan, workers=2) == []
    found = list(demonstrations(tmp_path / "demos"))
    assert len(found) == 6
    assert any(episode.success is False for episode in found)


# Interruptions ------------------------------------------------------------------------------------


_ENOUGH = 40  # episodes that take longer than it takes to hear of the third


def recording_process(folder: Path) -> subprocess.Popen[bytes]:
    """Start to record in a process of its own."""
    command = [sys.executable, "-m", "tui.cli", "demonstrate", "--tasks", "miniwob-click-button"]
    more = ["--episodes", str(_ENOUGH), "--workers", "1", "--to", str(folder)]
    return subprocess.Popen(
        [*command, *more],
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )


def ended(folder: Path) -> int:
    """Return how many episodes have ended in recordings that may be open."""
    paths = (folder / "recordings").glob("*/events.jsonl")
    return sum(path.read_bytes().count(b'"task_end"') for path in paths)


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, pytest.param(signal.SIGINT, marks=SOAK_ONLY)])
def test_an_interrupted_run_goes_on_where_it_was(tmp_path: Path, number: signal.Signals) -> None:
    folder, plan = tmp_path / "demos", Plan(tasks=("miniwob-click-button",), episodes=_ENOUGH)
    process = recording_process(folder)
    until(lambda: ended(folder) >= 3, "three episodes have ended", patience_s=_DEADLINE_S)
    if number is signal.SIGINT:
        process.send_signal(number)
    else:
        os.killpg(process.pid, number)
    code = process.wait(_DEADLINE_S)
    assert code == (130 if number is signal.SIGINT else -9)
    before = ended(folder)
    assert 3 <= before < _ENOUGH

    assert demonstrate(folder, plan, workers=2) == []

    found = [Unit(int(episode.seed), episode.task) for episode in demonstrations(folder)]
    assert sorted(found) == sorted(plan.units)
    assert ended(folder) == _ENOUGH, "what had ended was not done again"


# Plans --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        (Plan(tasks=()), "no task"),
        (Plan(tasks=TASKS, episodes=0), "0 episodes"),
        (Plan(tasks=TASKS, slips=1.0), "slip at a rate of 1"),
        (Plan(tasks=TASKS, faults=("flood",)), "no fault flood"),
    ],
)
def test_a_plan_that_cannot_be_done_says_why(plan: Plan, says: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=says):
        demonstrate(tmp_path / "demos", plan)
    assert not (tmp_path / "demos").exists()


def test_an_unknown_task_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownTaskError, match="miniwob-click-button"):
        demonstrate(tmp_path / "demos", Plan(tasks=("miniwob-click-buton",)))


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ConfigError, match="not ours"):
        demonstrate(tmp_path, Plan(tasks=TASKS))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_folder_without_demonstrations_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no demonstrations"):
        next(demonstrations(tmp_path))
