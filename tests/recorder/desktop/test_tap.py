"""The tap's decoder: whole events out of any pieces, and whose they are."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import threading
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.desktop import tap
from recorder.desktop.tap import BUTTON_PRESS, KEY_PRESS, MOTION, Decoder, Tapped, untap
from recorder.desktop.xvfb import VirtualDisplay
from tests.recorder.desktop.stage import injector
from tests.waiting import until

XTEST = 132
CLIENT = 0x800000
CONTEXT = 0x400001


def reply(category: int, body: bytes = b"", base: int = 0) -> bytes:
    return struct.pack("=BBHIB3xI16x", 1, category, 7, len(body) // 4, 0, base) + body


def event(kind: int, detail: int, time_ms: int = 5) -> bytes:
    return struct.pack("=BBHIIIIhhhhHBB", kind, detail, 0, time_ms, 1, 1, 0, 3, 4, 3, 4, 16, 1, 0)


def request(kind: int, detail: int) -> bytes:
    return struct.pack("=BBHBB", XTEST, 2, 9, kind, detail) + bytes(30)


STREAM = b"".join(
    [
        reply(4),
        reply(0, event(MOTION, 0) + event(BUTTON_PRESS, 1)),
        reply(1, request(KEY_PRESS, 38), CLIENT),
        reply(0, event(KEY_PRESS, 38)),
        reply(0, event(KEY_PRESS, 39)),
        reply(1, request(MOTION, 1), CLIENT),
        reply(0, event(MOTION, 0)),
        bytes([34]) + bytes(31),  # an event such as MappingNotify, which nobody asked for
        reply(1, request(KEY_PRESS, 50), CLIENT),
        reply(0, event(BUTTON_PRESS, 1)),
        reply(1, request(KEY_PRESS, 50) + request(BUTTON_PRESS, 3), CLIENT),
        reply(0, event(BUTTON_PRESS, 3)),
        reply(5),
    ]
)
CLIENTS = [0, 0, CLIENT, 0, CLIENT, 0, CLIENT]


def test_an_event_is_its_clients_only_if_it_follows_the_request() -> None:
    decoder = Decoder(XTEST, CONTEXT)
    ready, *found = decoder.feed(STREAM, 1)
    assert (ready.type, ready.client) == (tap.READY, CONTEXT)
    assert [each.client for each in found] == CLIENTS
    assert found[1] == Tapped(1, 0, 5, BUTTON_PRESS, 1, 3, 4, 16)
    assert decoder.ended


def test_requests_without_events_are_a_loss_that_is_said() -> None:
    decoder = Decoder(XTEST, CONTEXT)
    asked = reply(1, request(MOTION, 0), CLIENT)
    assert not list(decoder.feed(asked * 9, 1_000_000))
    lost, event_after = decoder.feed(reply(0, event(MOTION, 0)), 8_000_000)
    assert (lost.type, lost.client) == (tap.LOST, 7)
    assert event_after.type == MOTION
    assert not list(decoder.feed(asked, 9_000_000))
    assert len(list(decoder.feed(reply(0, event(MOTION, 0)), 9_000_000))) == 1


@given(st.lists(st.integers(0, len(STREAM)), max_size=20))
def test_pieces_do_not_matter(cuts: list[int]) -> None:
    decoder, found = Decoder(XTEST, CONTEXT), list[Tapped]()
    places = [0, *sorted(cuts), len(STREAM)]
    for start, end in pairwise(places):
        found += decoder.feed(STREAM[start:end], 1)
    assert found == list(Decoder(XTEST, CONTEXT).feed(STREAM, 1))


@given(st.integers(0, 100))
def test_what_is_tapped_comes_out_of_the_pipe_as_it_went_in(cut: int) -> None:
    events = [Tapped(2**60, CLIENT, 2**32 - 1, KEY_PRESS, 255, -5, 32767, 65535)] * 4
    data = b"".join(each.pack() for each in events)
    first, rest = untap(data[: min(cut, len(data))])
    second, rest = untap(rest + data[min(cut, len(data)) :])
    assert (first + second, rest) == (events, b"")


@pytest.mark.display
def test_the_tap_ends_when_its_parent_does(bare: VirtualDisplay) -> None:
    with subprocess.Popen(
        [sys.executable, "-P", str(Path(tap.__file__)), bare.name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert untap(process.stdout.read(24))[0][0].type == tap.READY
        process.stdin.close()
        assert process.wait(20) == 0


@pytest.mark.display
def test_the_tap_drains_the_stream(bare: VirtualDisplay) -> None:
    (parent, close), (read, out) = os.pipe(), os.pipe()
    thread = threading.Thread(target=tap.tap, args=(bare.name, parent, out))
    thread.start()
    got: list[Tapped] = []

    def drain() -> int:
        got.extend(untap(os.read(read, 24 * 100))[0])
        return sum(each.type == MOTION for each in got) >= 50

    assert untap(os.read(read, 24))[0][0].type == tap.READY
    with injector(bare) as inject:
        for x in range(50):
            inject(MOTION, x=x + 5, y=7)
    until(drain, "all motion")
    os.close(close)
    thread.join()
    for end in (parent, read, out):
        os.close(end)
    assert [each.x for each in got if each.type == MOTION][-50:] == list(range(5, 55))
