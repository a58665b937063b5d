"""One DevTools session, spoken to so that a target that goes away is an answer, not an accident."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, CDPSession, Frame, Page


class Cdp:
    """A DevTools session of one target: a page, or a frame with a process of its own."""

    def __init__(self, session: CDPSession, gone: type[Exception]) -> None:
        self._session = session
        self._gone = gone
        self.is_open = True
        session.on("close", self._on_close)

    @classmethod
    async def open(cls, context: BrowserContext, target: Page | Frame) -> Cdp | None:
        """Return a session; None for a frame that shares its parent's, or a target that is gone."""
        from playwright.async_api import Error  # noqa: PLC0415 - an optional extra

        try:
            return cls(await context.new_cdp_session(target), Error)
        except Error:
            return None

    def _on_close(self, _: object) -> None:
        self.is_open = False

    def on(self, event: str, handler: Callable[[dict[str, Any]], object]) -> None:
        """Have `handler` called with the parameters of each such event."""
        self._session.on(event, handler)  # type: ignore[arg-type] # overloads know two names only

    async def send(self, method: str, **params: Any) -> dict[str, Any] | None:
        """Return the result of a command; None when the target refused it or is gone."""
        try:
            return await self._session.send(method, params)
        except self._gone:
            return None

    async def evaluate(self, world: int, expression: str) -> Any:
        """Return the value of an expression in one JavaScript world; None when it has none."""
        answer = await self.send(
            "Runtime.evaluate", contextId=world, expression=expression, returnByValue=True
        )
        return None if answer is None else answer["result"].get("value")

    async def close(self) -> None:
        """Leave the target."""
        try:
            await self._session.detach()
        except self._gone:
            return
