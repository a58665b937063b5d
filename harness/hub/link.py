"""A connection to the hub, for whoever comes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Self

from harness.hub.errors import HubLostError, ProtocolError, RefusedError
from harness.hub.messages import Hello, Incoming, Outgoing, Refused, Welcome
from harness.hub.protocol import (
    OUTGOING,
    PREAMBLE,
    checked_socket,
    packed,
    read_message,
    read_preamble,
)

_PATIENCE_S = 10.0


class Link:
    """A connection that was let in."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, path: Path, hello: Hello) -> tuple[Self, Welcome]:
        """Connect and say who comes.

        Raises:
            HubLostError: no hub is there.
            RefusedError: it does not let us in.
            ProtocolError: it speaks another version.
        """
        try:
            async with asyncio.timeout(_PATIENCE_S):
                reader, writer = await asyncio.open_unix_connection(str(checked_socket(path)))
                link = cls(reader, writer)
                try:
                    return link, await link._greet(hello)
                except BaseException:
                    writer.close()
                    raise
        except (OSError, TimeoutError) as error:
            raise HubLostError(f"no hub at {path}") from error

    async def _greet(self, hello: Hello) -> Welcome:
        await read_preamble(self._reader)
        self._writer.write(PREAMBLE)
        self.send(hello)
        welcome = await self.read()
        if not isinstance(welcome, Welcome):
            raise ProtocolError(f"the hub says {type(welcome).__name__} before it says welcome")
        return welcome

    def send(self, message: Incoming) -> None:
        """Send a message, or none if the connection is gone: reading says so.

        Raises:
            ProtocolError: it is too long.
        """
        self._writer.write(packed(message))

    async def read(self) -> Outgoing:
        """Return what the hub says next.

        Raises:
            HubLostError: the connection is gone.
            RefusedError: it sends us away.
            ProtocolError: what it says cannot be understood.
        """
        message = await read_message(self._reader, OUTGOING)
        if isinstance(message, Refused):
            self._writer.close()  # what is waited for, so that it does not cut this off
            raise RefusedError(message.why.text)
        return message

    async def close(self) -> None:
        """Hang up."""
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except OSError:  # it went first
            return
