"""The nearest neighbour: does what was done where the screen and the goal looked most alike."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policy.actions import words
from policy.errors import DataError
from policy.observe import shrink
from recorder.schema import Action, AgentContext, Decision, Episode, Observation, accepts

Features = NDArray[np.float32]

_THUMB = 16
_BUCKETS = 512
_GOAL_WEIGHT = 0.3  # one goal word of ten weighs as much as a tenth of the screen in another grey
_NEIGHBOURS = 5
_REFERENCES = 512


@dataclass(frozen=True, slots=True, eq=False)
class NearestNeighbour:
    """Replays the action of the nearest step that it was given."""

    features: Features
    """(N, F), one row a step."""
    actions: tuple[Action, ...]
    distances: Features
    """Sorted, from some of the steps to the nearest step of another episode."""

    @classmethod
    def from_episodes(cls, episodes: Iterable[Episode]) -> NearestNeighbour:
        """Return one that has seen some episodes.

        Raises:
            DataError: there are no steps.
        """
        rows: list[Features] = []
        actions: list[Action] = []
        owners: list[int] = []
        for number, episode in enumerate(episodes):
            for step in episode.steps:
                rows.append(_features(step.observation))
                actions.append(step.action)
                owners.append(number)
        if not rows:
            raise DataError("no neighbours to find: the episodes have no steps")
        features = np.stack(rows)
        return cls(features, tuple(actions), _between(features, np.array(owners)))

    def decide(self, batch: Sequence[AgentContext]) -> list[Decision]:
        """Return what was done in the step nearest to each agent's."""
        if not batch:
            return []
        asked = np.stack([_features(context.observation) for context in batch])
        distances = _distances(asked, self.features)
        return [
            self._decision(row, context.observation)
            for row, context in zip(distances, batch, strict=True)
        ]

    def _decision(self, distances: Features, observation: Observation) -> Decision:
        """Return the nearest action; it is as sure as its other near ones are of one mind."""
        nearest = np.argsort(distances, kind="stable")[:_NEIGHBOURS].tolist()
        action = self.actions[nearest[0]]
        agreeing = sum(accepts(action, self.actions[each], observation) for each in nearest)
        further = len(self.distances) - np.searchsorted(self.distances, distances[nearest[0]])
        novelty = (1 + int(further)) / (1 + len(self.distances))
        return Decision(action, agreeing / len(nearest), novelty)


def _features(observation: Observation) -> Features:
    """Return (F,): a grey thumbnail in parts of its darkness, and which words the goal has."""
    height, width = observation.pixels.shape[:2]
    pixels = np.repeat(observation.pixels, -(-_THUMB // height), axis=0)
    pixels = np.repeat(pixels, -(-_THUMB // width), axis=1)
    thumb = shrink(pixels, _THUMB, _THUMB).mean(axis=2, dtype=np.float32).ravel() / 255
    goal = np.zeros(_BUCKETS, np.float32)
    found = [observation.goal[start:end].lower() for start, end in words(observation.goal)]
    goal[[zlib.crc32(word.encode("utf-8", "surrogatepass")) % _BUCKETS for word in found]] = 1
    share = _GOAL_WEIGHT / max(1.0, float(np.sqrt(goal.sum())))
    return np.concatenate([thumb / _THUMB, goal * share])


def _distances(asked: Features, known: Features) -> Features:
    """Return (B, N), Euclidean distances of (B, F) from (N, F)."""
    squares = (asked**2).sum(1)[:, None] + (known**2).sum(1) - 2 * asked @ known.T
    return np.sqrt(np.maximum(squares, 0))


def _between(features: Features, owners: NDArray[np.int64]) -> Features:
    chosen = np.linspace(0, len(features) - 1, min(len(features), _REFERENCES)).astype(np.int64)
    distances = _distances(features[chosen], features)
    distances[owners[chosen][:, None] == owners] = np.inf
    return np.sort(distances.min(axis=1))
