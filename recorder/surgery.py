"""Surgery: takes spans and rectangles out of a recording, for good."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from recorder.schema import Event


def remove_span(folder: Path, events: Sequence[Event], start_ns: int, end_ns: int) -> list[Event]:
    """Wipe all video of `[start_ns, end_ns]` and return the events that stay."""
    raise NotImplementedError
