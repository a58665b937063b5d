"""DevTools over a pipe that nothing but us can reach: one Chromium, many sessions."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from tempfile import TemporaryFile
from typing import IO, Any

import msgspec

from harness.errors import InfrastructureError
from recorder.errors import UnsupportedError

Handler = Callable[[dict[str, Any]], object]

_LONGEST = 1 << 28  # bytes of one message; a screenshot of 8K is 40 MB at most
_ENDING_S = 5.0
_LAST_WORDS = 500  # bytes of what it said before it ended
# Chromium reads from descriptor 3 and writes to 4
_PLUMBING = 'exec "$@" 3<"/dev/fd/$READ_FROM" 4>"/dev/fd/$WRITE_TO"'
_GONE = ("Target.detachedFromTarget", "Inspector.targetCrashed")


class Devtools:
    """A Chromium that was started to be spoken to; it ends with us, however we end."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.WriteTransport,
        words: IO[bytes],
    ) -> None:
        self._process = process
        self._words = words
        self._reader = reader
        self._writer = writer
        self._last = 0
        self._waiting: dict[int, tuple[str, asyncio.Future[dict[str, Any]]]] = {}
        self._handlers: dict[tuple[str, str], Handler] = {}
        self._listening = asyncio.create_task(self._listen())
        self._gone = ""

    @classmethod
    async def start(cls, command: Sequence[str], environment: Mapping[str, str]) -> Devtools:
        """Start a Chromium that is to speak DevTools over a pipe.

        Raises:
            UnsupportedError: not on this system.
        """
        if sys.platform == "win32":
            raise UnsupportedError("web environments run on Linux and macOS")
        its_input, our_output = os.pipe()
        our_input, its_output = os.pipe()
        plumbing = {"READ_FROM": str(its_input), "WRITE_TO": str(its_output)}
        words = TemporaryFile()  # noqa: SIM115 - it is closed with the browser
        try:
            process = await asyncio.create_subprocess_exec(
                *("sh", "-c", _PLUMBING, "sh", *command, "--remote-debugging-pipe"),
                env={**environment, **plumbing},
                pass_fds=(its_input, its_output),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=words,
                start_new_session=True,  # Ctrl-C in our terminal is for us, not for it
            )
        except BaseException:
            os.close(our_input)
            os.close(our_output)
            words.close()
            raise
        finally:
            os.close(its_input)
            os.close(its_output)
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(_LONGEST)
        await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(our_input, "rb")
        )
        writer, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, os.fdopen(our_output, "wb"))
        return cls(process, reader, writer, words)

    @property
    def is_open(self) -> bool:
        """False once it ended."""
        return not self._gone

    async def send(
        self, method: str, values: Mapping[str, Any] | None = None, *, session: str = ""
    ) -> dict[str, Any]:
        """Return the answer to one command.

        Raises:
            InfrastructureError: the browser or the page is gone, or refuses.
        """
        (answer,) = await self.send_all([(method, values or {})], session=session)
        return answer

    async def send_all(
        self, commands: Sequence[tuple[str, Mapping[str, Any]]], *, session: str = ""
    ) -> list[dict[str, Any]]:
        """Return the answers to some commands, which go out in one piece, once all have come.

        Raises:
            InfrastructureError: the browser or the page is gone, or refuses one of them.
        """
        if self._gone:
            raise InfrastructureError(self._gone)
        loop = asyncio.get_running_loop()
        answers: list[asyncio.Future[dict[str, Any]]] = []
        messages: list[bytes] = []
        for method, values in commands:
            answer: asyncio.Future[dict[str, Any]] = loop.create_future()
            messages.append(self._message(method, values, session))
            self._waiting[self._last] = (session, answer)
            answers.append(answer)
        self._writer.write(b"".join(messages))
        await asyncio.gather(*answers, return_exceptions=True)
        return [each.result() for each in answers]

    def post(
        self, method: str, values: Mapping[str, Any] | None = None, *, session: str = ""
    ) -> int:
        """Send a command whose answer nobody waits for, and return its number."""
        self._writer.write(self._message(method, values or {}, session))
        return self._last

    def on(self, event: str, handler: Handler, *, session: str = "") -> None:
        """Have `handler` called with the parameters of each such event."""
        self._handlers[session, event] = handler

    def forget(self, session: str) -> None:
        """Leave a session alone from now on; who waits for its answers is told that it is gone."""
        for key in [key for key in self._handlers if key[0] == session]:
            del self._handlers[key]
        for number in [n for n, (whose, _) in self._waiting.items() if whose == session]:
            self._refuse(number, "the page is gone")

    async def close(self) -> None:
        """End the browser."""
        with suppress(InfrastructureError, TimeoutError):
            async with asyncio.timeout(_ENDING_S):
                await self.send("Browser.close")
        self._writer.close()
        try:
            async with asyncio.timeout(_ENDING_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        await self._listening

    # Parts ----------------------------------------------------------------------------------------

    def _message(self, method: str, values: Mapping[str, Any], session: str) -> bytes:
        self._last += 1
        message: dict[str, Any] = {"id": self._last, "method": method, "params": values}
        if session:
            message["sessionId"] = session
        return msgspec.json.encode(message) + b"\0"

    async def _listen(self) -> None:
        try:
            while True:
                message = await self._reader.readuntil(b"\0")
                self._take(msgspec.json.decode(message[:-1]))
        except (asyncio.IncompleteReadError, ConnectionError):  # it ended
            self._gone = await self._how_it_ended()
            for number in list(self._waiting):
                self._refuse(number, self._gone)

    async def _how_it_ended(self) -> str:
        with self._words as said:
            try:
                async with asyncio.timeout(_ENDING_S):
                    code = await self._process.wait()
            except TimeoutError:
                return "the browser is gone: it hung up and goes on"
            said.seek(max(0, said.seek(0, os.SEEK_END) - _LAST_WORDS))
            words = said.read().decode(errors="replace").strip() or "nothing"
        return f"the browser is gone: exit code {code}, and the last it said was {words!r}"

    def _take(self, message: dict[str, Any]) -> None:
        if "id" in message:
            _, answer = self._waiting.pop(message["id"], ("", None))
            if not answer or answer.done():
                return
            if "error" in message:
                answer.set_exception(InfrastructureError(message["error"]["message"]))
            else:
                answer.set_result(message["result"])
            return
        session, event = message.get("sessionId", ""), message["method"]
        values = message["params"]
        if event in _GONE:
            self.forget(values.get("sessionId", session))
        handler = self._handlers.get((session, event))
        if handler:
            handler(values)

    def _refuse(self, number: int, reason: str) -> None:
        _, answer = self._waiting.pop(number)
        if not answer.done():
            answer.set_exception(InfrastructureError(reason))
