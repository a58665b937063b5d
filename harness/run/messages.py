"""What a suite and its workers tell each other: one JSON object per line, down a pipe each way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from recorder.schema import Thresholds


class _Message(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    pass


# To a worker --------------------------------------------------------------------------------------


class Enlist(_Message, frozen=True, kw_only=True, tag=True):
    """Load these policies, and say when each of them asks."""

    policies: tuple[str, ...]


class Begin(_Message, frozen=True, kw_only=True, tag=True):
    """The suite is in this folder; your logs bear this name."""

    folder: str
    worker: str


class Play(_Message, frozen=True, kw_only=True, tag=True):
    """Play a cell, beside those that are being played."""

    run: str
    cell: str
    missing: tuple[str, ...]
    """Keys of its episodes that are not settled; only their events are to be logged."""
    is_duty_logged: bool
    """The person's time on duty is in the log already."""
    n_pages: int
    """Pages that it takes."""


class Stop(_Message, frozen=True, kw_only=True, tag=True):
    """There is nothing more to do."""


Order: TypeAlias = Enlist | Begin | Play | Stop

# From a worker ------------------------------------------------------------------------------------


class Ready(_Message, frozen=True, kw_only=True, tag=True):
    """The policies are loaded."""

    thresholds: Mapping[str, Thresholds]


class Refused(_Message, frozen=True, kw_only=True, tag=True):
    """What was asked for cannot be had."""

    reason: str


class Settled(_Message, frozen=True, kw_only=True, tag=True):
    """All episodes of a cell are in the log."""

    run: str
    cell: str
    episodes: int
    """So many were logged."""


class Lost(_Message, frozen=True, kw_only=True, tag=True):
    """What a cell is played on broke each time; it is still to be played."""

    run: str
    cell: str
    reason: str


Report: TypeAlias = Ready | Refused | Settled | Lost
