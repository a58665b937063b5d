"""Whole suites of made-up runs, for the report: rows on one plan, shifts, lights, checkpoints."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness.measure.events import (
    ContactKind,
    Initiator,
    LightIgnored,
    LightLit,
    LightRun,
    Manifest,
    OnDuty,
    Outcome,
    PlannedEpisode,
    RunEvent,
    TimeSplit,
    open_run,
)
from harness.measure.report.rows import RowName
from harness.measure.state import Run, fold
from harness.tasks.task import HumanTime
from recorder.schema import Controller
from tests.harness.measure.stories import STEP_MS, Story

HUMAN = Controller.HUMAN
TASKS = (
    "miniwob-click-button",
    "miniwob-enter-text",
    "miniwob-login-user",
    "miniwob-choose-date-medium",
    "miniwob-click-checkboxes-large",
    "miniwob-email-inbox-forward-nl",
    "miniwob-click-tab-2-hard",
    "miniwob-navigate-tree",
    "miniwob-search-engine",
    "miniwob-social-media-some",
    "job-inbox-morning",
    "job-travel-desk",
)
SHORT_NAMED = tuple(f"task {n}" for n in range(6))
SEEDS = 7_000_000


@dataclass(frozen=True)
class Fate:
    """What would come of an episode if the agent were left alone; the same for all rows."""

    plan: PlannedEpisode
    fails: bool
    doubt: float
    """How unsure the agent is; higher where it fails, but not always."""
    chance: float
    """Uniform, for those who ask at random."""

    @property
    def actions(self) -> int:
        """Of the agent in half of the episode."""
        return max(1, round(self.plan.human.seconds / 2))


Asks = Callable[[Fate], bool]


def fates(tasks: Sequence[str] = TASKS, episodes: int = 5, hard: float = 0.25) -> list[Fate]:
    """Episodes of tasks that differ in length and in how hard they are."""
    found: list[Fate] = []
    for number, task in enumerate(tasks):
        rng = np.random.default_rng(number)
        human = HumanTime(seconds=float(rng.lognormal(2.2, 0.6)), sd_log=0.4, n=number % 3 * 15)
        failing = hard * rng.gamma(1.5, 1 / 1.5)
        for seed in range(SEEDS, SEEDS + episodes):
            fails = bool(rng.random() < failing)
            doubt = float(np.clip(rng.normal(0.55 if fails else 0.25, 0.15), 0, 1))
            faults = ("popup",) if seed % 4 == 3 else ()
            plan = PlannedEpisode(task=task, seed=seed, human=human, faults=faults)
            found.append(Fate(plan, fails, doubt, float(rng.random())))
    return found


def told(fate: Fate, asks: Asks) -> Story:
    """An episode in which a person at the ready helps when asked."""
    story = Story(fate.plan, now_ms=1_000).steps(fate.actions)
    if asks(fate):
        kind = ContactKind.CORRECTION if fate.fails else ContactKind.APPROVAL
        story.ask().engage(kind, initiator=Initiator.AGENT, waited_ms=0, approach_ms=1_200)
        story.steps(int(fate.fails), HUMAN).pause(1_500).release()
        return story.steps(fate.actions).done().end(hands_on_s=1.5)
    return story.steps(fate.actions).done().end(verified=not fate.fails)


def by_a_person(fate: Fate) -> Story:
    """An episode that a person does from its start to its end."""
    story = Story(fate.plan).engage().steps(2 * fate.actions, HUMAN)
    spent_s = fate.plan.human.seconds
    story.pause(round(1000 * spent_s)).done(HUMAN).release()
    return story.end(hands_on_s=spent_s)


def by_nobody(fate: Fate) -> Story:
    """An episode in which nothing is done."""
    return Story(fate.plan).steps(10, action="wait").end(verified=False)


def at_random(fate: Fate) -> Story:
    """An episode of clicks anywhere."""
    story = Story(fate.plan).steps(2 * fate.actions)
    return story.done().end(verified=fate.chance < 0.04)


def run_of(stories: Sequence[Story], *, duty_ms: int = 0, policy: str = "policy.agent:load") -> Run:
    """The run of these episodes, with all that a manifest says."""
    return fold(log_of(stories, duty_ms=duty_ms, policy=policy))


def log_of(
    stories: Sequence[Story], *, duty_ms: int = 0, policy: str = "policy.agent:load"
) -> list[RunEvent]:
    """The events of such a run."""
    manifest = Manifest(
        plan=tuple(story.plan for story in stories),
        policy=policy,
        policy_sha256="5f" * 32,
        operator={"notice_median_s": 2.0, "switch_s": 3.0, "slip": 0.015},
        thresholds={"ask_below": 0.9, "novel_below": 0.01},
        tools={"chromium": "156.0", "python": "3.11"},
    )
    duty = [OnDuty(t_start_ms=0, t_end_ms=duty_ms)] if duty_ms else []
    return [open_run("w1", manifest), *(e for story in stories for e in story.events), *duty]


def doubting(threshold: float) -> Asks:
    """Ask where doubt is above a threshold."""
    return lambda fate: fate.doubt > threshold


def core_suite(tasks: Sequence[str] = TASKS, episodes: int = 5) -> dict[RowName, Run]:
    """Single episodes: ours at several thresholds and of three trainings, and the references."""
    work = fates(tasks, episodes)
    rows: dict[str, list[Story]] = {
        "ours": [told(fate, doubting(0.4)) for fate in work],
        "null": [by_nobody(fate) for fate in work],
        "random": [at_random(fate) for fate in work],
        "never-ask": [told(fate, lambda _: False) for fate in work],
        "always-ask": [told(fate, lambda _: True) for fate in work],
        "human-only": [by_a_person(fate) for fate in work],
        "oracle": [told(fate, lambda fate: fate.fails) for fate in work],
    }
    for threshold in (0.2, 0.3, 0.5, 0.6):
        rows[f"ours@{threshold}"] = [told(fate, doubting(threshold)) for fate in work]
    for share in (0.1, 0.3, 0.6):
        rows[f"random-trigger@{share}"] = [
            told(fate, lambda fate, share=share: fate.chance < share) for fate in work
        ]
    for training, threshold in ((1, 0.38), (2, 0.45)):
        rows[f"ours#{training}"] = [told(fate, doubting(threshold)) for fate in work]
    return {RowName.parse(name): run_of(stories) for name, stories in rows.items()}


def shift(n_agents: int, pick: Callable[[Fate], float], items: int = 60) -> Run:
    """A shift of N agents and one person, who serves the earliest; `pick` orders equal ones."""
    work = [
        replace(fate, plan=_numbered(fate.plan, number))
        for number, fate in enumerate((fates() * 5)[:items])
    ]
    agents = [(0, n) for n in range(n_agents)]
    stories: list[Story] = []
    person_free = 0
    for fate in sorted(work, key=pick):
        start, agent = heapq.heappop(agents)
        story = Story(fate.plan, agent=f"agent {agent}", now_ms=start).steps(fate.actions)
        # thinking takes most of the time of an agent
        story.pause(8 * STEP_MS * fate.actions)
        if fate.doubt > 0.3:
            waited = max(0, person_free - story.now_ms)
            story.ask().engage(ContactKind.CORRECTION, waited_ms=waited, approach_ms=1_500)
            story.steps(1, HUMAN).pause(2_500).release()
            person_free = story.now_ms
        story.pause(8 * STEP_MS * fate.actions).steps(fate.actions).done()
        stories.append(story.end(verified=fate.doubt > 0.3 or not fate.fails))
        heapq.heappush(agents, (story.now_ms, agent))
    return run_of(stories, duty_ms=max(at for at, _ in agents))


def shift_suite() -> dict[RowName, Run]:
    """Shifts of several sizes with two ways of choosing whom to help."""
    orders: dict[str, Callable[[Fate], float]] = {
        "gain-per-second": lambda fate: -fate.plan.human.seconds,
        "fifo": lambda fate: fate.chance,
    }
    return {
        RowName(row="ours", n_agents=n, allocator=name): shift(n, pick)
        for name, pick in orders.items()
        for n in (1, 2, 4, 8, 16)
    }


def forward_run() -> Run:
    """Episodes in which a light came on: most were clicked and right, some were not."""
    stories: list[Story] = []
    for number, fate in enumerate(fates(episodes=6)):
        story = Story(fate.plan).engage(ContactKind.CLICK).steps(2, HUMAN)
        left_s = 0.7 * fate.plan.human.seconds
        if number % 6 != 5:
            story.events.append(LightLit(episode=story.key, t_ms=story.now_ms, left_s=left_s))
            story.events.append(_light(story, fate, number))
        story.pause(900).release().steps(2).done(HUMAN)
        stories.append(story.end())
    return run_of(stories)


def _light(story: Story, fate: Fate, number: int) -> LightRun | LightIgnored:
    if number % 6 == 4:
        return LightIgnored(episode=story.key, t_ms=story.now_ms + 500)
    split = TimeSplit(
        capture_ms=2, decide_ms=3, inject_ms=5 + 30 * fate.chance, settle_ms=1, verify_ms=1
    )
    return LightRun(
        episode=story.key,
        t_click_ms=story.now_ms,
        exec_ms=split.total_ms,
        split=split,
        review_ms=600,
        outcome=Outcome.STOPPED if number == 9 else Outcome.VERIFIED,
    )


def _numbered(plan: PlannedEpisode, number: int) -> PlannedEpisode:
    return PlannedEpisode(task=plan.task, seed=SEEDS + number, human=plan.human)
