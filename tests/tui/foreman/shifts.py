"""Shifts told with `Story`: one in which agents stand in every way, and any number by chance."""

from __future__ import annotations

from random import Random

from harness.control import Phase
from harness.hub import events
from harness.hub.proposals import ChooseAlternative
from harness.hub.requests import OPEN, Approve, Correct, Reject, RequestMark, Stage, TakeOver
from harness.hub.state import AgentState
from tests.tui.foreman.story import Story


def morning() -> Story:
    """Return a shift in which every agent stands in a way of its own."""
    story = Story(
        "crm", "billing", "rooms", "reports", "orders", "mail", "stock", "letters", episodes=150
    )
    improvise(story, Random(7), 700)
    crm, billing, rooms, reports, orders, mail, stock, letters = story.agents
    for agent in story.agents:
        _settle(story, agent)
    for agent in (crm, billing, rooms, reports, orders, mail):
        story.begin(agent)
        story.step(agent)
    story.wait(20_000)
    story.ask(billing, 0.52, is_irreversible=True, target="Delete customer")
    story.wait(12_000)
    story.ask(crm, 0.44)
    story.take(rooms)
    story.wait(5_000)
    story.act(rooms)
    story.hold(reports)
    story.tell(events.AgentLost(t_ms=story.t_ms, agent=orders))
    story.begin(stock)
    story.end(stock)
    story.begin(letters)
    story.end(letters, error="the browser crashed")
    story.wait(9_000)
    story.step(mail)
    return story


def _settle(story: Story, agent: str) -> None:
    """Let an agent have nothing to do."""
    state = story.shift.agent(agent)
    if state.held is not None:
        story.resume(agent)
    if state.phase is Phase.TAKEOVER:
        story.hand_back(agent)
        story.resume(agent)
    if state.request:
        story.give_up_asking(state.request)
    if state.phase is not Phase.ENDED and state.episode:
        story.end(agent)


def improvise(story: Story, chance: Random, n: int) -> None:
    """Let that many things happen, whatever may."""
    for _ in range(n):
        story.wait(chance.randrange(40, 1200))
        agent = story.shift.agent(chance.choice(story.agents))
        if agent.held is not None:
            story.resume(agent.name)
        elif agent.request:
            _person(story, agent, chance)
        elif agent.phase is Phase.TAKEOVER:
            _at_the_controls(story, agent, chance)
        elif agent.phase is Phase.ENDED or not agent.episode:
            if story.has_work:
                story.begin(agent.name)
        else:
            _alone(story, agent, chance)


def _person(story: Story, agent: AgentState, chance: Random) -> None:
    ticket = story.shift.ticket(agent.request)
    if ticket.stage not in OPEN:
        return
    if ticket.stage is Stage.QUEUED:
        story.see(agent.request)
        return
    roll = chance.random()
    if roll < 0.1:
        story.give_up_asking(agent.request)
    elif roll < 0.2:
        story.defer(agent.request)
    elif roll < 0.35:
        story.answer(agent.request, Correct(ChooseAlternative(0)))
    elif roll < 0.45:
        story.answer(agent.request, Reject())
    elif roll < 0.5:
        story.answer(agent.request, TakeOver())
    else:
        story.answer(agent.request, Approve())
    if chance.random() < 0.1 and agent.request in story.shift.tickets:
        mark = chance.choice(list(RequestMark))
        story.tell(events.RequestMarked(t_ms=story.t_ms, request=agent.request, mark=mark))


def _at_the_controls(story: Story, agent: AgentState, chance: Random) -> None:
    if chance.random() < 0.6:
        story.act(agent.name)
    else:
        story.hand_back(agent.name)


def _alone(story: Story, agent: AgentState, chance: Random) -> None:
    roll = chance.random()
    if roll < 0.6:
        story.step(agent.name)
    elif roll < 0.75:
        story.ask(agent.name, chance.random())
    elif roll < 0.77:
        story.hold(agent.name)
    elif roll < 0.79:
        story.take(agent.name)
    elif roll < 0.97:
        story.end(agent.name)
    else:
        story.end(agent.name, is_verified=False)
