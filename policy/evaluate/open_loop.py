"""Asks a policy at each step of a demonstration what it would have done there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from statistics import fmean
from typing import Protocol

import msgspec
import numpy as np

from policy.actions import raw_events
from policy.calibrate.metrics import (
    augrc,
    aurc,
    brier,
    calibration_error,
    coverage_at,
    over_episodes,
)
from policy.evaluate.closed_loop import considered
from policy.evaluate.environments import Policy
from policy.evaluate.tables import Measured, Share
from recorder.schema import Action, AgentContext, Episode, Observation, accepts

_AT_ONCE = 16
BIN_MS = 50
BINS = range(-4, 5)


class Coder(Protocol):
    """A policy that says how many bits each action of a demonstration costs it."""

    def bits(self, episode: Episode) -> list[dict[str, float]]:
        """Return the bits of each step, by head."""
        ...


class Follower(Protocol):
    """A policy that goes by what was done before, and has to be told of it."""

    def follow(self, agent: str, action: Action) -> None:
        """Note what was done in the agent's last step."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenStep:
    """One step of a demonstration."""

    p_accept: float
    novelty: float
    agrees: bool
    raw_events: int
    """Device events that the action stands for."""
    bits: dict[str, float] = field(default_factory=dict)
    """Cost of the demonstrated action, by head; empty where the policy gives no probabilities."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRecord:
    """A demonstration that a policy was asked about."""

    row: str
    task: str
    seed: str
    steps: tuple[OpenStep, ...]


def read_open(body: bytes) -> list[OpenRecord]:
    """Return the records of a JSON-lines file."""
    return msgspec.json.Decoder(OpenRecord).decode_lines(body)


def write_open(records: Sequence[OpenRecord]) -> bytes:
    """Return records as JSON lines."""
    return msgspec.json.Encoder().encode_lines(records)


def open_loop(policy: Policy, row: str, episodes: Iterable[Episode]) -> Iterator[OpenRecord]:
    """Yield what a policy would have done in each demonstration; it is shown what was done."""
    waiting = iter(episodes)
    while group := list(islice(waiting, _AT_ONCE)):
        seen = [[step.observation for step in episode.steps] for episode in group]
        answers = _asked(policy, group, seen)
        for episode, steps in zip(group, answers, strict=True):
            bits = _bits(policy, episode)
            yield OpenRecord(
                row=row,
                task=episode.task,
                seed=episode.seed,
                steps=tuple(
                    OpenStep(
                        p_accept=p_accept,
                        novelty=novelty,
                        agrees=agrees,
                        raw_events=raw_events(step.action),
                        bits=cost,
                    )
                    for (agrees, p_accept, novelty), step, cost in zip(
                        steps, episode.steps, bits, strict=True
                    )
                ),
            )


def _bits(policy: Policy, episode: Episode) -> list[dict[str, float]]:
    bits = getattr(policy, "bits", None)
    return bits(episode) if bits else [{} for _ in episode.steps]


def _asked(
    policy: Policy, group: Sequence[Episode], seen: Sequence[Sequence[Observation]]
) -> list[list[tuple[bool, float, float]]]:
    """Return whether it agrees, its acceptance and novelty, for each step of each episode."""
    answers: list[list[tuple[bool, float, float]]] = [[] for _ in group]
    follow = getattr(policy, "follow", None)
    for number in range(max((len(each.steps) for each in group), default=0)):
        open_ones = [i for i, each in enumerate(group) if number < len(each.steps)]
        batch = [
            AgentContext(f"open-{i}", seen[i][number], number, _before(group[i], number))
            for i in open_ones
        ]
        for i, (decision, _) in zip(open_ones, considered(policy, batch), strict=True):
            step = group[i].steps[number]
            agrees = accepts(decision.action, step.action, step.observation)
            answers[i].append((agrees, decision.p_accept, decision.novelty))
            if follow:
                follow(f"open-{i}", step.action)
    return answers


def _before(episode: Episode, number: int) -> Action | None:
    """Return what was done before a step."""
    return episode.steps[number - 1].action if number else None


# The probe ----------------------------------------------------------------------------------------


def shift_probe(
    policy: Policy, episodes: Sequence[Episode], bins: Sequence[int] = BINS
) -> dict[int, Share]:
    """Return how often a policy agrees when it is shown what was on screen earlier or later.

    A policy that acts by what it sees is best at 0; one that peaks later has learned to read the
    effect of an action off the screen.

    Returns:
        By the shift in ms.
    """
    found: dict[int, Share] = {}
    for number in bins:
        right = total = 0
        for start in range(0, len(episodes), _AT_ONCE):
            group = episodes[start : start + _AT_ONCE]
            seen = [_seen(episode, number * BIN_MS) for episode in group]
            answers = [each for steps in _asked(policy, group, seen) for each in steps]
            right += sum(agrees for agrees, _, _ in answers)
            total += len(answers)
        found[number * BIN_MS] = Share(right, total)
    return found


def _seen(episode: Episode, later_ms: int) -> list[Observation]:
    shown_ns = [step.observation.t_ns for step in episode.steps]
    moments = [step.t_ns + later_ms * 1_000_000 for step in episode.steps]
    if not later_ms:
        return [step.observation for step in episode.steps]
    places = np.searchsorted(shown_ns, moments, side="right") - 1
    return [episode.steps[max(0, int(place))].observation for place in places]


# The table ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenRow:
    """How a policy predicts demonstrations."""

    row: str
    agreement: Share
    bits: Measured | None
    """A step; None where it gives no probabilities."""
    bits_a_raw_event: float | None
    heads: Mapping[str, float]
    """Bits a step, by head."""
    calibration_error: Measured
    brier: Measured
    aurc: Measured
    augrc: Measured
    coverage: Measured


def open_table(records: Sequence[OpenRecord]) -> list[OpenRow]:
    """Return a row for each policy, in the order in which these first come."""
    rows: dict[str, list[OpenRecord]] = {}
    for record in records:
        if record.steps:
            rows.setdefault(record.row, []).append(record)
    return [_open_row(row, found) for row, found in rows.items()]


def _open_row(row: str, records: Sequence[OpenRecord]) -> OpenRow:
    episodes = [
        (
            np.array([step.p_accept for step in each.steps]),
            np.array([step.agrees for step in each.steps], np.bool_),
        )
        for each in records
    ]
    confidence = np.concatenate([each for each, _ in episodes])
    right = np.concatenate([each for _, each in episodes])
    measures = [
        Measured(statistic(confidence, right), over_episodes(statistic, episodes))
        for statistic in (calibration_error, brier, aurc, augrc, coverage_at)
    ]
    steps = [step for each in records for step in each.steps]
    names = sorted({head for step in steps for head in step.bits})
    heads = {head: fmean(step.bits.get(head, 0.0) for step in steps) for head in names}
    events = sum(step.raw_events for step in steps)
    total = sum(sum(step.bits.values()) for step in steps)
    return OpenRow(
        row,
        Share(int(right.sum()), len(right)),
        _bits_a_step(records) if heads else None,
        total / events if heads and events else None,
        heads,
        *measures,
    )


def _bits_a_step(records: Sequence[OpenRecord]) -> Measured:
    episodes = [
        (
            np.array([sum(step.bits.values()) for step in each.steps]),
            np.ones(len(each.steps), np.bool_),
        )
        for each in records
    ]
    value = float(np.mean(np.concatenate([bits for bits, _ in episodes])))
    return Measured(value, over_episodes(lambda bits, _: float(bits.mean()), episodes))
