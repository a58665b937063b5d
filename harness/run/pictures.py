"""Screens of the episodes that people will want to look at, kept beside the log of their run."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from PIL import Image

from harness.measure.events import RunEvent
from harness.measure.metrics import is_silent_failure
from harness.measure.report.gallery import is_needless, picture_folder
from harness.measure.state import fold
from harness.modes.album import Album, Pixels
from recorder.store import write_atomically


def keep_pictures(folder: Path, events: Sequence[RunEvent], album: Album) -> None:
    """Write what agents saw in silent failures, and where they asked for nothing.

    Args:
        folder: of the run; pictures are in `frames/EPISODE/STEP.webp`, and replace older ones.
        events: of whole episodes.
        album: what was seen in them.

    Raises:
        OSError: the disk refused.
    """
    for key, episode in fold(events).ended.items():
        kept = picture_folder(folder, key)
        if kept and (is_silent_failure(episode) or is_needless(episode)):
            kept.mkdir(parents=True, exist_ok=True)
            for step, pixels in album.pictures(key).items():
                write_atomically(kept / f"{step}.webp", _webp(pixels))


def _webp(pixels: Pixels) -> bytes:
    encoded = BytesIO()
    Image.fromarray(pixels).save(encoded, "webp", lossless=True)
    return encoded.getvalue()
