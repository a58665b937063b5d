"""A task page that is recorded: the same stage as an environment's, but in real time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.demonstrate.browser import RecordableTab
from harness.env.browsers import Lease
from harness.errors import InfrastructureError
from harness.tasks.task import WebTask
from recorder.browser.actor import BrowserActor
from recorder.browser.recorder import BrowserRecorder
from recorder.schema import Action

if TYPE_CHECKING:
    from playwright.async_api import CDPSession


@dataclass(frozen=True, slots=True)
class Status:
    """How an episode stands."""

    is_over: bool = False
    success: bool = False


class RecordedPage:
    """Plays episodes of web tasks on a stage that somebody records; experts see it as a page.

    Args:
        lease: the page with the stage.
        recorder: records it.
        settle_ms: real time given to the page after each action.
    """

    def __init__(
        self, lease: Lease[RecordableTab], recorder: BrowserRecorder, *, settle_ms: int = 0
    ) -> None:
        self._lease = lease
        self._recorder = recorder
        self._settle_ms = settle_ms
        self._cdp: CDPSession | None = None
        self._task: WebTask | None = None
        self._seed = ""
        self._options = ""
        self.goal = ""
        """The instruction in words."""
        self.milestones = 0
        """Pages done in this episode."""
        self.faults: tuple[str, ...] = ()
        """What is wrong with the page shown."""

    async def begin(self, task: WebTask, seed: int, faults: Sequence[str] = ()) -> None:
        """Show a task; an episode begins.

        Raises:
            InfrastructureError: the page is gone.
        """
        self._task, self._seed = task, str(seed)
        self._options = json.dumps({"faults": list(faults), "live": True})
        self.milestones = 0
        await self._show()

    async def look(self) -> None:
        """Let the recording show the page as it is now.

        Raises:
            InfrastructureError: there is nothing to see.
        """
        if not await self._recorder.look(self._lease.tab.page):
            raise InfrastructureError("the page that is recorded cannot be seen")

    async def do(self, actor: BrowserActor, action: Action, parts: Sequence[Action] = ()) -> Status:
        """Do one action on what the recording shows last, and return how the episode stands.

        Raises:
            InfrastructureError: the page is gone.
        """
        from playwright.async_api import Error  # noqa: PLC0415 - an optional extra

        try:
            await actor.perform(action, parts)
        except Error as error:
            raise InfrastructureError(str(error).splitlines()[0]) from error
        return await self.settle()

    async def settle(self) -> Status:
        """Let the page come to rest, show the next page of a job, and return how it stands."""
        assert self._task
        status = await self._call(f"settle({self._settle_ms})")
        is_won = bool(status["over"]) and status["reward"] == 1
        if is_won and self.milestones + 1 < len(self._task.pages):
            self.milestones += 1
            await self._show()
            return Status()
        return Status(is_over=bool(status["over"]), success=is_won)

    async def read(self, function: str, *values: Any) -> Any:
        """Return what a JavaScript function, run inside the task's page, returns as JSON."""
        return await self._call(f"read({json.dumps(function)}, {json.dumps(values)})")

    async def _show(self) -> None:
        assert self._task
        path = self._task.pages[self.milestones]
        seed = self._task.page_seed(self._seed, self.milestones)
        opened = await self._call(f"open({json.dumps(path)}, {json.dumps(seed)}, {self._options})")
        self.goal, self.faults = opened["goal"], tuple(opened["faults"])

    async def _call(self, call: str) -> Any:
        from playwright.async_api import Error  # noqa: PLC0415 - an optional extra

        try:
            if self._cdp is None:
                self._cdp = await self._lease.tab.context.new_cdp_session(self._lease.tab.page)
            answer = await self._cdp.send(
                "Runtime.evaluate",
                {"expression": f"stage.{call}", "returnByValue": True, "awaitPromise": True},
            )
        except Error as error:
            raise InfrastructureError(str(error).splitlines()[0]) from error
        failure = answer.get("exceptionDetails")
        if failure:
            text = failure.get("exception", {}).get("description", failure["text"])
            raise InfrastructureError(f"stage.{call[:80]} failed: {text.splitlines()[0]}")
        return answer["result"].get("value")
