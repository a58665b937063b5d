"""What a worker process that plays is started with."""

from __future__ import annotations

import msgspec

from harness.measure.events import PlannedEpisode


class PlayerConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a worker process is started with."""

    policy: str
    """`package:factory`, or `package:factory@argument`."""
    agents: tuple[str, ...]
    items: tuple[PlannedEpisode, ...]
    """Work, in the order in which agents take it."""
    trigger: str = "own"
    seed: int = 0
    think_ms: int = 100
    patience_ms: int = 300_000
    """After which a request expires, and the agent is held."""
    socket: str = ""
    """Of the hub; the user's own where empty."""
    latch: str = ""
    """The user's own where empty."""
