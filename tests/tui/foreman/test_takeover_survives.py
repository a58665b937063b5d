"""Takeovers belong to the hub, not to a terminal; and no agent is shown as what it says it is."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.control import Phase
from harness.hub.client import HubClient
from harness.hub.events import HeldReason
from harness.hub.launch import start_hub, start_player
from harness.hub.playing import PlayerConfig
from harness.hub.state import Shift
from harness.measure.events import Manifest, PlannedEpisode
from harness.tasks.registry import web_task
from tests.harness.hub.shop import ROOT, Shop, eventually, seen, shop
from tests.tui.foreman.liars import LIARS
from tests.tui.foreman.terminal import foreman, terminal

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

F10 = b"\x1b[21~"
AGENT = "agent-1"
_READ_S = 0.7


def is_taken(shift: Shift) -> bool:
    return AGENT in shift.agents and shift.agent(AGENT).phase is Phase.TAKEOVER


def hired(where: Shop) -> None:
    """Start a hub, and one agent that asks on a real page."""
    human = web_task("miniwob-click-test").human
    items = (PlannedEpisode(task="miniwob-click-test", seed=5, human=human),)
    policy = "tests.tui.foreman.apprentice:apprentice"
    config = replace(where.config, manifest=Manifest(plan=items, policy=policy))
    where.processes.append(start_hub(config))
    playing = PlayerConfig(
        policy=policy,
        agents=(AGENT,),
        items=items,
        socket=str(config.socket),
        latch=str(config.latch),
    )
    where.processes.append(start_player(playing, cwd=Path.cwd()))


@pytest.mark.browser
async def test_a_takeover_survives_the_terminal(tmp_path: Path) -> None:
    with shop(tmp_path) as where:
        hired(where)
        config = where.config
        assert config.latch
        async with await HubClient.view("test", path=config.socket) as hub:
            with terminal(foreman(config.socket, config.latch)) as first:
                await seen(hub, lambda it: it.queue)
                # what is typed before the terminal is up is lost
                await eventually(lambda: "asks ·" in first.text())
                first.press(b"t")
                await eventually(lambda: "LOOKING AT agent-1" in first.text())
                first.press(F10)
                await seen(hub, is_taken)
                await eventually(lambda: "YOU HAVE agent-1" in first.text())
                os.kill(first.pid, signal.SIGKILL)
            await seen(hub, lambda it: it.agent(AGENT).held is HeldReason.DEADMAN)
            assert is_taken(hub.shift)
            with terminal(foreman(config.socket, config.latch)) as second:
                await eventually(lambda: "YOU HAVE agent-1" in second.text())
                # the only button of the page has no focus yet
                second.press(b"\t")
                await asyncio.sleep(_READ_S)
                second.press(b"\r")
                ended = await seen(hub, lambda it: it.run.ended)
                (episode,) = ended.run.ended.values()
                assert episode.end
                assert episode.end.is_verified


async def test_no_agent_is_shown_as_what_it_says_of_itself(tmp_path: Path) -> None:
    with shop(tmp_path, *LIARS) as where:
        where.start()
        config = where.config
        assert config.latch
        with terminal(foreman(config.socket, config.latch)) as screen:
            script = str(Path(__file__).with_name("liars.py"))
            environment = {**os.environ, "PYTHONPATH": str(ROOT)}
            command = [sys.executable, script, str(config.socket)]
            where.processes.append(subprocess.Popen(command, cwd=ROOT, env=environment))
            for number, word in ((1, "?stale"), (2, "◌unsure"), (3, "◌unsure")):
                await eventually(lambda row=f"{number} {word}": row in screen.text())
            shown = screen.text()
            assert "●run" not in shown
            assert "✔done" not in shown
