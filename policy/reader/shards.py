"""Labelled pages on disk, in shards that are written once and ahead of training.

A shard is complete or not there at all, and what is in it follows from its number alone, so that
generation goes on where it was when it ended, however that was.
"""

from __future__ import annotations

import multiprocessing
import os
import zipfile
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from policy.errors import DataError
from policy.reader.fonts import without_missing
from policy.reader.label import Labelled, Line, Widget, chromium
from policy.reader.pages import draw_page
from policy.reader.styles import FONTS

PAGES = 16
"""Pages of a shard."""
HELD_OUT = 1_000_000
"""Number of the first shard that is never learned from."""
_UNHINTED = 4  # of so many shards, one is drawn without hinting


@dataclass(frozen=True, slots=True)
class _Labels:
    """What is on one page."""

    shape: tuple[int, int]
    lines: tuple[Line, ...]
    widgets: tuple[Widget, ...]


def shard_path(folder: Path, number: int) -> Path:
    """Return where a shard is, or would be."""
    return folder / f"shard-{number:07d}.npz"


def shards(folder: Path) -> list[int]:
    """Return the numbers of the shards that are there, sorted."""
    return sorted(int(path.stem.removeprefix("shard-")) for path in folder.glob("shard-*.npz"))


def generate(
    folder: Path,
    numbers: Iterable[int],
    families: tuple[str, ...] = FONTS,
    is_wanted: Callable[[], bool] = lambda: True,
) -> None:
    """Write the shards of these numbers that are not there yet, until no more are wanted."""
    folder.mkdir(parents=True, exist_ok=True)
    families = without_missing(families)
    for number in numbers:
        path = shard_path(folder, number)
        if path.exists():
            continue
        with chromium(is_hinted=number % _UNHINTED > 0) as renderer:
            pages: list[Labelled] = []
            for place in range(PAGES):
                if not is_wanted():
                    return
                pages.append(renderer.render(draw_page(number * PAGES + place, families)))
        write(path, pages)


def write(path: Path, pages: Iterable[Labelled]) -> None:
    """Write a shard in one go."""
    pages = list(pages)
    found = [_Labels(page.pixels.shape[:2], page.lines, page.widgets) for page in pages]
    partial = path.with_suffix(f".{os.getpid()}.part")
    with partial.open("wb") as file:
        np.savez(
            file,
            pixels=np.concatenate([page.pixels.reshape(-1) for page in pages]),
            labels=np.frombuffer(msgspec.msgpack.encode(found), np.uint8),
        )
    partial.rename(path)


def read(path: Path) -> list[Labelled]:
    """Return the pages of a shard.

    Raises:
        DataError: it is damaged.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            pixels, said = arrays["pixels"], arrays["labels"].tobytes()
        found = msgspec.msgpack.decode(said, type=list[_Labels])
        ends = np.cumsum([each.shape[0] * each.shape[1] * 3 for each in found])
        parts = np.split(pixels, ends[:-1])
        return [
            Labelled(part.reshape(*each.shape, 3), each.lines, each.widgets)
            for part, each in zip(parts, found, strict=True)
        ]
    except (OSError, KeyError, ValueError, zipfile.BadZipFile, msgspec.DecodeError) as error:
        raise DataError(f"{path}: the shard is damaged: {error}; delete it") from error


def held_out(folder: Path, count: int, families: tuple[str, ...]) -> list[Labelled]:
    """Return the pages of the first shards that are never learned from, drawn where they are not.

    Raises:
        DataError: a shard that is there is damaged.
    """
    numbers = range(HELD_OUT, HELD_OUT + count)
    generate(folder, numbers, families)
    return [page for number in numbers for page in read(shard_path(folder, number))]


@contextmanager
def generated_ahead(folder: Path, count: int) -> Generator[None]:
    """Have another process write shards 0 to `count` while this block runs."""
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_generate_for, args=(folder, count, os.getpid()), daemon=True)
    process.start()
    try:
        yield
    finally:
        process.terminate()
        process.join()


def _generate_for(folder: Path, count: int, parent: int) -> None:
    # whoever is killed outright cannot end its children; they see that they are orphans
    generate(folder, range(count), is_wanted=lambda: os.getppid() == parent)
