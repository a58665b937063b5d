"""A person at an agent's controls: what they do there, and how long each part of it takes."""

from __future__ import annotations

from harness.measure.events import ContactClosed, ContactKind, ContactOpened
from harness.modes.agent import Agent
from harness.modes.operators import Operator, Question, Request
from harness.tasks.experts.playing import PlayedPage
from recorder.schema import Action


class Contact:
    """One contact; its clock is the agent's, which does nothing meanwhile.

    Args:
        agent: that is attended to.
        request: what the person came for.
        t_ms: when their attention is free for it.
    """

    def __init__(self, agent: Agent, request: Request, t_ms: int) -> None:
        agent.pass_time(t_ms - agent.now_ms)
        self._agent = agent
        self._request = request
        self._notice_ms = self._engage_ms = t_ms
        self._first_action_ms: int | None = None
        self._actions = 0
        self._place = len(agent.events)

    @property
    def page(self) -> PlayedPage:
        """The page, for experts that act in a person's place."""
        return self._agent.page

    @property
    def now_ms(self) -> int:
        """Virtual time."""
        return self._agent.now_ms

    @property
    def is_over(self) -> bool:
        """The episode has ended."""
        return self._agent.is_page_over

    def spend(self, seconds: float) -> None:
        """Let the person's time pass; the page stands still."""
        self._agent.pass_time(round(1000 * seconds))

    def engage(self) -> None:
        """Note that they are there: what lies before was noticing and switching."""
        self._engage_ms = self.now_ms

    async def act(self, action: Action, ms: int) -> None:
        """Do one action by their hands, which takes them so long.

        Raises:
            InfrastructureError: the page is gone.
        """
        step = await self._agent.obey(action, ms)
        self._actions += 1
        if self._first_action_ms is None:
            self._first_action_ms = step.t_ms

    def close(self, kind: ContactKind) -> None:
        """Write down what it was; they let go."""
        agent, request, key = self._agent, self._request, self._request.planned.key
        opened = ContactOpened(
            episode=key,
            contact=kind,
            initiator=request.initiator,
            t_request_ms=request.asked_ms,
            t_notice_ms=self._notice_ms,
            t_engage_ms=self._engage_ms,
        )
        # what kind it was is known at its end, and told at its beginning
        agent.events.insert(self._place, opened)
        closed = ContactClosed(
            episode=key,
            t_first_action_ms=self._first_action_ms,
            t_release_ms=self.now_ms,
            n_actions=self._actions,
        )
        agent.events.append(closed)
        agent.hands_on_ms += self.now_ms - self._engage_ms


async def attend(agent: Agent, request: Request, operator: Operator, t_ms: int) -> None:
    """Let a person do what a request needs; when they let go, the agent can work on or is over.

    Args:
        agent: that asked.
        request: of it.
        operator: who comes.
        t_ms: when their attention is free.

    Raises:
        InfrastructureError: the page is gone.
    """
    contact = Contact(agent, request, t_ms)
    kind = await operator.handle(request, contact)
    contact.close(kind)
    if kind is ContactKind.RESET or agent.is_page_over:
        agent.end()
    elif kind is ContactKind.APPROVAL and isinstance(request, Question):
        agent.allow(request.decision)
