"""The quickest way to stop agents: imports nothing slow, and needs no process but this."""

from __future__ import annotations

from collections.abc import Sequence

from harness.latch import Latch, Stops


def is_plain_stop(arguments: Sequence[str]) -> bool:
    """Say whether these are the arguments of `understudy stop [AGENT]`, with no option.

    >>> is_plain_stop(["stop"]), is_plain_stop(["stop", "agent-1"])
    (True, True)
    >>> is_plain_stop(["stop", "--release"]), is_plain_stop(["stop", "a", "b"])
    (False, False)
    """
    match arguments:
        case ["stop"]:
            return True
        case ["stop", agent]:
            return not agent.startswith("-")
        case _:
            return False


def halt(agent: str | None) -> str:
    """Stop one agent of this person, or all of them, and return who is stopped now.

    Raises:
        ConfigError: that is no name for an agent.
        LatchError: the latch is not this person's own, or was damaged.
    """
    with Latch() as latch:
        latch.stop(agent)
        return said(latch.stops())


def said(stops: Stops) -> str:
    """Return who is stopped, in words."""
    named = ", ".join(stops.agents)
    if stops.everybody:
        return f"all agents are stopped; by name as well: {named or 'none'}"
    return f"stopped: {named}" if named else "no agent is stopped"
