"""A shift told event by event, each as a hub could have kept it, with pages that are drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.gate import Reason
from harness.hub import events
from harness.hub.events import HeldReason, HubEvent
from harness.hub.pictures import Pictures, hash_of
from harness.hub.proposals import Proposal, deed_of, proposal
from harness.hub.reducer import reduce
from harness.hub.requests import (
    Approve,
    Correct,
    Defer,
    FinalAnswer,
    HelpRequest,
    Reject,
    Stage,
    TakeOver,
)
from harness.hub.shift_log import ShiftLog
from harness.hub.state import Shift
from harness.hub.untrusted import shown
from harness.measure.events import (
    ContactClosed,
    ContactKind,
    ContactOpened,
    EpisodeEnded,
    EpisodeStarted,
    HelpRequested,
    Initiator,
    IrreversibleAct,
    Manifest,
    PlannedEpisode,
    RunEvent,
    StepTaken,
)
from harness.tasks.task import HumanTime
from recorder.schema import Click, Controller, Element

TASKS = ("pay-invoice", "merge-contacts", "book-room", "file-report", "enter-order")
_START_NS = 1_760_000_000_000_000_000
_BUTTON = (20, 150, 120, 30)
_KINDS = {
    Approve: ContactKind.APPROVAL,
    Reject: ContactKind.CLARIFICATION,
    Correct: ContactKind.CORRECTION,
    TakeOver: ContactKind.TAKEOVER,
}


def page(number: int) -> NDArray[np.uint8]:
    """Return a page of 160 x 210 px: a bar, lines of text, and a button; each number another."""
    pixels = np.full((210, 160, 3), 244, np.uint8)
    pixels[:18] = (40 + 37 * number % 160, 80 + 23 * number % 120, 150)
    for line in range(4):
        top = 36 + 24 * line
        pixels[top : top + 8, 14 : 40 + (29 * (number + line)) % 100] = 90
    left, top, width, height = _BUTTON
    pixels[top : top + height, left : left + width] = (200, 90, 40 + 11 * number % 150)
    return pixels


def manifest(episodes: int) -> Manifest:
    """Return a plan of that many episodes, the tasks in turn."""
    return Manifest(
        plan=tuple(
            PlannedEpisode(
                task=TASKS[each % len(TASKS)],
                seed=each,
                human=HumanTime(seconds=30.0 + 7 * (each % len(TASKS)), sd_log=0.4, n=30),
            )
            for each in range(episodes)
        ),
        policy="tests:story",
    )


class Story:
    """Tells a shift; `shift` is what was told so far.

    Args:
        agents: by name, all of whom join.
        episodes: planned.
    """

    def __init__(self, *agents: str, episodes: int = 60) -> None:
        self.agents = agents
        self.events: list[HubEvent] = []
        self.pictures: dict[str, NDArray[np.uint8]] = {}
        self.shift = Shift()
        self.t_ms = 0
        self._numbers = dict.fromkeys(agents, 0)
        self._left = list(manifest(episodes).plan)
        self._asked = 0
        self.tell(
            events.ShiftOpened(t_ms=0, manifest=manifest(episodes), realtime_ns=_START_NS),
            events.DriverCame(t_ms=0, name=shown("anna")),
            *(events.AgentJoined(t_ms=0, agent=each, worker="worker-1") for each in agents),
        )

    def tell(self, *told: HubEvent) -> None:
        """Tell what happened."""
        for event in told:
            self.shift = reduce(self.shift, event)
            self.events.append(event)

    def wait(self, ms: int) -> None:
        """Let time pass."""
        self.t_ms += ms

    def write(self, folder: Path) -> Path:
        """Write it as the hub would, and return the folder."""
        opened, *rest = self.events
        assert isinstance(opened, events.ShiftOpened)
        log = ShiftLog(folder, opened)
        for event in rest:
            log.append(event)
        log.close()
        for pixels in self.pictures.values():
            Pictures(folder / "pictures").keep(pixels)
        return folder

    @property
    def has_work(self) -> bool:
        """Episodes are planned that nobody has begun."""
        return bool(self._left)

    # What agents do -------------------------------------------------------------------------------

    def begin(self, agent: str) -> None:
        """Start the next episode that was planned."""
        self.happen(agent, EpisodeStarted(t_ms=self.t_ms, planned=self._left.pop(0), agent=agent))

    def step(self, agent: str, controller: Controller = Controller.POLICY) -> None:
        """Do something."""
        episode = self.shift.agent(agent).episode
        self.happen(
            agent,
            StepTaken(
                episode=episode,
                t_ms=self.t_ms,
                controller=controller,
                action="click",
                duration_ms=100,
                p_accept=0.9,
                novelty=0.4,
            ),
        )

    def end(self, agent: str, *, is_verified: bool = True, error: str = "") -> None:
        """Come to the end of an episode."""
        episode = self.shift.agent(agent).episode
        if not is_verified and not error:
            act = IrreversibleAct(episode=episode, t_ms=self.t_ms, controller=Controller.POLICY)
            self.happen(agent, act)
        ended = EpisodeEnded(
            episode=episode,
            t_ms=self.t_ms,
            is_verified=is_verified,
            hands_on_s=0.0,
            infrastructure_error=error,
        )
        self.happen(agent, ended)

    def ask(
        self, agent: str, p: float = 0.4, *, is_irreversible: bool = False, target: str = "Submit"
    ) -> str:
        """Ask for help, and return the id of the request."""
        state = self.shift.agent(agent)
        self._asked += 1
        pixels = page(self._asked)
        self.pictures[hash_of(pixels)] = pixels
        asked = HelpRequested(episode=state.episode, t_ms=self.t_ms, initiator=Initiator.AGENT)
        self.happen(agent, asked)
        request = HelpRequest(
            id=f"{0xA41F + self._asked:04x}-{agent}",
            agent=agent,
            episode=state.episode,
            step=state.n_steps,
            reason=Reason.IRREVERSIBLE if is_irreversible else Reason.RISK,
            initiator=Initiator.AGENT,
            proposed=_click(target, p),
            alternatives=(_click("Delete draft", p / 2),),
            novelty=0.31,
            frame=hash_of(pixels),
            size=(160, 210),
            target=_BUTTON,
            target_text=shown(target),
            goal=shown(f"Do it as {agent} does, then press Submit."),
            title=shown(f"{state.episode.partition('/')[0]} - Office"),
            url=shown("https://office.example/form"),
            is_irreversible=is_irreversible,
            deadline_ms=self.t_ms + 300_000,
        )
        self.tell(events.Raised(t_ms=self.t_ms, number=self._number(agent), request=request))
        return request.id

    def give_up_asking(self, request: str, stage: Stage = Stage.WITHDRAWN) -> None:
        """Need no help any more."""
        agent = self.shift.ticket(request).request.agent
        number = self._number(agent)
        self.tell(
            events.Withdrawn(
                t_ms=self.t_ms, request=request, agent=agent, number=number, stage=stage
            )
        )

    def happen(self, agent: str, event: RunEvent) -> None:
        """Let something of the run happen."""
        number = self._number(agent)
        self.tell(events.Happened(t_ms=self.t_ms, agent=agent, number=number, event=event))

    # What people do -------------------------------------------------------------------------------

    def see(self, request: str) -> None:
        """Turn to a request."""
        self.tell(events.Seen(t_ms=self.t_ms, request=request))

    def answer(self, request: str, answer: FinalAnswer) -> None:
        """Say what is to be done, and have it done."""
        ticket = self.shift.ticket(request)
        seen_ms = ticket.receipts[-1].t_ms
        deed = "" if isinstance(answer, Reject | TakeOver) else ticket.request.proposed.deed
        self.tell(
            events.Answered(t_ms=self.t_ms, request=request, answer=answer, deed=deed),
            events.Sent(t_ms=self.t_ms, request=request),
        )
        agent = ticket.request.agent
        self.happen(agent, self._contact(request, _KINDS[type(answer)], seen_ms))
        self._applied(request)
        if not isinstance(answer, TakeOver):
            self._release(agent)
            self.step(agent)

    def defer(self, request: str) -> None:
        """Leave it for later."""
        self.tell(events.Answered(t_ms=self.t_ms, request=request, answer=Defer()))

    def take(self, agent: str) -> None:
        """Take over unasked."""
        self.tell(events.TookOver(t_ms=self.t_ms, agent=agent))
        episode = self.shift.agent(agent).episode
        self.happen(
            agent,
            ContactOpened(
                episode=episode,
                contact=ContactKind.TAKEOVER,
                initiator=Initiator.HUMAN,
                t_request_ms=None,
                t_notice_ms=self.t_ms,
                t_engage_ms=self.t_ms,
            ),
        )

    def act(self, agent: str) -> None:
        """Do something at the controls."""
        state = self.shift.agent(agent)
        pixels = page(100 + self._numbers[agent])
        self.pictures[hash_of(pixels)] = pixels
        step = events.HumanStep(
            t_ms=self.t_ms,
            agent=agent,
            number=self._number(agent),
            episode=state.episode,
            goal="do it",
            deed=deed_of(Click(x=80, y=165)),
            words=shown('click button "Submit" (80, 165)'),
            frame=hash_of(pixels),
            cursor=(80, 165),
            t_ns=self.t_ms * 1_000_000,
            end_ns=self.t_ms * 1_000_000 + 1,
        )
        self.tell(step)
        self.step(agent, Controller.HUMAN)

    def hand_back(self, agent: str) -> None:
        """Let go."""
        self._release(agent)
        self.tell(events.HandedBack(t_ms=self.t_ms, agent=agent))

    def hold(self, agent: str, reason: HeldReason = HeldReason.HUMAN) -> None:
        """Stop an agent."""
        self.tell(events.Held(t_ms=self.t_ms, agent=agent, reason=reason))

    def resume(self, agent: str) -> None:
        """Let it go on."""
        self.tell(events.Released(t_ms=self.t_ms, agent=agent))

    # Parts ----------------------------------------------------------------------------------------

    def _number(self, agent: str) -> int:
        self._numbers[agent] += 1
        return self._numbers[agent]

    def _contact(self, request: str, kind: ContactKind, seen_ms: int) -> ContactOpened:
        ticket = self.shift.ticket(request)
        return ContactOpened(
            episode=ticket.request.episode,
            contact=kind,
            initiator=Initiator.AGENT,
            t_request_ms=ticket.raised_ms,
            t_notice_ms=seen_ms,
            t_engage_ms=seen_ms,
        )

    def _applied(self, request: str) -> None:
        agent = self.shift.ticket(request).request.agent
        number = self._number(agent)
        self.tell(events.Applied(t_ms=self.t_ms, request=request, agent=agent, number=number))

    def _release(self, agent: str) -> None:
        episode = self.shift.agent(agent).episode
        self.happen(
            agent,
            ContactClosed(
                episode=episode, t_first_action_ms=None, t_release_ms=self.t_ms, n_actions=1
            ),
        )


def _click(button: str, p: float) -> Proposal:
    left, top, width, height = _BUTTON
    element = Element(role="button", box=_BUTTON, text=button)
    return proposal(Click(x=left + width // 2, y=top + height // 2), p, (element,))
