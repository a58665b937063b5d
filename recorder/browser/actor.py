"""The actor: performs actions in a browser page, and writes each event in the ledger first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Literal, assert_never

from recorder.browser.hands import Hands
from recorder.browser.keyboard import MODIFIERS, code_of, shifted
from recorder.browser.recorder import BrowserRecorder
from recorder.clock import Clock, SystemClock
from recorder.errors import ConfigError
from recorder.ledger import Entry, Ledger
from recorder.schema import (
    Action,
    AgentAction,
    Ask,
    Button,
    Click,
    Controller,
    Done,
    Drag,
    KeyChord,
    Move,
    ScrollBy,
    TypeText,
    Wait,
)

_PIXELS_PER_NOTCH = 100.0  # what Chromium makes of one on Linux


class BrowserActor:
    """Acts on one page as an agent or a script.

    Args:
        page: the page, or what stands for it: a mouse and a keyboard.
        ledger: shared with whoever records the page.
        controller: who acts.
        agent: its name.
        recorder: of the page, when it is in this process; it notes whole actions, and knows
            whether what is typed is a secret.
    """

    def __init__(
        self,
        page: Hands,
        ledger: Ledger,
        controller: Controller,
        agent: str,
        *,
        recorder: BrowserRecorder | None = None,
    ) -> None:
        self._page = page
        self._ledger = ledger
        self._controller = controller
        self._agent = agent
        self._recorder = recorder
        self._clock: Clock = recorder.capture.clock if recorder else SystemClock()

    async def perform(self, action: Action, parts: Sequence[Action] = ()) -> AgentAction:
        """Do one action and return when and by whom it was done; it is kept unless it is a secret.

        Args:
            action: what is done.
            parts: how, where it is drawn out over time: movements, waits, one key after another.

        Raises:
            ConfigError: a browser cannot be made to do this.
        """
        begun_ns = self._clock.now_ns()
        # how often a secret was typed for is one as well, so nothing at all is kept of it
        is_secret = await self._is_secret(action)
        await (self._draw_out(parts) if parts else self._do(action))
        done = AgentAction(
            t_ns=begun_ns,
            end_ns=self._clock.now_ns(),
            controller=self._controller,
            agent=self._agent,
            action=action,
        )
        if self._recorder and not is_secret:
            self._recorder.capture.submit(done)
        return done

    # Actions --------------------------------------------------------------------------------------

    async def _do(self, action: Action) -> None:
        match action:
            case Move():
                await self._move(action.x, action.y)
            case Click():
                await self._click(action)
            case Drag():
                await self._drag(action)
            case ScrollBy():
                await self._scroll(action)
            case KeyChord():
                await self._chord(action)
            case TypeText():
                await self._type(action.text)
            case Wait():
                await asyncio.sleep(action.duration_ms / 1000)
            case Done() | Ask():
                pass
            case _:
                assert_never(action)

    async def _draw_out(self, parts: Sequence[Action]) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        for part in parts:
            if isinstance(part, Wait):  # until then, so that what parts cost does not add up
                due += part.duration_ms / 1000
                await asyncio.sleep(max(0.0, due - loop.time()))
            else:
                await self._do(part)

    async def _click(self, action: Click) -> None:
        await self._move(action.x, action.y)
        async with self._held(action.modifiers):
            for count in range(1, action.count + 1):
                for does in ("down", "up"):
                    place = (action.x, action.y)
                    await self._button(action.button, does, place, count=count)

    async def _drag(self, action: Drag) -> None:
        await self._move(*action.path[0])
        async with self._held(action.modifiers):
            await self._button(action.button, "down", action.path[0])
            for x, y in action.path[1:]:
                await self._move(x, y)
            await self._button(action.button, "up", action.path[-1])

    async def _scroll(self, action: ScrollBy) -> None:
        await self._move(action.x, action.y)
        factor = _PIXELS_PER_NOTCH if action.unit == "notch" else 1.0
        self._write("scroll")
        await self._page.mouse.wheel(action.dx * factor, action.dy * factor)

    async def _chord(self, action: KeyChord) -> None:
        key = shifted(action.key) if "shift" in action.modifiers else action.key
        async with self._held(action.modifiers):
            for _ in range(action.count):
                await self._press(key)

    async def _type(self, text: str) -> None:
        for character in text:
            if code_of(character):
                await self._press("Enter" if character in "\r\n" else character)
            else:
                self._write("text")
                await self._page.keyboard.insert_text(character)

    # Events ---------------------------------------------------------------------------------------

    async def _move(self, x: int, y: int) -> None:
        self._write(f"move {x} {y}", (x, y))
        await self._page.mouse.move(x, y)

    async def _button(
        self, button: Button, does: Literal["down", "up"], place: tuple[int, int], *, count: int = 1
    ) -> None:
        if button not in ("left", "middle", "right"):
            raise ConfigError(
                f"cannot press the {button} button in a browser; allowed: left, middle, right"
            )
        self._write(f"button {button} {does}", place)
        mouse = self._page.mouse
        await (mouse.down if does == "down" else mouse.up)(button=button, click_count=count)

    async def _press(self, key: str) -> None:
        code = code_of(key)
        if not code:
            raise ConfigError(f"no key gives {key!r}; type it as text instead")
        self._write(f"key {code} down")
        self._write("text")
        await self._page.keyboard.down(key)
        self._write(f"key {code} up")
        await self._page.keyboard.up(key)

    @asynccontextmanager
    async def _held(self, modifiers: Sequence[str]) -> AsyncGenerator[None]:
        keys = [MODIFIERS[name] for name in modifiers]
        for key in keys:
            self._write(f"key {code_of(key)} down")
            await self._page.keyboard.down(key)
        try:
            yield
        finally:
            for key in reversed(keys):
                self._write(f"key {code_of(key)} up")
                await self._page.keyboard.up(key)

    def _write(self, what: str, place: tuple[int, int] | None = None) -> None:
        entry = Entry(self._clock.now_ns(), what, self._controller, self._agent, place=place)
        self._ledger.write(entry)

    # Secrets --------------------------------------------------------------------------------------

    async def _is_secret(self, action: Action) -> bool:
        match action:
            case TypeText():
                is_text = True
            case KeyChord():
                is_text = len(action.key) == 1
            case _:
                is_text = False
        return is_text and bool(self._recorder and await self._recorder.secrecy(self._page))
