"""A task page: one episode after another on the stage, by human-interface actions only."""

from __future__ import annotations

import asyncio
import base64
import json
import math
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from harness.env.browsers import Browsers, Lease
from harness.env.chromium import Tab
from harness.env.seeing import decoded, listed
from harness.env.stage import AREA
from harness.errors import ConfigError, InfrastructureError
from harness.tasks.faults import Fault, known_faults
from harness.tasks.task import WebTask
from recorder.browser.actor import BrowserActor
from recorder.ledger import Ledger
from recorder.schema import (
    Action,
    Ask,
    Controller,
    Done,
    Element,
    Move,
    Observation,
    Wait,
    points_of,
)

Result = TypeVar("Result")

_PATIENCE_S = 30.0  # a page that takes longer hangs
_EPISODES_A_PAGE = 100  # then a fresh renderer takes over, before old frames add up
_EPISODES_A_SWEEP = 4  # then frames that are gone are given back, a megabyte each


@dataclass(frozen=True, slots=True, kw_only=True)
class PageConfig:
    """How a task page is shown and how its time passes."""

    elements: bool = False
    """List elements in each observation."""
    action_ms: int = 100
    """Virtual time that passes with each action other than a wait."""
    controller: Controller = Controller.POLICY
    """Who acts."""
    agent: str = "agent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a reset or an action."""

    observation: Observation
    reward: float = 0.0
    """1 at the end of an episode that reached its goal, else 0."""
    terminated: bool = False
    truncated: bool = False
    info: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class _Episode:
    task: WebTask
    seed: str
    faults: tuple[Fault, ...]
    index: int = 0
    """Pages done before this one."""
    goal: str = ""
    in_force: tuple[str, ...] = ()
    """Faults that the page shown has."""
    steps: int = 0
    before_ms: int = 0
    """Virtual time spent on the pages done."""
    is_over: bool = False


class TaskPage:
    """Plays episodes of web tasks, one at a time, in a page that it replaces now and then."""

    def __init__(self, browsers: Browsers[Tab], config: PageConfig | None = None) -> None:
        self._browsers = browsers
        self._config = config or PageConfig()
        self.lease: Lease[Tab] | None = None
        self._actor: BrowserActor | None = None
        self._episodes = 0
        self._episode: _Episode | None = None
        self._cursor = (0, 0)
        self._last: Observation | None = None

    # Episodes -------------------------------------------------------------------------------------

    async def reset(self, task: WebTask, seed: int, faults: Sequence[str] = ()) -> Outcome:
        """Begin an episode and return what is seen first.

        Raises:
            ConfigError: there is no fault of some name.
            InfrastructureError: no browser shows the page, even a fresh one.
        """
        self._episode = episode = _Episode(task, str(seed), known_faults(faults))
        try:
            return await self._begin(episode, fresh=self._episodes % _EPISODES_A_PAGE == 0)
        except InfrastructureError:  # the page before may have died unseen
            return await self._begin(episode, fresh=True)

    async def _begin(self, episode: _Episode, *, fresh: bool) -> Outcome:
        if fresh or not self.lease:
            await self._replace()
        elif self._episodes % _EPISODES_A_SWEEP == 0:
            await self._send("HeapProfiler.collectGarbage")
        self._episodes += 1
        await self._guarded(self._acting.perform(Move(x=0, y=0)))
        self._cursor = (0, 0)
        status = await self._show(episode)
        return Outcome(observation=await self._observe(status), info=self._info(status, {}))

    async def step(self, action: Action) -> Outcome:
        """Do one action and return what came of it.

        Raises:
            ConfigError: the action cannot be done, or no episode is running.
        """
        episode = self._episode
        if not episode or episode.is_over:
            raise ConfigError("no episode is running; call reset first")
        _check(action)
        try:
            outcome = await self._step(episode, action)
        except InfrastructureError as error:
            await self.close()
            outcome = self._lost(str(error))
        episode.is_over = outcome.terminated or outcome.truncated
        return outcome

    async def _step(self, episode: _Episode, action: Action) -> Outcome:
        episode.steps += 1
        ms = self._config.action_ms
        if isinstance(action, Wait):
            ms = action.duration_ms
        elif not isinstance(action, Done | Ask):
            await self._guarded(self._acting.perform(action))
            self._cursor = _cursor_after(action) or self._cursor
        status = await self._call(f"settle({ms})")
        status, is_won = await self._turned(episode, status)
        return await self._judge(episode, action, status, is_won=is_won)

    async def rested(self) -> dict[str, Any]:
        """Let just as much virtual time pass as what was set going takes; return the page's status.

        Raises:
            InfrastructureError: the page is gone.
        """
        return await self._call("rest()")

    async def rested_after(self, plan: str) -> dict[str, Any] | None:
        """Do the same if a plan is done whose inputs are on their way; else return None, at once.

        Raises:
            InfrastructureError: the page is gone.
        """
        return await self._call(f"restAfter({json.dumps(plan)})")

    async def took(self, actions: Sequence[Action], status: dict[str, Any]) -> Outcome:
        """Return what came of actions that other hands did.

        No new picture is taken: what is returned has the last one; see `pictured`.

        Args:
            actions: what was done, at least one.
            status: of the page that has come to rest since.

        Raises:
            ConfigError: no episode is running.
            InfrastructureError: the page is gone.
        """
        episode = self._episode
        if not episode or episode.is_over:
            raise ConfigError("no episode is running; call reset first")
        episode.steps += len(actions)
        for action in actions:
            self._cursor = _cursor_after(action) or self._cursor
        status, is_won = await self._turned(episode, status)
        outcome = await self._judge(episode, actions[-1], status, is_won=is_won, pictured=False)
        episode.is_over = outcome.terminated or outcome.truncated
        return outcome

    async def pictured(self, observation: Observation) -> Observation:
        """Return an observation of the page with a picture of how it looks now.

        Raises:
            InfrastructureError: the page is gone.
        """
        self._last = replace(observation, pixels=await self._pixels())
        return self._last

    async def observe(self) -> Observation:
        """Return what the page shows now, of which no step is made and no time passes.

        Raises:
            ConfigError: no episode is running.
            InfrastructureError: the page is gone.
        """
        if not self._episode or self._episode.is_over:
            raise ConfigError("no episode is running; call reset first")
        return await self._observe(await self._call("settle(0)"))

    async def _turned(
        self, episode: _Episode, status: dict[str, Any]
    ) -> tuple[dict[str, Any], bool]:
        """Turn to the next page where one is won; return the status, and if the last one is."""
        is_won = bool(status["over"]) and status["reward"] == 1
        if not is_won or episode.index + 1 == len(episode.task.pages):
            return status, is_won
        episode.index += 1
        episode.before_ms += int(status["now"])
        return await self._show(episode), False

    async def _judge(
        self,
        episode: _Episode,
        action: Action,
        status: dict[str, Any],
        *,
        is_won: bool,
        pictured: bool = True,
    ) -> Outcome:
        says_done = isinstance(action, Done)
        terminated = bool(status["over"]) or says_done
        task = episode.task
        elapsed_s = (episode.before_ms + status["now"]) / 1000
        truncated = not terminated and (
            episode.steps >= task.max_steps or elapsed_s >= task.max_seconds
        )
        ended: dict[str, Any] = {"verified": is_won} if terminated or truncated else {}
        if says_done:
            ended["claim"] = "done"
        return Outcome(
            observation=await self._observe(status, pictured=pictured),
            reward=float(is_won),
            terminated=terminated,
            truncated=truncated,
            info=self._info(status, ended),
        )

    async def close(self) -> None:
        """Give the page back."""
        lease, self.lease = self.lease, None
        if lease:
            await lease.close()

    # What experts may do --------------------------------------------------------------------------

    @property
    def goal(self) -> str:
        """The instruction in words."""
        return self._episode.goal if self._episode else ""

    @property
    def faults(self) -> tuple[str, ...]:
        """What is wrong with the page shown."""
        return self._episode.in_force if self._episode else ()

    @property
    def milestones(self) -> int:
        """Pages done in this episode."""
        return self._episode.index if self._episode else 0

    async def read(self, function: str, *values: Any) -> Any:
        """Return what a JavaScript function, run inside the task's page, returns as JSON."""
        return await self._call(f"read({json.dumps(function)}, {json.dumps(values)})")

    # Parts ----------------------------------------------------------------------------------------

    @property
    def _acting(self) -> BrowserActor:
        if not self._actor or not self.lease:
            raise InfrastructureError("the page is gone")
        return self._actor

    async def _replace(self) -> None:
        await self.close()
        self.lease = lease = await self._browsers.open()
        config = self._config
        self._actor = BrowserActor(lease.tab, Ledger(), config.controller, config.agent)

    async def _show(self, episode: _Episode) -> dict[str, Any]:
        path = episode.task.pages[episode.index]
        seed = episode.task.page_seed(episode.seed, episode.index)
        options = json.dumps({"faults": episode.faults})
        opened = await self._call(f"open({json.dumps(path)}, {json.dumps(seed)}, {options})")
        episode.goal = opened["goal"]
        episode.in_force = tuple(opened["faults"])
        return opened

    def _info(self, status: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
        assert self._episode
        return {
            "virtual_ms": self._episode.before_ms + int(status["now"]),
            "raw_reward": _number(status["reward"]),
            "reason": status["reason"],
            "harm": status["harm"],
            "faults": tuple(status["faults"]),
            "milestones": self._episode.index + (more.get("verified") is True),
            **more,
        }

    def _lost(self, reason: str) -> Outcome:
        assert self._last
        info = {"verified": False, "infrastructure_error": reason}
        return Outcome(observation=self._last, truncated=True, info=info)

    async def _observe(self, status: dict[str, Any], *, pictured: bool = True) -> Observation:
        assert self._episode
        elements: tuple[Element, ...] = ()
        if self._config.elements:
            elements = listed(status.get("elements") or await self._call("elements()"))
        pixels = await self._pixels() if pictured or not self._last else self._last.pixels
        ms = self._episode.before_ms + int(status["now"])
        self._last = Observation(
            pixels=pixels,
            cursor=self._cursor,
            t_ns=ms * 1_000_000,
            goal=self._episode.goal,
            elements=elements,
        )
        return self._last

    async def _pixels(self) -> NDArray[np.uint8]:
        shot = await self._send("Page.captureScreenshot", format="png", optimizeForSpeed=True)
        return decoded(base64.b64decode(shot["data"]))

    async def _call(self, call: str) -> Any:
        answer = await self._send(
            "Runtime.evaluate", expression=f"stage.{call}", returnByValue=True, awaitPromise=True
        )
        failure = answer.get("exceptionDetails")
        if failure:
            text = failure.get("exception", {}).get("description", failure["text"])
            raise InfrastructureError(f"stage.{call[:80]} failed: {text.splitlines()[0]}")
        return answer["result"].get("value")

    async def _send(self, method: str, **values: Any) -> dict[str, Any]:
        if not self.lease:
            raise InfrastructureError("the page is gone")
        return await self._guarded(self.lease.tab.send(method, values))

    async def _guarded(self, work: Coroutine[Any, Any, Result]) -> Result:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await work
        except TimeoutError as error:
            raise InfrastructureError(f"the page hung for {_PATIENCE_S:.0f} s") from error


def _check(action: Action) -> None:
    width, height = AREA
    for x, y in points_of(action):
        if not (0 <= x < width and 0 <= y < height):
            raise ConfigError(
                f"({x}, {y}) is not on the page; allowed: 0 to {width - 1}, 0 to {height - 1}"
            )


def _cursor_after(action: Action) -> tuple[int, int] | None:
    points = points_of(action)
    return points[-1] if points else None


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else math.nan
