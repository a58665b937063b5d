"""What a policy would do from here on, rolled forward on what the page is expected to show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import prod

from harness.actions import is_irreversible
from harness.control import Policy
from harness.modes.fast_forward.forecast import Caret, Scene, after
from recorder.schema import (
    Action,
    AgentContext,
    Ask,
    Click,
    Decision,
    Done,
    Drag,
    Element,
    KeyChord,
    Observation,
    ScrollBy,
    Thresholds,
    TypeText,
    element_at,
    points_of,
)

_LONGEST = 40  # a plan of more actions goes round in circles
_DRAGGED = ("left", "middle", "right")


class End(StrEnum):
    """Why a plan goes no further."""

    OPEN = "open"
    """What its last action does cannot be told: it has to be done and looked at."""
    DONE = "done"
    """The policy says that the task is finished then."""
    UNSURE = "unsure"
    """The policy is not sure enough, or asks."""
    IRREVERSIBLE = "irreversible"
    """What comes next cannot be undone."""
    ASTRAY = "astray"
    """What comes next cannot be guarded, or the plan goes round in circles."""


@dataclass(frozen=True, slots=True, eq=False)
class Planned:
    """One action of a plan."""

    scene: Scene
    """What the page is to show before it."""
    decision: Decision

    @property
    def action(self) -> Action:
        """What is to be done."""
        return self.decision.action


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Actions that can be done at once, and what they lead to."""

    steps: tuple[Planned, ...]
    end: End
    reached: Scene | None
    """What the page is to show in the end; None where that cannot be told."""

    @property
    def is_understood(self) -> bool:
        """The rest of the page's task is known: nothing but its last result is open."""
        return self.end is End.DONE or (self.end is End.OPEN and bool(self.steps))

    @property
    def p_accept(self) -> float:
        """Probability that a person would accept all of it, as if actions failed by themselves."""
        return prod(each.decision.p_accept for each in self.steps)

    @property
    def novelty(self) -> float:
        """The smallest conformal p-value on the way; 1 where there is no step."""
        return min((each.decision.novelty for each in self.steps), default=1.0)

    @property
    def actions(self) -> tuple[Action, ...]:
        """What is to be done."""
        return tuple(each.action for each in self.steps)

    def rest(self, done: int) -> Plan:
        """Return what is left of it after so many steps."""
        return replace(self, steps=self.steps[done:])

    def taken_up(self, observation: Observation) -> Plan | None:
        """Return it from the first step on that the page is ready for; None where it is for none.

        The page has to be as that step expects it, but for what has the focus where it is a click,
        which takes the focus itself.

        Args:
            observation: of the page as it is.
        """
        for number, step in enumerate(self.steps):
            expected, found = step.scene.observation.elements, observation.elements
            if isinstance(step.action, Click):
                expected, found = _unfocused(expected), _unfocused(found)
            if expected == found:
                here = replace(step, scene=replace(step.scene, observation=observation))
                return replace(self, steps=(here, *self.steps[number + 1 :]))
        return None


class Planner:
    """Asks a policy what it would do, one action after another, without doing any.

    Args:
        policy: it decides about one agent at a time.
        thresholds: below them a plan ends.
        agent: its name.
        can_be_guarded: says whether it can be checked that an action meets its target.
    """

    def __init__(
        self,
        policy: Policy,
        thresholds: Thresholds,
        agent: str,
        can_be_guarded: Callable[[Scene, Action], bool] | None = None,
    ) -> None:
        self._policy = policy
        self._thresholds = thresholds
        self._can_be_guarded = can_be_guarded or on_a_page
        self.agent = agent

    @property
    def knows_novelty(self) -> bool:
        """The policy can tell what it has never seen."""
        return self._thresholds.novel_below > 0

    def plan(self, observation: Observation, step: int, last: Action | None = None) -> Plan:
        """Return what the policy would do from an observation on.

        Args:
            observation: of the page as it is.
            step: actions done in the episode, by anybody.
            last: the last of these; None where there was none.
        """
        scene = Scene(observation, Caret.UNKNOWN)
        steps: list[Planned] = []
        while len(steps) < _LONGEST:
            last = steps[-1].action if steps else last
            context = AgentContext(self.agent, scene.observation, step + len(steps), last)
            (decision,) = self._policy.decide([context])
            if isinstance(decision.action, Done):
                end = End.DONE if self._is_sure(decision) else End.UNSURE
                return Plan(tuple(steps), end, scene)
            if end := self._objection(scene, decision):
                return Plan(tuple(steps), end, scene)
            steps.append(Planned(scene, decision))
            following = after(scene, decision.action)
            if following is None:
                return Plan(tuple(steps), End.OPEN, None)
            scene = following
        return Plan(tuple(steps), End.ASTRAY, scene)

    def _is_sure(self, decision: Decision) -> bool:
        thresholds = self._thresholds
        is_known = decision.novelty >= thresholds.novel_below
        return is_known and decision.p_accept >= thresholds.ask_below

    def _objection(self, scene: Scene, decision: Decision) -> End | None:
        if isinstance(decision.action, Ask) or not self._is_sure(decision):
            return End.UNSURE
        if is_irreversible(decision.action, scene.observation.elements):
            return End.IRREVERSIBLE
        return None if self._can_be_guarded(scene, decision.action) else End.ASTRAY


def _unfocused(elements: Sequence[Element]) -> tuple[Element, ...]:
    return tuple(
        replace(each, states=tuple(state for state in each.states if state != "focused"))
        for each in elements
    )


def sees_pixels(policy: Policy) -> bool:
    """Say whether a policy looks at pictures: it does unless its `sees_pixels` says otherwise."""
    return getattr(policy, "sees_pixels", True) is not False


def on_a_page(scene: Scene, action: Action) -> bool:
    """Say whether it can be checked, event by event, that an action meets its target on a page."""
    if not is_on_screen(scene, action):
        return False
    match action:
        case Click() | Drag():
            return action.button in _DRAGGED and not _opens_list(scene, points_of(action)[0])
        case TypeText():
            return bool(action.text) and action.text.isprintable() and scene.kept is not None
        case ScrollBy() | KeyChord():
            return True
        case _:  # the others touch nothing, so that nothing can be checked
            return False


def _opens_list(scene: Scene, place: tuple[int, int]) -> bool:
    """Say whether a press may open a list of the system's own, whose keys no page hears."""
    elements = scene.observation.elements
    hit = element_at(place, elements)
    return hit is not None and elements[hit].role == "combobox"


def is_on_screen(scene: Scene, action: Action) -> bool:
    """Say whether all places that an action points at can be seen."""
    height, width = scene.observation.pixels.shape[:2]
    return all(0 <= x < width and 0 <= y < height for x, y in points_of(action))
