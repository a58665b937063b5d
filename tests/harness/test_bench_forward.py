"""The benchmark of fast-forward plays the same work in both rows, and says what it came to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.bench import desk_forward, forward
from harness.bench.speed_ups import Row, figures, table
from harness.modes.fast_forward.ran import Part
from harness.modes.fast_forward.reader import Reader
from harness.tasks.registry import web_task
from recorder.schema import AgentContext, Click, Decision
from tui.cli import main

pytestmark = [pytest.mark.slow]

JOB = "job-account-reset"


class Clerk(Reader):
    """Closes dialogs besides."""

    def decide(self, batch: Sequence[AgentContext]) -> list[Decision]:
        seen = batch[0].observation
        if "dialog" not in seen.goal:
            return super().decide(batch)
        sought = seen.goal.split('"')[1].replace("x", "Close")
        button = next(each for each in seen.elements if each.name == sought)
        x, y, width, height = button.box
        return [Decision(Click(x=x + width // 2, y=y + height // 2), 0.999, 1.0)]


@pytest.mark.browser
def test_every_task_has_a_row_of_ours_and_one_of_the_peer() -> None:
    said: list[str] = []
    tasks = ("miniwob-enter-text", "miniwob-click-tab")
    found = forward.run(policy=forward.READER, tasks=tasks, episodes=2, seed=3, report=said.append)
    row = found["tasks"]["miniwob-enter-text"]
    assert (row["verified"], row["failed"], row["dark"], row["peer_verified"]) == (2, 0, 0, 2)
    assert row["speed_up"] == pytest.approx(1000 * row["human_s"] / row["median_ms"])
    assert set(row["split_ms"]) == set(map(str, Part))
    # the reader can make nothing of the other
    assert found["tasks"]["miniwob-click-tab"]["dark"] == 2
    assert found["all"]["verified"] == 2
    assert len(said) == 4
    assert "2 verified, 0 failed, 2 dark" in table(found)


@pytest.mark.browser
def test_all_pages_of_a_job_count_on_both_sides() -> None:
    found = forward.run(policy=f"{__name__}:Clerk", tasks=(JOB,), episodes=1, seed=1, report=print)
    row = found["tasks"][JOB]
    assert (row["verified"], row["dark"], row["reasons"]) == (1, 0, [])
    assert row["median_ms"] == pytest.approx(sum(row["split_ms"].values()))
    assert row["human_s"] == web_task(JOB).human.seconds
    assert row["peer_verified"] == 1
    assert len(web_task(JOB).pages) == 7


@pytest.mark.display
def test_a_desktop_task_has_a_row_of_ours_and_one_of_the_peer() -> None:
    task, said = "desktop-dialog-contact", list[str]()
    found = desk_forward.run(tasks=(task,), episodes=1, seed=1, report=said.append)
    row = found["tasks"][task]
    assert (row["reasons"], row["verified"], row["peer_verified"]) == ([], 1, 1)
    assert row["median_ms"] == pytest.approx(sum(row["split_ms"].values()))
    assert row["speed_up"] > row["peer_speed_up"]
    assert said == [f"{task}, episode 1"]


def test_episodes_that_the_machine_lost_are_told() -> None:
    row = Row("desktop-files-move", 9.0, lost=["no window"])
    whole = figures([row], 30.0)
    assert (whole["tasks"][row.task]["lost"], whole["all"]["lost"]) == (["no window"], 1)
    assert "0 verified, 0 failed, 0 dark, 1 lost to the machine" in table(whole)


@pytest.mark.browser
def test_the_command_writes_every_figure(tmp_path: Path) -> None:
    path = tmp_path / "forward.json"
    tasks = ["--tasks", "miniwob-enter-text"]
    assert main(["bench", "forward", "--episodes", "1", *tasks, "--json", str(path)]) == 0
    assert json.loads(path.read_text())["tasks"].keys() == {"miniwob-enter-text"}
