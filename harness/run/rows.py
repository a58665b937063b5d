"""The rows of a suite: which policy plays each, what makes it ask, and what the person does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType
from typing import TypeVar

from harness.errors import ConfigError
from harness.measure.report.rows import NEVER_ASK, ORACLE, OURS, RANDOM_TRIGGER, RowName
from harness.modes.triggers import OperatorMode, TriggerName
from harness.run.manifests import Episodes, Forward, Shifts, Work

Choice = TypeVar("Choice")

ALWAYS_ASK, HUMAN_ONLY, RANDOM, NULL = "always-ask", "human-only", "random", "null"
ROWS = (OURS, NULL, RANDOM, NEVER_ASK, ALWAYS_ASK, HUMAN_ONLY, ORACLE)
"""The rows of every table; all but the first are there to be compared with."""
FORWARD_ROWS = (OURS, NULL, RANDOM)
"""Those that make sense where nobody asks: what an agent proposes is clicked or ignored."""

_NULL_POLICY = "harness.agents.reference:Null"
_RANDOM_POLICY = "harness.agents.reference:Random@7"


@dataclass(frozen=True, slots=True, kw_only=True)
class Casting:
    """Who plays a row."""

    policy: str
    """`package:factory`, with its argument."""
    trigger: TriggerName
    operator: OperatorMode = OperatorMode.HELPS


_OWN_POLICY: Mapping[str, TriggerName] = MappingProxyType(
    {OURS: "own", NEVER_ASK: "never", ALWAYS_ASK: "always", ORACLE: "oracle"}
)
_OTHERS: Mapping[str, Casting] = MappingProxyType(
    {
        NULL: Casting(policy=_NULL_POLICY, trigger="never"),
        RANDOM: Casting(policy=_RANDOM_POLICY, trigger="never"),
        HUMAN_ONLY: Casting(policy=_NULL_POLICY, trigger="never", operator=OperatorMode.DOES_ALL),
    }
)


def cast(name: RowName, policy: str) -> Casting:
    """Return who plays a row of a suite that is about a policy.

    >>> cast(RowName.parse("ours@0.7"), "they:agent").trigger
    'own:0.7'

    Raises:
        ConfigError: there is no such row, or it takes no setting, or wants one.
    """
    row, setting = name.row, name.setting
    if name.training and row != OURS:
        raise ConfigError(f"no row {str(name)!r}: only {OURS} has several trainings")
    if setting is not None and row in (OURS, RANDOM_TRIGGER):
        kind = "own" if row == OURS else "random"
        return Casting(policy=policy, trigger=f"{kind}:{setting:g}")
    if setting is None and row in _OTHERS:
        return _OTHERS[row]
    if setting is None and row in _OWN_POLICY:
        return Casting(policy=policy, trigger=_OWN_POLICY[row])
    raise ConfigError(
        f"no row {str(name)!r}; allowed: {', '.join(ROWS)}, {OURS}@THRESHOLD, "
        f"{RANDOM_TRIGGER}@SHARE"
    )


def usual_rows(work: Work) -> tuple[str, ...]:
    """Return the rows of a table about some work, if none is named."""
    return FORWARD_ROWS if isinstance(work, Forward) else ROWS


def rows_of(
    work: Work,
    rows: Sequence[str] = (),
    n_agents: Sequence[int] = (),
    allocators: Sequence[str] = (),
) -> tuple[str, ...]:
    """Return the names of all rows of a suite on some work.

    On shifts our own policy plays with every number of agents and every allocator, and the others
    with those of the reference. A single agent leaves nothing to allocate: one allocator will do.

    Args:
        work: of the manifest.
        rows: such as `ours`, `null` or `ours@0.7`; all that make sense, if none is named.
        n_agents: on shifts, only these numbers of agents.
        allocators: on shifts, only these.

    Raises:
        ConfigError: a row, a number of agents or an allocator is not in the manifest.
    """
    names = [RowName.parse(row) for row in dict.fromkeys(rows or usual_rows(work))]
    for name in names:
        cast(name, "")
        if isinstance(work, Forward) and name.row not in FORWARD_ROWS:
            raise ConfigError(
                f"no row {str(name)!r} in fast-forward; allowed: {', '.join(FORWARD_ROWS)}"
            )
    match work:
        case Shifts():
            return tuple(_on_shifts(work, names, n_agents, allocators))
        case Episodes() | Forward():
            if n_agents or allocators:
                raise ConfigError("only a manifest of shifts has agents and allocators to choose")
            return tuple(map(str, names))


def with_trainings(rows: Sequence[str], trainings: int) -> tuple[str, ...]:
    """Return rows with ours once for each training of the policy.

    >>> with_trainings(("ours", "null"), 3)
    ('ours#0', 'ours#1', 'ours#2', 'null')
    """
    if trainings == 1:
        return tuple(rows)
    return tuple(
        each
        for row in rows
        for each in ([f"{OURS}#{n}" for n in range(trainings)] if row == OURS else [row])
    )


def _on_shifts(
    work: Shifts, names: Sequence[RowName], n_agents: Sequence[int], allocators: Sequence[str]
) -> list[str]:
    numbers = _chosen("number of agents", n_agents, work.n_agents)
    chosen = _chosen("allocator", allocators, work.allocators)
    one = work.reference[1] if work.reference[1] in chosen else chosen[-1]
    conditions = [
        (number, allocator)
        for number, allocator in product(numbers, chosen)
        if number > 1 or allocator == one
    ]
    number = work.reference[0] if work.reference[0] in numbers else numbers[-1]
    return [
        f"{name}/N={n}/{allocator}"
        for name in names
        for n, allocator in (conditions if name.row == OURS else [(number, one)])
    ]


def _chosen(what: str, asked: Sequence[Choice], known: Sequence[Choice]) -> tuple[Choice, ...]:
    if strange := [str(each) for each in asked if each not in known]:
        allowed = ", ".join(map(str, known))
        raise ConfigError(f"no {what} {', '.join(strange)} in the manifest; allowed: {allowed}")
    return tuple(each for each in known if not asked or each in asked)
