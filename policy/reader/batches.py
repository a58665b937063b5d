"""Batches for training: crops of pages for the finder, strips of lines for the line reader."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from policy.reader.label import Labelled
from policy.reader.lines import cut_strip, varied
from policy.reader.model import FRAME_PX, LINE_PX, STRIDE, TEXT_CELL, WIDGET_CELL
from policy.reader.shards import read, shard_path
from policy.reader.targets import (
    IGNORED,
    PageTargets,
    frame_targets,
    padded,
    page_targets,
    text_targets,
)

_CACHED = 12  # shards in memory, 40 MB each


@dataclass(frozen=True, slots=True)
class BatchConfig:
    """How much an update sees."""

    crops: int = 4
    crop_px: int = 192
    """Sides of a crop, a multiple of `STRIDE`."""
    lines: int = 40
    columns: int = 192
    """Width of a strip."""
    worsened: float = 0.15
    """Share of pages that went through JPEG."""
    jitter: float = 0.06
    """Standard deviation of the edges of a line, as a share of its height."""
    varied: float = 0.6
    """Share of lines whose letters are made wider, slanted, bolder or blurred: other fonts are."""


class FinderBatch(NamedTuple):
    """Crops, and what the finder is to say of them."""

    pictures: Tensor  # (B, 3, H, W) uint8
    text: Tensor  # (B, 4, H / 2, W / 2)
    roles: Tensor  # (B, ROLES, H / 4, W / 4)
    states: Tensor  # (B, STATES, H / 4, W / 4)
    boxes: Tensor  # (B, 4, H / 4, W / 4) px
    weights: Tensor  # (B, 1, H / 4, W / 4)


class LineBatch(NamedTuple):
    """Strips, what each of their frames shows, and what they say from left to right."""

    lines: Tensor  # (B, 1, LINE_PX, W) uint8
    wanted: Tensor  # (B, 2, W / 2) classes, one as good as the other
    frames: Tensor  # (B,) of W / 2 that there are
    said: Tensor  # (B, W / 2) classes
    said_counts: Tensor  # (B,) of those, 0 where it is not known


class Pages(NamedTuple):
    """The pages of one update."""

    finder: FinderBatch
    lines: LineBatch


def draw_batch(
    folder: Path, number: int, rng: np.random.Generator, config: BatchConfig = BatchConfig()
) -> Pages:
    """Return an update's batch from pages of one shard."""
    pages, targets = _shard(folder, number)
    chosen = rng.choice(len(pages), min(config.crops, len(pages)), replace=False).tolist()
    shown = [_worsened(pages[place], rng, config.worsened) for place in chosen]
    crops = [
        _crop(page, targets[place], rng, config.crop_px)
        for page, place in zip(shown, chosen, strict=True)
    ]
    finder = FinderBatch(*(torch.from_numpy(np.stack(part)) for part in zip(*crops, strict=True)))
    return Pages(finder, draw_lines(shown, rng, config))


@lru_cache(maxsize=_CACHED)
def _shard(folder: Path, number: int) -> tuple[list[Labelled], list[PageTargets]]:
    pages = read(shard_path(folder, number))
    return pages, [page_targets(page) for page in pages]


def _worsened(page: Labelled, rng: np.random.Generator, share: float) -> Labelled:
    if rng.random() >= share:
        return page
    file = io.BytesIO()
    Image.fromarray(page.pixels).save(file, "JPEG", quality=int(rng.integers(55, 96)))
    with Image.open(file) as image:
        return replace(page, pixels=np.array(image))


def _crop(
    page: Labelled, targets: PageTargets, rng: np.random.Generator, side: int
) -> tuple[NDArray[np.generic], ...]:
    pixels = padded(page.pixels)
    left, top = (
        int(rng.integers(0, max(size - side, 0) // STRIDE + 1)) * STRIDE
        for size in (pixels.shape[1], pixels.shape[0])
    )
    cut = pixels[top : top + side, left : left + side]
    more = (side - cut.shape[0], side - cut.shape[1])
    picture = np.pad(cut, ((0, more[0]), (0, more[1]), (0, 0)), mode="edge")
    if rng.random() < 0.1:
        picture = 255 - picture

    def part(array: NDArray[np.float32], cell: int) -> NDArray[np.float32]:
        rows, columns = (
            slice(top // cell, (top + side) // cell),
            slice(left // cell, (left + side) // cell),
        )
        inside = array[:, rows, columns]
        return np.pad(inside, ((0, 0), (0, more[0] // cell), (0, more[1] // cell)))

    return (
        np.ascontiguousarray(picture.transpose(2, 0, 1)),
        part(targets.text, TEXT_CELL),
        *(part(array, WIDGET_CELL) for array in targets[1:]),
    )


def draw_lines(pages: list[Labelled], rng: np.random.Generator, config: BatchConfig) -> LineBatch:
    """Return strips of lines of these pages, their edges a little off and their letters varied."""
    listed = [(page, line) for page in pages for line in page.lines]
    most = config.columns // FRAME_PX
    pictures = np.zeros((config.lines, 1, LINE_PX, config.columns), np.uint8)
    wanted = np.full((config.lines, 2, most), IGNORED, np.int64)
    said = np.zeros((config.lines, most), np.int64)
    counts = np.zeros((2, config.lines), np.int64)
    for row, place in enumerate(rng.integers(0, max(len(listed), 1), config.lines).tolist()):
        if not listed:
            break
        page, line = listed[place]
        height = line.bottom - line.top
        away = rng.normal(0, config.jitter * height + 0.3, 4)
        left, right = line.letters[0].left + away[0], line.letters[-1].right + away[1]
        strip = varied(
            cut_strip(
                page.pixels, left, line.top + away[2], max(right, left + 2), line.bottom + away[3]
            ),
            rng,
            config.varied,
        )
        each = frame_targets(line, strip)
        frames = min(each.shape[1], most)
        first = int(rng.integers(0, each.shape[1] - frames + 1))
        columns = slice(first * FRAME_PX, (first + frames) * FRAME_PX)
        pictures[row, 0, :, : frames * FRAME_PX] = strip.picture[:, columns]
        wanted[row, :, :frames] = each[:, first : first + frames]
        text = text_targets(line, strip, first, first + frames)[:frames]
        said[row, : len(text)] = text
        counts[:, row] = frames, len(text)
    return LineBatch(
        torch.from_numpy(pictures),
        torch.from_numpy(wanted),
        torch.from_numpy(counts[0]),
        torch.from_numpy(said),
        torch.from_numpy(counts[1]),
    )
