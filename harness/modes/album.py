"""What agents saw last in each episode, until it is known whether that is worth keeping."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

MOST = 8
"""Screens of an episode that are remembered, the last ones."""

Pixels = NDArray[np.uint8]


class Album:
    """The last screens of each episode that is played, by the number of the step they led to."""

    def __init__(self) -> None:
        self._seen: dict[str, dict[int, Pixels]] = {}

    def begin(self, episode: str) -> None:
        """Forget what an earlier try at an episode showed."""
        self._seen[episode] = {}

    def see(self, episode: str, step: int, pixels: Pixels) -> None:
        """Remember what was seen before a step, (H, W, 3) RGB; the oldest screens are let go."""
        seen = self._seen.setdefault(episode, {})
        seen[step] = pixels
        if len(seen) > MOST:
            del seen[min(seen)]

    def pictures(self, episode: str) -> Mapping[int, Pixels]:
        """Return the screens of an episode by the number of their step."""
        return self._seen.get(episode, {})
