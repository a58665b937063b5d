"""When the light is on: the rest of the page's task is understood, and worth a click."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from harness.modes.fast_forward.planning import Plan
from harness.tasks.keystrokes import seconds
from recorder.schema import Action, Thresholds

SURE = 0.9
"""What the acceptance of a whole plan has to reach."""


class Offer(Protocol):
    """A plan, and what it would save."""

    @property
    def plan(self) -> Plan:
        """What the policy would do from here on."""
        ...

    @property
    def left_s(self) -> float:
        """Human baseline seconds of what is left."""
        ...


def is_lit(offer: Offer, thresholds: Thresholds, *, least_s: float = 0.0) -> bool:
    """Say whether the light is on.

    It is where the plan reaches to the end of the page's task, or to a last step whose result has
    to be seen; where a person would accept all of it; where nothing on the way is novel; and where
    more is left than a click costs.

    Args:
        offer: what a click would run.
        thresholds: of the policy.
        least_s: what a click costs.
    """
    plan = offer.plan
    # the policy's own threshold is for single actions: the planner holds each of them to it
    is_sure = plan.p_accept >= SURE
    is_known = plan.novelty >= thresholds.novel_below
    return plan.is_understood and is_sure and is_known and offer.left_s > least_s


def left_of(page_s: float, done: Sequence[Action], plan: Plan) -> float:
    """Return the human baseline seconds of what a plan would do.

    The time that people take for the page, by the share of its keystroke-level model that is left.

    Args:
        page_s: human baseline seconds of the page.
        done: what was done on it so far.
        plan: the rest.
    """
    left = seconds([*done, *plan.actions]) - seconds(done)
    whole = seconds(done) + left
    return page_s * left / whole if whole else 0.0
