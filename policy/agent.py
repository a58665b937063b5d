"""The understudy at work: a checkpoint that decides for many agents at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from policy import checkpoint
from policy.actions import decode
from policy.calibrate import CALIBRATOR_FILE, Calibrator, Evidence
from policy.choice import Choice, Said, choose
from policy.data import read_episode
from policy.doubts import doubtful_reading, mismatch, unknown_words
from policy.features import StepFeatures, featurise, left_unseen
from policy.loader import collate, inputs_of, is_shrunk
from policy.looks import (
    count_roles,
    count_unknown,
    hash_template,
    measure_picture,
    measure_screen,
    nothing,
    template_of,
)
from policy.losses import bits, nats
from policy.model import Outputs
from policy.observe import View, observe
from policy.reader.read import Reading
from policy.sight import Sight, scrambled
from policy.traced import TracedModel
from recorder.schema import (
    Action,
    AgentContext,
    Decision,
    Element,
    Episode,
    Observation,
    Step,
    Thresholds,
)

_TRUNK = 128  # numbers of the act token that novelty looks at
_LISTED = 64  # steps whose elements are kept; plans reach so far ahead of what has been done


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """One step of an agent, as it was given to the network."""

    observation: Observation
    features: StepFeatures
    view: View | None
    unseen: Action | None
    """What had been done before, where nothing shows it."""


@dataclass(slots=True, eq=False)
class _Memory:
    """What is remembered of an agent's episode."""

    steps: list[_Seen]
    choices: list[Choice]
    """What the network made of the last step, best first."""
    evidence: Evidence | None = None
    last: Action | None = None
    reading: Reading | None = None
    """What was read of the last screen."""
    repeats: int = 0
    """Times in a row that the last action was chosen before the same screen."""
    listed: dict[int, tuple[Element, ...]] = field(default_factory=dict[int, tuple[Element, ...]])
    """The elements that were there after so many steps; of the last ones."""


def load(folder: Path | str, *, sight: Sight = Sight.WHOLE, calibrated: bool = True) -> Understudy:
    """Return the policy in a checkpoint.

    Args:
        folder: the checkpoint.
        sight: how much it is shown of each screen.
        calibrated: go by the calibrator that is there, if one is.

    Raises:
        CheckpointError: the checkpoint is torn, altered, or made for other inputs.
    """
    return Understudy(checkpoint.load(Path(folder)), sight=sight, calibrated=calibrated)


class Understudy:
    """A policy; it remembers each agent's episode by the agent's name."""

    def __init__(
        self,
        loaded: checkpoint.Checkpoint,
        *,
        sight: Sight = Sight.WHOLE,
        calibrated: bool = True,
    ) -> None:
        self.model_hash = loaded.manifest.weights_sha256
        self._model = TracedModel(loaded.model)
        self._config = loaded.config
        self._observing = checkpoint.observe_config(self._config)
        self._known = frozenset(loaded.manifest.known_words)
        self._sight = sight
        self._reader = loaded.reader
        self._memories: dict[str, _Memory] = {}
        path = loaded.folder / CALIBRATOR_FILE
        is_there = calibrated and path.is_file()
        self._calibrator = Calibrator.load(path, self.model_hash) if is_there else None

    @property
    def thresholds(self) -> Thresholds | None:
        """When it should ask; None where it was not calibrated."""
        return self._calibrator.thresholds if self._calibrator else None

    @property
    def sees_pixels(self) -> bool:
        """Whether it looks at pictures of the screen."""
        return self._config.sees_pixels

    def decide(self, batch: Sequence[AgentContext]) -> list[Decision]:
        """Return what to do for each agent."""
        return [decision for decision, _ in self.consider(batch)]

    def consider(self, batch: Sequence[AgentContext]) -> list[tuple[Decision, Evidence]]:
        """Return what to do for each agent, and all that speaks for or against it."""
        memories = [self._remember(context) for context in batch]
        fresh = [memory for memory in memories if not memory.choices]
        if fresh:
            self._look(fresh)
        evidence = [self._tally(memory) for memory in memories]
        if self._calibrator:
            accepted = self._calibrator.p_accept(evidence)
            novelty = self._calibrator.p_novelty(evidence)
        else:
            accepted = np.exp([each.features["log_prob"] for each in evidence])
            novelty = np.ones(len(evidence))
        return [
            (
                Decision(
                    memory.choices[0].action,
                    float(p_accept),
                    float(p_novel),
                    tuple(
                        (other.action, float(np.exp(other.log_prob)))
                        for other in memory.choices[1:]
                    ),
                ),
                each,
            )
            for memory, each, p_accept, p_novel in zip(
                memories, evidence, accepted, novelty, strict=True
            )
        ]

    def bits(self, episode: Episode) -> list[dict[str, float]]:
        """Return the bits of each part of each step, when the steps before were as recorded.

        `rest` is what the network does not say, and the codec spells out.

        Raises:
            DataError: the episode is damaged.
        """
        reading: Reading | None = None
        seen: list[Step] = []
        for step in episode.steps:
            observation, reading = self._shown(step.observation, reading)
            seen.append(replace(step, observation=observation))
        shown = replace(episode, steps=seen)
        steps = read_episode(shown, self._observing if self._config.sees_pixels else None)
        found: list[dict[str, float]] = []
        for number in range(len(shown.steps)):
            window = steps[max(0, number + 1 - self._config.context) : number + 1]
            inputs, answers = collate([window], self._config)
            with torch.inference_mode():
                parts = bits(nats(self._model(inputs), answers))
            step = {name: float(values[0, -1]) for name, values in parts.items()}
            found.append({**step, "rest": float(answers.rest_bits[0, -1])})
        return found

    # Parts ----------------------------------------------------------------------------------------

    def _shown(
        self, observation: Observation, before: Reading | None
    ) -> tuple[Observation, Reading | None]:
        """Return what is shown of an observation, and what was read of it if anything was."""
        if self._sight is Sight.BLIND:
            goal = "" if self._reader else observation.goal
            nothing_there = np.zeros_like(observation.pixels)
            return replace(observation, elements=(), pixels=nothing_there, goal=goal), None
        reading = self._reader.read(observation.pixels, before) if self._reader else None
        shown = reading.as_seen(observation) if reading else observation
        if self._sight is Sight.SCRAMBLED:
            shown = replace(shown, elements=scrambled(shown.elements))
        return shown, reading

    def _remember(self, context: AgentContext) -> _Memory:
        """Return an agent's memory, with its present step; the same one if nothing has changed."""
        memory = self._memories.get(context.agent)
        if memory is None or context.step == 0:
            memory = self._memories[context.agent] = _Memory([], [])
        observation, memory.reading = self._shown(context.observation, memory.reading)
        last = memory.steps[-1] if memory.steps else None
        unseen = self._unseen(context, memory, observation)
        if last and last.unseen == unseen and _is_same(last.observation, observation):
            return memory
        view = None
        if self._config.sees_pixels:
            view = observe(observation, self._observing, last.view if last else None)
        features = featurise(observation, unseen)
        memory.steps.append(_Seen(observation, features, view, unseen))
        del memory.steps[: -self._config.context]
        memory.choices = []
        return memory

    def _unseen(
        self, context: AgentContext, memory: _Memory, observation: Observation
    ) -> Action | None:
        if not self._config.sees_elements:
            return None
        before = memory.listed.get(context.step - 1)
        memory.listed[context.step] = observation.elements
        memory.listed.pop(context.step - _LISTED, None)
        return left_unseen(context.last, before, observation.elements)

    def _look(self, memories: Sequence[_Memory]) -> None:
        rows = [
            [
                (
                    seen.features,
                    seen.view.frame if seen.view else None,
                    seen.view.fovea if seen.view and is_shrunk(seen.view.to_frame(1, 1)) else None,
                )
                for seen in memory.steps
            ]
            for memory in memories
        ]
        with torch.inference_mode():
            outputs = self._model(inputs_of(rows, self._config))
        for number, memory in enumerate(memories):
            self._take(memory, _row(outputs, number, len(memory.steps) - 1))

    def _take(self, memory: _Memory, outputs: Outputs) -> None:
        seen = memory.steps[-1]
        shown = seen.view.to_frame(1, 1) if seen.view else (1.0, 1.0)
        said = Said(outputs, seen.observation, seen.features, shown, self._config)
        choices, features, heat = choose(said)
        memory.choices = [
            Choice(decode((each.event,), seen.observation), each.log_prob) for each in choices
        ]
        points = choices[0].event.points
        features |= unknown_words(seen.features, self._known)
        elements = seen.observation.elements if self._config.sees_elements else ()
        misfit = mismatch(seen.features, elements, points)
        features |= misfit
        if self._reader:
            features |= doubtful_reading(memory.reading, points)
        sides = self._sides(seen.observation, outputs)
        if self._config.sees_elements:
            sides["target"] = np.array([*misfit.values()], np.float32)
        memory.evidence = Evidence(features, sides, heat)

    def _sides(self, observation: Observation, outputs: Outputs) -> dict[str, NDArray[np.float32]]:
        """Return what the network makes of an observation, and what it plainly shows."""
        config, pixels, elements = self._config, observation.pixels, observation.elements
        sides = {
            # a copy, or each step would keep the outputs of its whole batch
            "trunk": outputs.embedding[:_TRUNK].float().numpy().copy(),
            "screen": measure_screen(pixels),
            **dict.fromkeys(("goal", "words", "elements", "picture", "target"), nothing()),
        }
        if config.sees_goal:
            shown = elements if config.sees_elements else ()
            template = template_of(observation.goal, shown)
            sides["goal"] = hash_template(template)
            sides["words"] = count_unknown(template, self._known)
        if config.sees_elements:
            sides["elements"] = count_roles(elements)
        if config.sees_pixels:
            sides["picture"] = measure_picture(pixels)
        return sides

    def _tally(self, memory: _Memory) -> Evidence:
        assert memory.evidence
        action = memory.choices[0].action
        same = action == memory.last and memory.repeats >= 0
        memory.repeats = memory.repeats + 1 if same else 0
        memory.last = action
        return replace(
            memory.evidence,
            features={**memory.evidence.features, "repeats": float(memory.repeats)},
        )


def _is_same(one: Observation, two: Observation) -> bool:
    if one is two:
        return True
    if (one.cursor, one.goal, one.elements) != (two.cursor, two.goal, two.elements):
        return False
    return np.array_equal(one.pixels, two.pixels)


def _row(outputs: Outputs, number: int, step: int) -> Outputs:
    return Outputs(*(part[number, step] for part in outputs))
