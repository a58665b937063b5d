"""What people did at agents' controls, as steps to learn from."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import msgspec

from harness.hub.errors import ProtocolError
from harness.hub.events import HubEvent, HumanStep
from harness.hub.pictures import Pictures
from harness.hub.proposals import action_of, target_of
from recorder.schema import Element, Observation, Step


def steps_of(events: Iterable[HubEvent], folder: Path) -> list[Step]:
    """Return the steps of people in a shift, in the order in which they were done.

    Args:
        events: of the shift.
        folder: of its run, where the pictures are.

    Raises:
        ProtocolError: a picture is missing or damaged.
    """
    pictures = Pictures(folder / "pictures")
    return [_step(each, pictures) for each in events if isinstance(each, HumanStep)]


def _step(event: HumanStep, pictures: Pictures) -> Step:
    elements = _elements(event.elements)
    action = action_of(event.deed)
    observation = Observation(
        pixels=pictures.pixels(event.frame),
        cursor=event.cursor,
        t_ns=event.t_ns,
        goal=event.goal,
        elements=elements,
    )
    return Step(
        observation=observation,
        action=action,
        controller=event.controller,
        t_ns=event.t_ns,
        end_ns=event.end_ns,
        agent=event.agent,
        target=target_of(action, elements),
    )


def _elements(text: str) -> tuple[Element, ...]:
    try:
        return msgspec.convert(json.loads(text), tuple[Element, ...])
    except (ValueError, msgspec.ValidationError) as error:
        raise ProtocolError(f"a step whose elements cannot be read: {error}") from error
