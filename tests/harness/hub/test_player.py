"""A real page under the hub: the agent asks, a person answers by the hub, the checker says so."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from harness.hub.client import HubClient
from harness.hub.launch import start_hub, start_player
from harness.hub.playing import PlayerConfig
from harness.hub.proposals import DoInstead, deed_of
from harness.hub.requests import Approve, Correct, Stage, TakeOver, Ticket
from harness.hub.shift_log import read_shift
from harness.hub.standing import Standing
from harness.hub.steps import steps_of
from harness.measure.events import ContactKind, Manifest, PlannedEpisode
from harness.measure.log import read_log, verify
from harness.measure.state import fold
from harness.tasks.registry import web_task
from recorder.schema import AgentContext, Click, Controller, Decision, Wait
from tests.harness.hub.shop import Process, Shop, answer, asked, driving, seen, shop
from tests.harness.modes.rehearsal import DOUBTING

pytestmark = [pytest.mark.slow, pytest.mark.browser]

TASK = "miniwob-click-test"


class Doubter:
    """Sees the button, and doubts it; where there is none it waits."""

    thresholds = DOUBTING

    def decide(self, batch: Sequence[AgentContext]) -> list[Decision]:
        """Return a click on the button of each page."""
        return [self._decision(each) for each in batch]

    def _decision(self, context: AgentContext) -> Decision:
        for element in context.observation.elements:
            if element.role == "button":
                x, y, width, height = element.box
                click = Click(x=x + width // 2, y=y + height // 2)
                return Decision(click, p_accept=0.3, novelty=0.5)
        return Decision(Wait(duration_ms=100), p_accept=0.9, novelty=0.5)


def doubter() -> Doubter:
    """Return a policy that always asks before it clicks."""
    return Doubter()


def plan(n: int) -> tuple[PlannedEpisode, ...]:
    human = web_task(TASK).human
    return tuple(PlannedEpisode(task=TASK, seed=each, human=human) for each in range(n))


async def paused_while_approved(hub: HubClient, player: Process) -> None:
    """Approve, and hold and resume while the answer is on its way: nothing comes of it."""
    ticket = await asked(hub)
    player.send_signal(signal.SIGSTOP)
    await answer(hub, ticket)
    for _ in range(2):
        await hub.hold("agent-0")
        await hub.resume("agent-0")
    player.send_signal(signal.SIGCONT)
    await seen(hub, lambda it: it.ticket(ticket.request.id).stage is Stage.DROPPED)
    assert hub.shift.agent("agent-0").n_steps == 0


async def asked_anew(hub: HubClient, before: Ticket) -> Ticket:
    """Return the request that comes after one was carried out."""
    name = before.request.id
    await seen(hub, lambda it: it.queue and it.ticket(name).stage is Stage.APPLIED)
    return hub.shift.queue[0]


async def test_a_shift_on_a_real_page_is_helped_and_scored(tmp_path: Path) -> None:
    where = Shop(tmp_path, ())
    items = plan(3)
    config = replace(
        where.config, manifest=Manifest(plan=items, policy="tests.harness.hub.test_player:doubter")
    )
    playing = PlayerConfig(
        policy=config.manifest.policy,
        agents=("agent-0",),
        items=items,
        socket=str(config.socket),
        latch=str(config.latch),
    )
    with shop(tmp_path) as where:
        where.processes.append(start_hub(config))
        async with driving(where) as hub:
            player = start_player(playing, cwd=Path.cwd())
            where.processes.append(player)
            await paused_while_approved(hub, player)
            approved = await asked(hub)
            assert approved.request.target is not None
            assert approved.request.target_text.text == "Click Me!"
            assert hub.standing("agent-0") is Standing.ASKING
            await answer(hub, approved, Approve())
            corrected = await asked_anew(hub, approved)
            x, y = corrected.request.proposed.points[0]
            await answer(hub, corrected, Correct(DoInstead(deed_of(Click(x=x, y=y)))))
            taken = await asked_anew(hub, corrected)
            await answer(hub, taken, TakeOver())
            x, y = taken.request.proposed.points[0]
            await hub.act("agent-0", Click(x=9999, y=0))  # beside the page: nothing happens
            await hub.act("agent-0", Click(x=x, y=y))
            await seen(hub, lambda it: len(it.run.ended) == 3)
            assert hub.standing("agent-0") is Standing.VERIFIED
            stages = [each.stage for each in hub.shift.tickets.values()]
            assert stages == [Stage.DROPPED, *[Stage.APPLIED] * 3]
            assert player.wait() == 0
            await hub.close_shift()
    assert verify(config.folder / "events-hub.jsonl") is None
    run = fold(read_log(config.folder / "events-hub.jsonl"))
    contacts = [each.kind for it in run.ended.values() for each in it.contacts]
    assert sorted(contacts) == sorted(
        [ContactKind.APPROVAL, ContactKind.CORRECTION, ContactKind.TAKEOVER]
    )
    assert all(it.end and it.end.is_verified for it in run.ended.values())
    steps = steps_of(read_shift(config.folder), config.folder)
    assert [each.controller for each in steps] == [Controller.HUMAN] * 2
    assert all(each.observation.goal and each.target for each in steps)
