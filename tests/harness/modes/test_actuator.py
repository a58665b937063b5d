"""Nothing reaches a screen past the guard or the latch."""

from __future__ import annotations

import asyncio
import mmap
import os
import sys
from pathlib import Path

import numpy as np

from harness.env.page import Outcome
from harness.guard import ForeignSite, Guard, GuardRules, OffScreen, Place
from harness.latch import Latch
from harness.modes.actuator import Actuator, Impossible, Stopped
from recorder.errors import ConfigError
from recorder.schema import Action, Click, KeyChord, Observation, Wait
from tests.soak import repeats
from tests.waiting import until

SEEN = Observation(np.zeros((20, 20, 3), np.uint8), (0, 0), 0)
HERE = Click(x=5, y=5)
EIGHT = 8


class Screen:
    """Keeps what was done on it."""

    def __init__(self) -> None:
        self.done: list[Action] = []

    async def step(self, action: Action) -> Outcome:
        if isinstance(action, KeyChord):
            raise ConfigError(f"no key gives {action.key!r}")
        self.done.append(action)
        return Outcome(observation=SEEN)


async def test_what_no_screen_can_do_is_refused_and_the_episode_goes_on(tmp_path: Path) -> None:
    with Latch(tmp_path / "stop") as latch:
        actuator = Actuator(Screen(), "a", Guard(), latch)
        assert await actuator.act(KeyChord(key="é"), SEEN, 0) == Impossible("no key gives 'é'")
        assert isinstance(await actuator.act(HERE, SEEN, 0), Outcome)


async def test_what_the_guard_refuses_never_reaches_the_screen(tmp_path: Path) -> None:
    screen = Screen()
    with Latch(tmp_path / "stop") as latch:
        actuator = Actuator(screen, "a", Guard(), latch)
        assert await actuator.act(Click(x=99, y=5), SEEN, 0) == OffScreen((99, 5))
        assert not screen.done
        assert isinstance(await actuator.act(HERE, SEEN, 0), Outcome)
        assert screen.done == [HERE]


async def test_who_is_stopped_does_nothing_at_all_until_released(tmp_path: Path) -> None:
    screen = Screen()
    with Latch(tmp_path / "stop") as latch, Latch(tmp_path / "stop") as persons:
        actuators = {name: Actuator(screen, name, Guard(), latch) for name in "ab"}
        persons.stop("a")
        for action in (HERE, Wait(duration_ms=5)):
            assert await actuators["a"].act(action, SEEN, 0) == Stopped("a")
        assert isinstance(await actuators["b"].act(HERE, SEEN, 0), Outcome)
        persons.stop()
        assert await actuators["b"].act(HERE, SEEN, 0) == Stopped("b")
        assert screen.done == [HERE]
        persons.release()
        persons.release("a")
        assert isinstance(await actuators["a"].act(HERE, SEEN, 0), Outcome)


async def test_a_new_episode_may_repeat_what_the_one_before_did(tmp_path: Path) -> None:
    with Latch(tmp_path / "stop") as latch:
        actuator = Actuator(Screen(), "a", Guard(GuardRules(repeats=2)), latch)
        for _ in range(3):
            actuator.begin()
            assert isinstance(await actuator.act(HERE, SEEN, 0), Outcome)


async def test_where_an_action_lands_is_asked_at_the_last_moment(tmp_path: Path) -> None:
    screen = Screen()
    here, there = Place(url="https://shop.example/"), Place(url="https://evil.example/")
    places = [here, there]
    rules = GuardRules(sites=frozenset({"shop.example"}))

    async def where() -> Place:
        return places.pop(0)

    with Latch(tmp_path / "stop") as latch:
        actuator = Actuator(screen, "a", Guard(rules), latch, where)
        assert isinstance(await actuator.act(HERE, SEEN, 0), Outcome)
        # the page went elsewhere by itself
        assert await actuator.act(HERE, SEEN, 0) == ForeignSite(there.url)
        lost = Actuator(screen, "a", Guard(rules), latch)
        assert await lost.act(HERE, SEEN, 0) == ForeignSite("")
    assert screen.done == [HERE]


class SharedScreen:
    """Counts what is done on it where another process can see."""

    def __init__(self, counts: mmap.mmap, place: int) -> None:
        self._counts, self._place = counts, place * EIGHT

    @property
    def count(self) -> int:
        return int.from_bytes(self._counts[self._place : self._place + EIGHT], sys.byteorder)

    async def step(self, action: Action) -> Outcome:
        count = (self.count + 1).to_bytes(EIGHT, sys.byteorder)
        self._counts[self._place : self._place + EIGHT] = count
        return Outcome(observation=SEEN)


async def act_for_ever(screen: SharedScreen, path: Path) -> None:
    """Act as fast as can be, until stopped."""
    with Latch(path) as latch:
        actuator = Actuator(screen, "a", Guard(GuardRules(repeats=10**9)), latch)
        while not isinstance(await actuator.act(HERE, SEEN, 0), Stopped):
            pass


def test_a_process_in_a_tight_loop_stops_within_the_action_that_it_is_in(tmp_path: Path) -> None:
    path, n_agents = tmp_path / "stop", 3
    with Latch(path) as latch, mmap.mmap(-1, n_agents * EIGHT) as counts:
        screens = [SharedScreen(counts, place) for place in range(n_agents)]
        for _ in range(repeats(15, 1000)):
            latch.release()
            before = [screen.count for screen in screens]
            children = [_forked(screen, path) for screen in screens]
            for screen, count in zip(screens, before, strict=True):
                until(lambda at=screen, n=count: at.count > n + 3, "every agent to act")
            latch.stop()
            when_stopped = [screen.count for screen in screens]
            for child in children:
                os.waitpid(child, 0)
            after = [screen.count - n for screen, n in zip(screens, when_stopped, strict=True)]
            assert max(after) <= 1  # it had looked at the latch before, and was about to act


def _forked(screen: SharedScreen, path: Path) -> int:
    child = os.fork()
    if not child:
        try:
            asyncio.run(act_for_ever(screen, path))
        finally:
            os._exit(0)
    return child
