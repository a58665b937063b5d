"""A job is a chain of pages; it is won when all of them are, and pays nothing before."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from harness.env.page import Outcome, TaskPage
from harness.env.play import play
from harness.tasks.experts.catalog import expert_of, has_expert
from harness.tasks.human import human_time
from harness.tasks.jobs import job_tasks, time_of_chain
from harness.tasks.registry import web_task
from harness.tasks.task import HumanTime
from recorder.schema import Click, Done
from tests.harness.crew import crew
from tests.soak import repeats

JOBS = [job.name for job in job_tasks()]


def test_there_are_a_dozen_jobs_of_half_a_minute_to_five() -> None:
    assert len(JOBS) >= 12
    for job in job_tasks():
        assert 30 <= job.human.seconds <= 300, job.name
        assert len(job.pages) >= 4
        assert all(map(has_expert, job.pages)), job.name


def test_a_job_is_worth_what_its_pages_are_worth() -> None:
    job = web_task("job-social-desk")
    pages = [human_time(page.removesuffix(".html")) for page in job.pages]
    assert job.human.seconds == pytest.approx(sum(page.seconds for page in pages))
    assert job.human.n == min(page.n for page in pages)


def test_a_job_with_an_estimate_in_it_is_an_estimate() -> None:
    assert human_time("copy-paste").is_estimate
    assert web_task("job-data-entry").human.is_estimate


def test_the_spread_of_a_chain_is_that_of_sums_of_lognormal_times() -> None:
    parts = [HumanTime(seconds=s, sd_log=d, n=9) for s, d in ((4, 0.5), (9, 0.3), (6, 0.4))]
    chance = np.random.default_rng(7)
    sums = sum(chance.lognormal(np.log(part.seconds), part.sd_log, 200_000) for part in parts)
    assert time_of_chain(parts).sd_log == pytest.approx(float(np.std(np.log(sums))), rel=0.03)


# In a browser -------------------------------------------------------------------------------------


async def first_page(page: TaskPage, job: str) -> Outcome:
    """Let the expert do the first page of a job."""
    task = web_task(job)
    outcome = await page.reset(task, 3)
    async for action in expert_of(task.pages[0])(page, Random(3)):
        outcome = await page.step(action)
        if page.milestones:
            break
    return outcome


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_experts_do_every_job() -> None:
    async def work(page: TaskPage, episode: tuple[str, int]) -> Outcome:
        name, seed = episode
        return await play(page, web_task(name), seed)

    episodes = [(name, seed) for name in JOBS for seed in range(7000, 7000 + repeats(1, 20))]
    for (name, seed), outcome in crew(episodes, work).items():
        found = (name, seed, outcome.info)
        assert outcome.reward == 1, found
        assert outcome.terminated, found
        assert outcome.info["milestones"] == len(web_task(name).pages), found


@pytest.mark.browser
def test_a_page_done_is_a_milestone_and_pays_nothing() -> None:
    outcome = crew(["job-account-reset"], first_page, size=1)["job-account-reset"]
    assert outcome.info["milestones"] == 1
    assert outcome.reward == 0
    assert not outcome.terminated
    assert "verified" not in outcome.info


@pytest.mark.browser
def test_a_job_ends_at_the_first_page_that_goes_wrong() -> None:
    async def spoil(page: TaskPage, job: str) -> Outcome:
        await first_page(page, job)
        # the second page is sent off empty
        found = await page.read(
            """() => { const { left, top } = document.querySelector("#subbtn")
                 .getBoundingClientRect(); return [left + 9, top + 9]; }"""
        )
        return await page.step(Click(x=int(found[0]), y=int(found[1])))

    outcome = crew(["job-account-reset"], spoil, size=1)["job-account-reset"]
    assert outcome.terminated
    assert outcome.reward == 0
    assert outcome.info["milestones"] == 1
    assert outcome.info["verified"] is False


@pytest.mark.browser
def test_saying_done_half_way_is_not_enough() -> None:
    async def claim(page: TaskPage, job: str) -> Outcome:
        await first_page(page, job)
        return await page.step(Done())

    outcome = crew(["job-account-reset"], claim, size=1)["job-account-reset"]
    assert (outcome.terminated, outcome.reward) == (True, 0)
    assert outcome.info["claim"] == "done"
    assert outcome.info["verified"] is False
