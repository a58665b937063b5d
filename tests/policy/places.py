"""A small world to evaluate policies in: a row of buttons, one of which is the right one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from policy.calibrate import Evidence
from policy.evaluate.closed_loop import Rules, play
from policy.evaluate.environments import Instance, Scene, Shift
from policy.evaluate.records import EpisodeRecord, Trial
from policy.evaluate.tables import OURS
from recorder.schema import (
    Action,
    AgentContext,
    Click,
    Controller,
    Decision,
    Element,
    Episode,
    Observation,
    Step,
    Wait,
)

STEPS = 2
"""Right clicks that reach the goal."""
LONGEST = 6
BUTTONS = 4
SIDE = 20


def right_button(instance: Instance, step: int) -> int:
    """Return which button is to be pressed."""
    return (instance.seed + step) % BUTTONS


def press(button: int) -> Click:
    """Return a click in the middle of a button."""
    return Click(x=button * SIDE + SIDE // 2, y=5)


class Buttons:
    """Environments in which each right click is a step to the goal, and a wrong one ends it."""

    def __init__(self, size: int = 2) -> None:
        self.size = size
        self.instances: dict[int, Instance] = {}
        self.done: dict[int, int] = {}
        self.steps: dict[int, int] = {}

    def begin(self, instances: Mapping[int, Instance]) -> dict[int, Scene]:
        for place, instance in instances.items():
            self.instances[place], self.done[place], self.steps[place] = instance, 0, 0
        begun = {place: self.scene(place, is_over=False) for place in instances}
        # as real places say it: once, when a page is begun
        return {
            place: replace(scene, is_shifted=instances[place].task != "unshiftable")
            for place, scene in begun.items()
        }

    def act(self, actions: Mapping[int, Action]) -> dict[int, Scene]:
        scenes: dict[int, Scene] = {}
        for place, action in actions.items():
            self.steps[place] += 1
            is_right = action == self.expert(place)
            self.done[place] += is_right
            is_over = (
                (isinstance(action, Click) and not is_right)
                or self.done[place] == STEPS
                or self.steps[place] == LONGEST
            )
            scenes[place] = self.scene(place, is_over=is_over)
        return scenes

    def expert_actions(self, places: Sequence[int]) -> dict[int, Action | None]:
        return {place: self.expert(place) for place in places}

    def expert(self, place: int) -> Action | None:
        instance = self.instances[place]
        if instance.shift is Shift.DELETED:
            return None
        return press(right_button(instance, self.done[place]))

    def scene(self, place: int, *, is_over: bool) -> Scene:
        instance = self.instances[place]
        pixels = np.full((SIDE, SIDE * BUTTONS, 3), self.done[place] * 9, np.uint8)
        goal = f"{instance.task} {instance.seed} {instance.shift.value}"
        elements = tuple(
            Element(role="button", box=(number * SIDE, 0, SIDE, SIDE), text=str(number))
            for number in range(BUTTONS)
        )
        return Scene(
            observation=Observation(pixels, (0, 0), 0, goal, elements),
            virtual_ms=100 * self.steps[place],
            is_over=is_over,
            is_success=self.done[place] == STEPS,
            failure="the browser died" if instance.task == "broken" else "",
        )


class Guesser:
    """Knows the way on even seeds; on odd ones it presses a wrong button, and is not so sure."""

    def decide(self, batch: Sequence[AgentContext]) -> list[Decision]:
        return [decision for decision, _ in self.consider(batch)]

    def consider(self, batch: Sequence[AgentContext]) -> list[tuple[Decision, Evidence]]:
        return [self.answer(context) for context in batch]

    def answer(self, context: AgentContext) -> tuple[Decision, Evidence]:
        task, seed, shift = context.observation.goal.split()
        instance = Instance(task, int(seed), Shift(shift))
        done = int(context.observation.pixels[0, 0, 0]) // 9
        is_known = int(seed) % 2 == 0 and shift != Shift.DELETED
        button = right_button(instance, done)
        action = press(button if is_known else (button + 1) % BUTTONS)
        doubt = np.random.default_rng([int(seed), done]).random()
        log_prob = float(-0.1 * doubt if is_known else -1 - doubt)
        sides = {"trunk": np.array([done, doubt if is_known else 5 + doubt], np.float32)}
        heat = np.eye(2, 4, dtype=np.float32)
        evidence = Evidence({"log_prob": log_prob, "repeats": 0.0}, sides, heat)
        return Decision(action, float(np.exp(log_prob)), 1.0 if is_known else 0.01), evidence


class Sleeper:
    """Waits."""

    def decide(self, batch: Sequence[AgentContext]) -> list[Decision]:
        return [Decision(Wait(duration_ms=9), 0.5, 1.0) for _ in batch]


class AsksBelowHalf:
    """A gate that asks whenever a policy is less than half sure."""

    def reason(self, context: AgentContext, decision: Decision) -> str | None:
        return "risk" if decision.p_accept < 0.5 else None


WATCHED = Rules(gate=AsksBelowHalf(), usual=(0.1, 0.9))


def trials(n: int = 8, **more: object) -> list[Trial]:
    """Return trials of so many seeds."""
    return [replace(Trial(OURS, "press", seed), **more) for seed in range(n)]  # pyright: ignore[reportArgumentType]


def records(found: list[Trial], rules: Rules = WATCHED) -> list[EpisodeRecord]:
    """Return what came of these trials, played by the guesser."""
    return [played.record for played in play(Guesser(), Buttons(), found, rules)]


def demonstration(seed: int) -> Episode:
    """Return an expert's episode, 100 ms a step, each screen shown 10 ms before it is acted on."""
    world = Buttons(1)
    scene = world.begin({0: Instance("press", seed)})[0]
    steps: list[Step] = []
    while not scene.is_over:
        action = world.expert(0)
        assert action
        begun = len(steps) * 100_000_000 + 10_000_000
        observation = replace(scene.observation, t_ns=begun - 10_000_000)
        steps.append(
            Step(
                observation=observation,
                action=action,
                controller=Controller.SCRIPT,
                t_ns=begun,
                end_ns=begun,
            )
        )
        scene = world.act({0: action})[0]
    return Episode(steps=steps, recording="r", task="press", seed=str(seed))
