"""What a person orders of agents by single keys, and what they are asked before it counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.control import Phase
from harness.hub.events import HeldReason
from harness.hub.requests import RequestMark
from harness.hub.state import AgentState
from tui.bridge import Access, is_work_done

if TYPE_CHECKING:
    from tui.app import ForemanApp

_AT_ONCE = frozenset({HeldReason.HUMAN, HeldReason.HANDBACK})
"""Held by the person at the keys, who knows why."""
_WHY = {
    HeldReason.LATCH: "all were stopped",
    HeldReason.DEADMAN: "nobody watched it",
    HeldReason.RESTART: "the hub was started anew",
    HeldReason.EXPIRED: "nobody answered it in time",
    HeldReason.REJECTED: "it wants again what was refused",
    HeldReason.CRASHED: "its process was gone",
}


class Steering:
    """Gives the orders of one person for the agent that they look at.

    Args:
        app: whose keys they press.
    """

    def __init__(self, app: ForemanApp) -> None:
        self._app = app

    def hold(self) -> None:
        """Hold the agent."""
        if agent := self._found():
            self._app.order(
                self._app.orders.hold(agent.name), f"{agent.name} is held; r lets it go"
            )

    def resume(self) -> None:
        """Let it go on; what the person did not stop themselves takes a second press."""
        app, agent = self._app, self._found()
        if agent is None:
            return
        if agent.held is None:
            app.say(f"{agent.name} is not held")
            return
        if app.bridge.shift.is_latched:
            app.say("all are stopped: U takes that back, then r for each agent")
            return
        if agent.held not in _AT_ONCE and not self._again(f"resume {agent.name}"):
            app.say(f"{agent.name} is held: {_WHY[agent.held]}; press r again to let it go on")
            return
        app.order(app.orders.resume(agent.name), f"{agent.name} goes on")

    def take(self) -> None:
        """Go to where the agent can be taken over."""
        if self._found() is not None:
            self._app.call_later(self._app.switch_mode, "takeover")

    def release_latch(self) -> None:
        """Take back the stop of everybody, on a second press."""
        app = self._app
        if not self._again("release"):
            app.say("press U again to take back the stop; each agent stays held until its r")
            return
        app.order(app.orders.release_latch(), "the stop is taken back; r lets each agent go on")

    def mark_moment(self) -> None:
        """Label what the agent does now."""
        if agent := self._found():
            mark = RequestMark.EARLIER
            self._app.order(
                self._app.orders.mark_moment(agent.name, mark), f"noted: {agent.name} {mark}"
            )

    def leave(self) -> None:
        """Leave; whoever drives is told first that nobody else does."""
        app = self._app
        if app.bridge.access is not Access.DRIVER or app.bridge.shift.is_closed:
            app.exit()
        elif is_work_done(app.bridge.shift):
            self._close()
        elif self._again("leave"):
            app.exit()
        else:
            app.say("q again: leave, agents are held until somebody drives · E: end the shift")

    def end_shift(self) -> None:
        """End the shift for everybody, on a second press."""
        if self._again("end"):
            self._close()
        else:
            self._app.say("E again: end the shift for everybody; open requests are withdrawn")

    def go_on_with_takeover(self) -> None:
        """Show the controls that the person had before this terminal was started anew."""
        app = self._app
        if app.bridge.access is not Access.DRIVER:
            return
        taken = [it for it in app.bridge.shift.agents.values() if it.phase is Phase.TAKEOVER]
        if taken:
            app.selected = taken[0].name
            app.call_later(app.switch_mode, "takeover")

    # Parts ----------------------------------------------------------------------------------------

    def _close(self) -> None:
        self._app.is_ending = True
        self._app.order(self._app.orders.close_shift())

    def _found(self) -> AgentState | None:
        if self._app.agent is None:
            self._app.say("there is no agent yet")
        return self._app.agent

    def _again(self, subject: str) -> bool:
        hands = self._app.hands
        return self._app.confirm.again(subject, hands.key_ms, hands.rest_ms)
