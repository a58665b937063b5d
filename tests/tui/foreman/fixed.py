"""A bridge on which nothing moves: a story, and screens of ages that never change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.hub.events import HubEvent
from harness.hub.frames import LiveFrame
from harness.hub.standing import Standing, standing
from harness.hub.state import Shift
from tests.tui.foreman.story import Story, page
from tui.bridge import Access

AGE_MS = 118.0
"""Of every frame."""


class FixedBridge:
    """Shows a story as it stands.

    Args:
        story: told so far.
        folder: where it was written.
        access: what the person may do.
    """

    def __init__(self, story: Story, folder: Path, access: Access = Access.DRIVER) -> None:
        self.story = story
        self._folder = folder
        self._access = access
        self.listeners: list[Callable[[HubEvent], None]] = []

    @property
    def shift(self) -> Shift:
        return self.story.shift

    @property
    def t_ms(self) -> int:
        return self.story.t_ms

    @property
    def link_ms(self) -> float | None:
        return None if self._access is Access.REPLAY else 40.0

    @property
    def access(self) -> Access:
        return self._access

    @property
    def folder(self) -> Path:
        return self._folder

    def frame(self, agent: str) -> LiveFrame | None:
        ticket = self.shift.tickets.get(self.shift.agent(agent).request)
        number = self.story.agents.index(agent)
        drawn = self.story.pictures[ticket.request.frame] if ticket else page(40 + number)
        return LiveFrame(1, 0, drawn)

    def frame_age_ms(self, agent: str) -> float | None:
        return AGE_MS if self.shift.agent(agent).is_connected else 9400.0

    def standing(self, agent: str) -> Standing:
        return standing(self.shift.agent(agent), int(self.frame_age_ms(agent) or 0))

    def picture(self, hash: str) -> NDArray[np.uint8] | None:  # noqa: A002 - as in the protocol
        return self.story.pictures.get(hash)

    def listen(self, callback: Callable[[HubEvent], None]) -> None:
        self.listeners.append(callback)
