"""Who holds the controls of an agent, how they change hands, and what decides for it."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from harness.errors import ConfigError, TransitionError
from recorder.schema import AgentContext, Decision, Thresholds

# Phases -------------------------------------------------------------------------------------------


class Phase(StrEnum):
    """Who holds the controls of an agent."""

    AUTONOMOUS = "autonomous"
    """Its policy."""
    ASKING = "asking"
    """Nobody: it waits for a person."""
    TAKEOVER = "takeover"
    """A person."""
    ENDED = "ended"
    """Nobody, for good: its episode is over."""


ALLOWED: Mapping[Phase, frozenset[Phase]] = MappingProxyType(
    {
        # an answer, or a request that is withdrawn, leads from asking straight back to the policy
        Phase.AUTONOMOUS: frozenset({Phase.ASKING, Phase.TAKEOVER, Phase.ENDED}),
        Phase.ASKING: frozenset({Phase.AUTONOMOUS, Phase.TAKEOVER, Phase.ENDED}),
        Phase.TAKEOVER: frozenset({Phase.AUTONOMOUS, Phase.ENDED}),
        Phase.ENDED: frozenset(),
    }
)
"""Where each phase can lead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """The controls of an agent changed hands."""

    source: Phase
    target: Phase
    t_ms: int
    reason: str


def hand_over(source: Phase, target: Phase, *, t_ms: int, reason: str) -> Handover:
    """Return the handover from one phase to another.

    >>> hand_over(Phase.ASKING, Phase.TAKEOVER, t_ms=1200, reason="wrong page").target
    <Phase.TAKEOVER: 'takeover'>

    Raises:
        TransitionError: the one does not lead to the other.
    """
    if target not in ALLOWED[source]:
        allowed = ", ".join(phase for phase in Phase if phase in ALLOWED[source]) or "nothing"
        raise TransitionError(f"cannot go from {source} to {target}; allowed: {allowed}")
    return Handover(source=source, target=target, t_ms=t_ms, reason=reason)


# Policies -----------------------------------------------------------------------------------------


class Policy(Protocol):
    """Anything that decides; what else it may have is asked for by the functions below."""

    def decide(self, batch: Sequence[AgentContext]) -> list[Decision]:
        """Return a decision for each agent, in their order."""
        ...


def thresholds_of(policy: Policy) -> Thresholds | None:
    """Return when a policy should ask, None where it does not say.

    Raises:
        ConfigError: what it says are no thresholds.
    """
    found: Any = getattr(policy, "thresholds", None)
    if found is None or isinstance(found, Thresholds):
        return found
    raise ConfigError(
        f"{type(policy).__name__}.thresholds is a {type(found).__name__}; allowed: Thresholds, None"
    )


def failures_of(policy: Policy) -> Mapping[str, int]:
    """Return how often something outside a policy failed it, by reason: its `failures`, if any."""
    found: Mapping[str, int] = getattr(policy, "failures", {})
    return {str(reason): count for reason, count in found.items()}


def is_waiting(policy: Policy) -> bool:
    """Say whether a policy waits for somebody else when it decides: its `waits`, if any."""
    return bool(getattr(policy, "waits", False))


async def decide(policy: Policy, context: AgentContext) -> Decision:
    """Return what a policy decides for one agent; one that waits does so in a thread."""
    # alone: in a batch, the last bits of its figures would depend on the others
    if is_waiting(policy):  # and the pages of other agents would hang meanwhile
        (decision,) = await asyncio.to_thread(policy.decide, [context])
    else:
        (decision,) = policy.decide([context])
    return decision


def load_policy(spec: str) -> Policy:
    """Return what a factory makes: `package:factory`, or `package:factory@argument`.

    A package is looked for among those installed, then in the current folder.

    Raises:
        ConfigError: there is no such factory, it takes no such argument, or makes no policy.
    """
    path, _, rest = spec.partition(":")
    name, at, argument = rest.partition("@")
    if not path or not name:
        raise ConfigError(f"no policy {spec!r}; allowed: package:factory, package:factory@argument")
    made: Any = _called(spec, _factory(spec, path, name), (argument,) if at else ())
    if not callable(getattr(made, "decide", None)):
        raise ConfigError(f"{spec!r} made a {type(made).__name__}, which has no method decide")
    return made


def _factory(spec: str, path: str, name: str) -> Callable[..., Any]:
    here = str(Path.cwd())
    if here not in sys.path:  # a console script does not look where it was called
        sys.path.append(here)
    try:
        return getattr(importlib.import_module(path), name)
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"no policy {spec!r}: {error}") from error


def _called(spec: str, factory: Callable[..., Any], arguments: Sequence[str]) -> Any:
    try:
        inspect.signature(factory).bind(*arguments)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{spec!r} cannot be called: {error}") from error
    return factory(*arguments)
