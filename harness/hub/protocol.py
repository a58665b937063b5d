"""How hub, terminals and workers reach each other, and how what they say is framed.

Each side opens with eight bytes of its own: seven that say what this is, one that says which
version. Then messages follow, each as its length in four bytes, most significant first, and
MessagePack. Where the versions differ nothing else is read. There is one socket, for one person:
a file of mode 0600, and whoever connects must run as the same user.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
import struct
from pathlib import Path
from typing import TypeVar

import msgspec

from harness.hub.errors import HubLostError, ProtocolError, RefusedError
from harness.hub.messages import Incoming, Outgoing
from harness.latch import default_path

VERSION = 1
MAGIC = b"undstdy"
PREAMBLE = MAGIC + bytes([VERSION])
MOST_BYTES = 4 << 20
_LENGTH = struct.Struct(">I")
_CREDENTIALS = struct.Struct("3i")
_LONGEST_PATH = 107
"""Bytes; what the address of a unix socket holds."""
_AGENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,61}")

Message = TypeVar("Message")


INCOMING: msgspec.msgpack.Decoder[Incoming] = msgspec.msgpack.Decoder(Incoming)
OUTGOING: msgspec.msgpack.Decoder[Outgoing] = msgspec.msgpack.Decoder(Outgoing)
_ENCODER = msgspec.msgpack.Encoder()

# Framing ------------------------------------------------------------------------------------------


def packed(message: Incoming | Outgoing) -> bytes:
    """Return a message with its length.

    Raises:
        ProtocolError: it is too long, or holds half a character.
    """
    try:
        body = _ENCODER.encode(message)
    except UnicodeEncodeError as error:
        raise ProtocolError(f"a {type(message).__name__} that holds half a character") from error
    if len(body) > MOST_BYTES:
        raise ProtocolError(
            f"a {type(message).__name__} of {len(body)} bytes; allowed: {MOST_BYTES}"
        )
    return _LENGTH.pack(len(body)) + body


async def read_message(
    reader: asyncio.StreamReader, decoder: msgspec.msgpack.Decoder[Message]
) -> Message:
    """Return the next message.

    Raises:
        HubLostError: the other side is gone.
        ProtocolError: what it says cannot be understood.
    """
    try:
        (size,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        if size > MOST_BYTES:
            raise ProtocolError(f"a message of {size} bytes; allowed: {MOST_BYTES}")
        return decoder.decode(await reader.readexactly(size))
    except (asyncio.IncompleteReadError, OSError) as error:
        raise HubLostError("the other side is gone") from error
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise ProtocolError(f"a message that cannot be read: {error}") from error


async def read_preamble(reader: asyncio.StreamReader) -> None:
    """Read how the other side opens.

    Raises:
        HubLostError: it is gone.
        ProtocolError: it is something else, or of another version.
    """
    try:
        found = await reader.readexactly(len(PREAMBLE))
    except (asyncio.IncompleteReadError, OSError) as error:
        raise HubLostError("the other side is gone") from error
    if not found.startswith(MAGIC):
        raise ProtocolError("the other side is something else")
    if found != PREAMBLE:
        raise ProtocolError(f"the other side speaks version {found[-1]}; this is {VERSION}")


# Places -------------------------------------------------------------------------------------------


def default_socket() -> Path:
    """Return where the hub of this user listens: beside their latch."""
    return default_path().with_name("hub")


def checked_socket(path: Path) -> Path:
    """Return a path that a socket can have.

    Raises:
        RefusedError: it is too long for the system.
    """
    if len(os.fsencode(path)) > _LONGEST_PATH:
        raise RefusedError(f"{path} is too long for a socket; allowed: {_LONGEST_PATH} bytes")
    return path


def check_agent(name: str) -> str:
    """Return a name that an agent can have.

    Raises:
        RefusedError: it cannot be the name of a file and be shown.
    """
    if not _AGENT.fullmatch(name):
        raise RefusedError(f"no agent can be called {name[:80]!r}; allowed: {_AGENT.pattern}")
    return name


def peer_of(connected: socket.socket) -> int:
    """Return the user at the other end of a connection, by the word of the system.

    Raises:
        RefusedError: the system does not say.
    """
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        raise RefusedError("this system does not say who connects; the hub needs Linux")
    found = connected.getsockopt(socket.SOL_SOCKET, option, _CREDENTIALS.size)
    return _CREDENTIALS.unpack(found)[1]
