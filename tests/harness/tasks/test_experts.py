"""Experts solve the pages that they are said to know."""

from __future__ import annotations

from collections import Counter

import pytest

from harness.env.page import TaskPage
from harness.env.play import play
from harness.errors import ConfigError
from harness.tasks.experts.catalog import expert_of, has_expert
from harness.tasks.registry import web_tasks
from harness.tasks.task import WebTask
from tests.harness.crew import crew
from tests.soak import repeats

MINIWOB = [task for task in web_tasks().values() if "miniwob" in task.tags]
SOLVED = [task for task in MINIWOB if has_expert(task.pages[0])]


async def win(page: TaskPage, job: tuple[WebTask, int]) -> bool:
    return (await play(page, *job)).reward == 1


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_at_least_seventy_pages_are_solved_in_98_of_100_episodes() -> None:
    seeds = range(7000, 7000 + repeats(1, 50))
    won = crew([(task, seed) for task in SOLVED for seed in seeds], win)
    wins = Counter(task.name for (task, _), success in won.items() if success)
    good = [task for task in SOLVED if wins[task.name] >= 0.98 * len(seeds)]
    assert len(good) >= 70
    assert sum(won.values()) >= 0.98 * len(won)


def test_a_page_without_an_expert_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="no expert knows nothing"):
        expert_of("nothing.html")
