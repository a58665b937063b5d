"""Browsers that task pages run in: replaced when they died, and before they leak."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import Generic, Protocol, Self, TypeVar

from harness.env.stage import STAGE_URL, page_server
from harness.errors import InfrastructureError

_PAGES_A_BROWSER = 64


class Tab(Protocol):
    """A page in a context of its own."""

    async def close(self) -> None:
        """Close it; raises InfrastructureError when it is gone."""
        ...


TabT = TypeVar("TabT", bound=Tab)
TabT_co = TypeVar("TabT_co", bound=Tab, covariant=True)


class Browser(Protocol[TabT_co]):
    """A browser that was started."""

    @property
    def is_open(self) -> bool:
        """False once it ended."""
        ...

    async def open(self, url: str) -> TabT_co:
        """Open a page; raises InfrastructureError when the browser is gone."""
        ...

    async def close(self) -> None:
        """End it."""
        ...


@dataclass(slots=True, eq=False)
class _Running(Generic[TabT]):
    browser: Browser[TabT]
    opened: int = 0
    pages: int = 0


class Browsers(Generic[TabT]):
    """Gives out pages that show the stage; used within one event loop, as an async context.

    Args:
        start: starts a browser whose only network is the proxy that it is given.
    """

    def __init__(self, start: Callable[[str], Awaitable[Browser[TabT]]]) -> None:
        self._start = start
        self._stack = AsyncExitStack()
        self._running: _Running[TabT] | None = None
        self._all: list[_Running[TabT]] = []
        self._lock = asyncio.Lock()
        self._server = page_server()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            stack.enter_context(self._server)
            stack.push_async_callback(self._close_all)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def open(self) -> Lease[TabT]:
        """Return a fresh page.

        Raises:
            InfrastructureError: the browser does not start, twice in a row.
        """
        try:
            return await self._open(await self._current())
        except InfrastructureError:  # the one before may have died unseen
            return await self._open(await self._current())

    async def _current(self) -> _Running[TabT]:
        async with self._lock:
            running = self._running
            if running and (not running.browser.is_open or running.opened >= _PAGES_A_BROWSER):
                await self._retire()
            if not self._running:
                self._running = _Running(await self._start(self._server.proxy))
                self._all.append(self._running)
            self._running.opened += 1
            self._running.pages += 1
            return self._running

    async def _retire(self) -> None:
        running, self._running = self._running, None
        if running and not running.pages:
            await self._close(running)

    async def _close(self, running: _Running[TabT]) -> None:
        if running in self._all:
            self._all.remove(running)
            await running.browser.close()

    async def _close_all(self) -> None:
        await asyncio.gather(*(self._close(running) for running in list(self._all)))

    async def _open(self, running: _Running[TabT]) -> Lease[TabT]:
        try:
            tab = await running.browser.open(STAGE_URL)
        except BaseException:
            await self.give_back(running)
            raise
        return Lease(self, running, tab)

    async def give_back(self, running: _Running[TabT]) -> None:
        """Note that a page was closed, and close a browser that was waiting for that."""
        running.pages -= 1
        if running is not self._running and not running.pages:
            await self._close(running)


class Lease(Generic[TabT]):
    """A page that shows the stage, until it is closed."""

    def __init__(self, browsers: Browsers[TabT], running: _Running[TabT], tab: TabT) -> None:
        self.tab = tab
        self._browsers = browsers
        self._running = running

    async def close(self) -> None:
        """Close the page, and the browser when it was to be replaced."""
        try:
            with suppress(InfrastructureError):  # it died before
                await self.tab.close()
        finally:
            await self._browsers.give_back(self._running)
