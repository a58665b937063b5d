"""What is too long, damaged or of another version is refused, and nothing else is read of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.hub.errors import HubLostError, ProtocolError, RefusedError
from harness.hub.events import Raised
from harness.hub.link import Link
from harness.hub.messages import Act, Decide, Drive, Tell, View
from harness.hub.proposals import action_of, deed_of, words_of
from harness.hub.protocol import (
    INCOMING,
    MAGIC,
    MOST_BYTES,
    PREAMBLE,
    checked_socket,
    packed,
    read_message,
)
from harness.hub.requests import Approve
from recorder.schema import Ask, Click, Drag, KeyChord, ScrollBy, TypeText
from tests.harness.hub.bench import request
from tests.soak import repeats

ACTIONS = [
    Click(x=1, y=2, modifiers=("Shift",), count=2),
    Drag(path=((1, 1), (5, 5))),
    KeyChord(key="s", modifiers=("Control",)),
    ScrollBy(x=1, y=2, dy=3.5),
    TypeText(text="\x1b]0;x\x07 \u202e Ä"),
    Ask(question="\x9b31m?"),
]


def fed(body: bytes) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    reader.feed_data(body)
    reader.feed_eof()
    return reader


async def test_messages_come_back_as_they_were_sent() -> None:
    decided = Decide(
        number=1,
        request="r",
        frame="f",
        nonce="n",
        quiet_ms=400,
        focused_ms=500,
        answer=Approve(),
    )
    messages = [Drive(name="me"), decided, Act(number=2, agent="a", deed=deed_of(ACTIONS[0]))]
    reader = fed(b"".join(map(packed, messages)))
    assert [await read_message(reader, INCOMING) for _ in messages] == messages
    with pytest.raises(HubLostError):
        await read_message(reader, INCOMING)


@settings(max_examples=repeats(100, 5000))
@given(st.binary(max_size=300))
def test_garbage_is_refused_and_never_anything_else(body: bytes) -> None:
    async def read() -> None:
        reader = fed(len(body).to_bytes(4, "big") + body)
        with pytest.raises((ProtocolError, HubLostError)):
            await read_message(reader, INCOMING)

    asyncio.run(asyncio.wait_for(read(), 5))


async def test_what_is_too_long_is_refused_before_it_is_read() -> None:
    with pytest.raises(ProtocolError, match="allowed"):
        await read_message(fed((MOST_BYTES + 1).to_bytes(4, "big")), INCOMING)
    with pytest.raises(ProtocolError, match="allowed"):
        packed(View(name="x" * (MOST_BYTES + 1)))
    with pytest.raises(ProtocolError, match="half a character"):
        packed(View(name="\ud800"))


async def served(tmp_path: Path, opening: bytes, come: Callable[[Path], Awaitable[object]]) -> None:
    async def meet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(opening)
        writer.close()

    path = tmp_path / "hub"
    async with await asyncio.start_unix_server(meet, str(path)):
        await come(path)


@pytest.mark.parametrize(
    ("opening", "why"),
    [
        (MAGIC + b"\x02", "speaks version 2; this is 1"),
        (b"SSH-2.0-", "something else"),
        (PREAMBLE, "gone"),
        (b"", "gone"),
    ],
)
async def test_who_comes_says_what_is_wrong_with_the_hub(
    tmp_path: Path, opening: bytes, why: str
) -> None:
    async def come(path: Path) -> None:
        with pytest.raises((ProtocolError, HubLostError), match=why):
            await Link.connect(path, View(name="me"))

    await served(tmp_path, opening, come)
    with pytest.raises(HubLostError, match="no hub at"):
        await Link.connect(tmp_path / "nothing", View(name="me"))


def test_a_path_that_no_socket_can_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="allowed: 107 bytes"):
        checked_socket(tmp_path / ("x" * 100))


@pytest.mark.parametrize("action", ACTIONS)
def test_an_action_crosses_as_it_is_and_is_shown_as_it_may_be(action: Click) -> None:
    deed = deed_of(action)
    assert action_of(deed) == action
    assert deed.isascii()
    assert deed.isprintable()
    assert words_of(action).text.isprintable()


@given(st.text(max_size=60))
def test_what_is_no_action_is_refused(deed: str) -> None:
    with pytest.raises(ProtocolError, match="not an action"):
        action_of(deed)


async def test_a_request_that_holds_raw_text_cannot_come_in() -> None:
    raised = Raised(t_ms=0, number=1, request=request("r1"))
    body = packed(Tell(event=raised))
    assert await read_message(fed(body), INCOMING) == Tell(event=raised)
    with pytest.raises(ProtocolError, match="not made fit"):
        await read_message(fed(body.replace(b"\xa5count", b"\xa5co\x1bnt")), INCOMING)
