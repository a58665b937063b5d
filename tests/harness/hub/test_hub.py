"""One hub, one driver, one user; an answer is carried out once, on the screen that was seen."""

from __future__ import annotations

import asyncio
import os
import random
import resource
import signal
import socket
import stat
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from harness.hub.client import HubClient
from harness.hub.errors import HubLostError, RefusedError
from harness.hub.events import HumanStep
from harness.hub.launch import start_hub
from harness.hub.link import Link
from harness.hub.messages import Beat, Drive
from harness.hub.proposals import PickPoint, deed_of
from harness.hub.protocol import MAGIC, PREAMBLE
from harness.hub.reducer import fold
from harness.hub.requests import PENDING, Approve, Correct, Reject, Stage, TakeOver
from harness.hub.shift_log import log_path, read_shift
from harness.hub.standing import Standing
from harness.hub.steps import steps_of
from harness.measure.log import read_log, verify
from recorder.schema import Click, Controller
from tests.harness.hub.counters import HEIGHT
from tests.harness.hub.shop import (
    Shop,
    all_working,
    answer,
    asked,
    driving,
    eventually,
    refusal,
    seen,
    shop,
)
from tests.soak import repeats

pytestmark = pytest.mark.slow

UNDONE = (Stage.DROPPED, Stage.SUPERSEDED)

STRANGER = """
import socket, sys
with socket.socket(socket.AF_UNIX) as it:
    try:
        it.connect(sys.argv[1])
        it.settimeout(10)
        print(it.recv(8))
    except OSError as error:
        print(type(error).__name__)
"""


async def test_requests_are_answered_and_applied_once_on_the_screen_that_was_seen(
    tmp_path: Path,
) -> None:
    with shop(tmp_path, "a") as where:
        where.start()
        where.employ("a", asks=3)
        async with driving(where) as hub:
            for what in (Approve(), Reject(), Correct(PickPoint(7, 8)), Approve()):
                ticket = await asked(hub)
                assert hub.pictures.pixels(ticket.request.frame).shape == (HEIGHT, 20, 3)
                await answer(hub, ticket, what)
                name = ticket.request.id
                await seen(hub, lambda it, name=name: it.ticket(name).stage is Stage.APPLIED)
            approved = Counter(each.request for each in where.acts() if each.request != "-")
            assert sorted(approved.values()) == [1, 1]
        steps = steps_of(read_shift(where.config.folder), where.config.folder)
        assert [each.action for each in steps] == [Click(x=7, y=8)]
        assert [each.controller for each in steps] == [Controller.HUMAN]
        assert steps[0].target is not None


async def test_a_button_that_moved_is_not_clicked_however_it_was_approved_of(
    tmp_path: Path,
) -> None:
    with shop(tmp_path, "a") as where:
        where.start()
        where.employ("a", asks=0)
        moved = tmp_path / "a-moved"
        async with driving(where) as hub:
            for turn in range(repeats(2, 300)):
                ticket = await asked(hub)
                card = await hub.look(ticket.request.id)
                await asyncio.sleep(0.62)
                # at the last moment, before anybody can have noticed
                moved.unlink() if turn % 2 else moved.touch()
                with suppress(RefusedError):  # it was noticed in time
                    await hub.decide(card, Approve(), quiet_ms=999, focused_ms=999)
                name = ticket.request.id
                await seen(hub, lambda it, name=name: it.ticket(name).stage in UNDONE)
        assert where.acts() == []


async def test_a_page_that_moves_by_itself_elsewhere_can_still_be_answered(
    tmp_path: Path,
) -> None:
    with shop(tmp_path, "a") as where:
        (tmp_path / "a-clock").touch()
        where.start()
        where.employ("a", asks=0)
        async with driving(where) as hub:
            for what in (Approve(), Correct(PickPoint(7, 8)), Approve()):
                ticket = await asked(hub)
                await answer(hub, ticket, what)
                name = ticket.request.id
                await seen(hub, lambda it, name=name: it.ticket(name).stage is Stage.APPLIED)
            assert len(where.acts()) == 3


async def test_a_hub_that_is_killed_mid_approval_carries_it_out_once_at_most(
    tmp_path: Path,
) -> None:
    rng, answered = random.Random(5), list[str]()
    with shop(tmp_path, "a", "b") as where:
        hub_process = where.start()
        where.employ("a", "b", asks=0)
        for _ in range(repeats(2, 200)):
            async with driving(where) as hub:
                await all_working(hub, "ab")
                ticket = await asked(hub)
                card = await hub.look(ticket.request.id)
                await asyncio.sleep(0.62)
                deciding = asyncio.create_task(
                    hub.decide(card, Approve(), quiet_ms=999, focused_ms=999)
                )
                await asyncio.sleep(rng.choice((0, 0.0005, 0.001, 0.002, 0.004, 0.01)))
                hub_process.send_signal(signal.SIGKILL)
                hub_process.wait()
                await asyncio.gather(deciding, return_exceptions=True)
                answered.append(ticket.request.id)
            hub_process = where.start()
            async with driving(where) as hub:
                await all_working(hub, "ab")
                await seen(hub, lambda it: not any(t.stage in PENDING for t in it.tickets.values()))
                last = hub.shift.tickets[answered[-1]]
                done = Counter(each.request for each in where.acts())
                assert done[answered[-1]] == (last.stage is Stage.APPLIED)
        done = Counter(each.request for each in where.acts() if each.request != "-")
        assert set(done.values()) <= {1}
        assert set(done) <= set(answered)
        again = fold(read_shift(where.config.folder))
        assert {it for it in done if again.tickets[it].stage is Stage.APPLIED} == set(done)


async def test_pause_resume_pause_never_carries_out_what_was_pending(tmp_path: Path) -> None:
    with shop(tmp_path, "a") as where:
        where.start()
        worker = where.employ("a", asks=0)
        async with driving(where) as hub:
            for _ in range(repeats(2, 50)):
                ticket = await asked(hub)
                worker.send_signal(signal.SIGSTOP)  # so that the answer is on its way for a while
                await answer(hub, ticket)
                for _ in range(2):
                    await hub.hold("a")
                    await hub.resume("a")
                await hub.hold("a")
                worker.send_signal(signal.SIGCONT)
                name = ticket.request.id
                await seen(hub, lambda it, name=name: it.ticket(name).stage is Stage.DROPPED)
                await hub.resume("a")
        assert where.acts() == []


async def test_a_takeover_outlives_its_terminal(tmp_path: Path) -> None:
    with shop(tmp_path, "a") as where:
        where.start()
        where.employ("a", asks=0)
        async with driving(where) as hub:
            await answer(hub, await asked(hub), TakeOver())
            await hub.act("a", Click(x=4, y=4))
            await eventually(lambda: len(where.acts()) == 1)
        async with driving(where) as hub:
            assert hub.standing("a") in (Standing.HUMAN, Standing.HELD)
            await hub.act("a", Click(x=5, y=5))
            await eventually(lambda: len(where.acts()) == 2)
            await hub.hand_back("a")
            assert hub.standing("a") is Standing.HANDBACK
            await hub.resume("a")
            await asked(hub)
            assert hub.shift.agent("a").watched == 3
            assert len(where.acts()) == 2
        events = [each for each in read_shift(where.config.folder) if isinstance(each, HumanStep)]
        assert [each.deed for each in events] == [
            deed_of(Click(x=4, y=4)),
            deed_of(Click(x=5, y=5)),
        ]


async def test_an_agent_that_is_frozen_or_shows_nothing_new_is_shown_as_stale(
    tmp_path: Path,
) -> None:
    with shop(tmp_path, "a") as where:
        where.start()
        worker = where.employ("a", asks=0x7FFFFFFF)
        async with driving(where) as hub:
            await seen(hub, lambda it: "a" in it.agents and it.agents["a"].episode)
            await eventually(lambda: hub.standing("a") is Standing.RUNNING)
            worker.send_signal(signal.SIGSTOP)
            await eventually(lambda: hub.standing("a") is Standing.STALE)
            worker.send_signal(signal.SIGCONT)
            await eventually(lambda: hub.standing("a") is Standing.RUNNING)
            worker.kill()
            await seen(hub, lambda it: not it.agent("a").is_connected)
            assert hub.standing("a") is Standing.STALE


# Who may come -------------------------------------------------------------------------------------


async def test_strangers_garbage_and_other_versions_are_refused_and_harm_nothing(
    tmp_path: Path,
) -> None:
    rng = random.Random(2)
    with shop(tmp_path, "a") as where:
        process = where.start()
        path = where.config.socket
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        for body in (
            MAGIC + b"\x02" + b"x" * 30,
            b"GET / HTTP/1.1\r\n\r\n",
            PREAMBLE + b"\xff\xff\xff\xff",
            PREAMBLE + b"\0\0\0\x04abcd",
            *(PREAMBLE + rng.randbytes(200) for _ in range(repeats(20, 2000))),
        ):
            with socket.socket(socket.AF_UNIX) as stranger:
                stranger.connect(str(path))
                stranger.sendall(body)
        async with driving(where) as hub:
            assert hub.shift.driver is not None
            assert "test drives" in await refusal(HubClient.drive("other", path=path))
            assert "another hub serves" in await said_by_a_second_hub(where)
            ports = psutil.Process(process.pid).net_connections(kind="inet")
            assert ports == []


async def said_by_a_second_hub(where: Shop) -> str:
    config = where.config
    command = [sys.executable, "-m", "harness.hub", str(config.folder)]
    command += ["--socket", str(config.socket), "--latch", str(config.latch)]
    second = await asyncio.create_subprocess_exec(*command, stderr=subprocess.PIPE)
    _, said = await second.communicate()
    assert second.returncode == 1
    return said.decode()


@pytest.mark.skipif(os.getuid() != 0, reason="takes another user")
async def test_another_user_cannot_come_in_even_where_the_file_lets_them(tmp_path: Path) -> None:
    with shop(tmp_path, "a") as where:
        where.start()
        path = where.config.socket
        for folder in (path.parent, *path.parent.parents):
            if folder.stat().st_uid == os.getuid() and folder != Path("/"):
                folder.chmod(folder.stat().st_mode | 0o111)
        assert said_as_nobody(path) == "PermissionError"
        path.chmod(0o666)
        assert said_as_nobody(path) == "b''"


def said_as_nobody(path: Path) -> str:
    command = ["/usr/bin/python3", "-c", STRANGER, str(path)]
    return subprocess.run(
        command, user="nobody", cwd="/", capture_output=True, text=True, check=True
    ).stdout.strip()


async def test_a_hub_that_cannot_log_ends_and_its_agents_stand_still(tmp_path: Path) -> None:
    with shop(tmp_path, "a") as where:
        hub = where.start()
        where.employ("a", asks=0x7FFFFFFF)
        async with driving(where) as driver:
            await eventually(where.acts)
            before = fold(read_shift(where.config.folder))
            full = log_path(where.config.folder).stat().st_size
            resource.prlimit(hub.pid, resource.RLIMIT_FSIZE, (full, full))
            assert driver.shift.agent("a").held is None
            await refusal(driver.hold("a"))
        assert (
            hub.wait()
        )  # what measures its coverage cannot write either, and has a code of its own
        await asyncio.sleep(2.1)
        count = len(where.acts())
        await asyncio.sleep(0.3)
        assert len(where.acts()) == count
        assert fold(read_shift(where.config.folder)) == before


def test_the_hub_needs_no_model_no_browser_and_no_screens() -> None:
    script = "import sys, harness.hub.__main__; print(*sys.modules)"
    command = [sys.executable, "-c", script]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    heavy = {"torch", "transformers", "playwright", "gymnasium", "scipy", "PIL", "textual", "tui"}
    assert not heavy & set(loaded)


async def _all_said(link: Link) -> None:
    while True:
        await link.read()


async def test_who_is_sent_away_hears_why_whatever_they_were_just_saying(tmp_path: Path) -> None:
    with shop(tmp_path) as where:
        where.start()
        link, _ = await Link.connect(where.config.socket, Drive(name="first"))
        async with driving(where, takes_over=True):
            for _ in range(50):  # unheard, for the hub has done with us
                link.send(Beat(t_ns=time.monotonic_ns()))
                await asyncio.sleep(0.001)
            with pytest.raises(RefusedError, match="somebody else drives"):
                await _all_said(link)
        await link.close()


async def test_a_log_that_was_altered_is_not_gone_on_with(tmp_path: Path) -> None:
    with shop(tmp_path, "a") as where:
        hub = where.start()
        worker = where.employ("a", asks=0)
        async with driving(where) as driver:
            await answer(driver, await asked(driver))
            await seen(driver, lambda it: any(t.answer for t in it.tickets.values()))
            await driver.close_shift()
        assert hub.wait() == 0
        assert worker.wait() == 1  # it was sent away
        folder = where.config.folder
        assert verify(folder / "events-hub.jsonl") is None
        assert len(list(read_log(folder / "events-hub.jsonl"))) >= 3
        body = log_path(folder).read_bytes()
        log_path(folder).write_bytes(body.replace(b"Approve", b"Reject!", 1))
        with pytest.raises(HubLostError):
            start_hub(where.config)
