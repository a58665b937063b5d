"""A language model as a policy: a screenshot and elements go in, one action comes out."""

from __future__ import annotations

import json
import logging
import math
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from threading import Lock
from typing import Any

import msgspec

from harness.agents.answers import INSTRUCTIONS, question, read_answer
from harness.agents.endpoint import Endpoint, EndpointConfig
from harness.agents.errors import AnswerError, Failure
from harness.errors import ConfigError
from recorder.schema import Action, AgentContext, Ask, Decision

_LOG = logging.getLogger(__name__)
_REMEMBERED = 10  # actions of an agent


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageModelConfig:
    """Which language model decides, and what it is shown."""

    endpoint: EndpointConfig
    sends_image: bool = True
    """Show it the screenshot, not only the elements."""
    instructions: str = INSTRUCTIONS
    """What it is told before each question."""


@dataclass(slots=True)
class _Memory:
    """What was chosen for an agent in its episode."""

    step: int
    action: Action | None = None
    """Chosen at that step."""
    before: deque[Action] = field(default_factory=lambda: deque[Action](maxlen=_REMEMBERED))


class LanguageModel:
    """A policy that asks a language model; what goes wrong is counted, and asked about.

    How sure it is comes from the log-probability of its whole answer where the endpoint gives one,
    else from what it states, else it is 0. None of that is calibrated.
    """

    waits = True
    """For its endpoint; it may decide for several agents at once, each in a thread."""

    def __init__(self, config: LanguageModelConfig, endpoint: Endpoint | None = None) -> None:
        self.config = config
        self.failures: Counter[Failure] = Counter()
        """How often there was no answer that could be used, by reason."""
        self._endpoint = endpoint or Endpoint(config.endpoint)
        self._counting = Lock()
        self._memories: dict[str, _Memory] = {}

    def decide(self, batch: Sequence[AgentContext]) -> list[Decision]:
        """Return what to do for each agent; a question to the person where the model failed."""
        return [self._decide(context) for context in batch]

    def _decide(self, context: AgentContext) -> Decision:
        memory = self._remember(context)
        try:
            decision = self._asked(context, memory)
        except AnswerError as error:
            self._count(error)
            why = f"The language model gave no action I can do ({error.failure}): {error}"
            decision = Decision(Ask(question=why), p_accept=0.0, novelty=1.0)
        memory.action = decision.action
        return decision

    def _count(self, error: AnswerError) -> None:
        with self._counting:
            self.failures[error.failure] += 1
            is_first = self.failures[error.failure] == 1
        if is_first:  # a person may be able to do something about it before the run is over
            _LOG.warning("%s; further failures of this kind are only counted", error)

    def _asked(self, context: AgentContext, memory: _Memory) -> Decision:
        shown = question(
            context.observation, tuple(memory.before), is_shown=self.config.sends_image
        )
        answer = self._endpoint.ask(
            [
                {"role": "system", "content": self.config.instructions},
                {"role": "user", "content": shown},
            ]
        )
        said = read_answer(answer.text, context.observation)
        stated = said.confidence or 0.0
        p_accept = stated if answer.log_prob is None else math.exp(answer.log_prob)
        return Decision(said.action, p_accept, novelty=1.0)

    def _remember(self, context: AgentContext) -> _Memory:
        memory = self._memories.get(context.agent)
        if memory is None or context.step == 0:
            memory = self._memories[context.agent] = _Memory(context.step)
        elif context.step != memory.step and memory.action is not None:
            memory.before.append(memory.action)
        memory.step = context.step
        return memory


def load(path: str) -> LanguageModel:
    """Return the policy that a JSON file describes, field by field as `LanguageModelConfig`.

    Raises:
        ConfigError: there is no such file, or it says something else.
    """
    try:
        found: Any = json.loads(Path(path).read_bytes())
        config = msgspec.convert(found, LanguageModelConfig)
    except (OSError, ValueError, msgspec.ValidationError) as error:
        raise ConfigError(f"no language model in {path}: {error}") from error
    _refuse_unknown(path, found)
    return LanguageModel(config)


def _refuse_unknown(path: str, found: dict[str, Any]) -> None:
    for type_, body in ((LanguageModelConfig, found), (EndpointConfig, found["endpoint"])):
        names = [each.name for each in fields(type_)]
        unknown = sorted(body.keys() - set(names))
        if unknown:
            raise ConfigError(f"{path}: no field {unknown[0]!r}; allowed: {', '.join(names)}")
