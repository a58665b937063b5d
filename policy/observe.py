"""The one path from pixels to tensors, for training and for acting alike.

A screen is shrunk to fit the frame, never enlarged, by exact averages of areas; the cursor is drawn
in; around it a fovea is cut at full size. All of it is whole-number arithmetic, so that it gives
the same bytes on every machine; `preprocessing_hash` says so of what it makes of a test picture.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from policy.errors import CheckpointError, ConfigError
from recorder.schema import Observation
from recorder.tiles import dirty_boxes

Bytes: TypeAlias = NDArray[np.uint8]

# an arrow whose tip is at (0, 0): 1 is the outline, 2 is filled
_ARROW = np.array(
    [
        [int(mark) for mark in row.ljust(8, "0")]
        for row in ("1", "11", "121", "1221", "12221", "122221", "122111", "12121", "11012", "1001")
    ],
    np.uint8,
)
_OUTLINE, _FILL = 0, 255


@dataclass(frozen=True, slots=True)
class ObserveConfig:
    """How large the pictures are that a policy is given."""

    width_px: int = 160
    """Width of the frame."""
    height_px: int = 224
    """Height of the frame."""
    fovea_px: int = 96
    """Side of the cut around the cursor, in px of the screen."""
    tile_px: int = 32
    """Side of the tiles by which changes are told; even."""

    def __post_init__(self) -> None:
        sizes = (self.width_px, self.height_px, self.fovea_px, self.tile_px)
        if not all(0 < size <= 4096 for size in sizes) or self.tile_px % 2:
            raise ConfigError(f"{self}: sizes are 1 to 4096 px, and a tile's is even")


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What a policy sees of one observation."""

    frame: Bytes
    """(3, height, width) RGB; the screen is in its upper left, the rest is black."""
    fovea: Bytes
    """(3, fovea, fovea) RGB at full size, the cursor in its middle; black beyond the screen."""
    tiles: NDArray[np.uint64]
    """(rows, columns), a hash of what each tile of the frame shows."""
    changed: NDArray[np.bool_]
    """(rows, columns), which tiles are not as in the view before; all of a first one."""
    shown_px: tuple[int, int]
    """Width and height of the screen in the frame."""
    pixels: Bytes
    """(H, W, 3), the screen itself; a copy."""
    cursor: tuple[int, int]
    canvas: Bytes
    """(height, width, 4), the frame without cursor; its last channel is empty."""

    def to_frame(self, x: float, y: float) -> tuple[float, float]:
        """Return where a place on the screen is in the frame; pixels have their centre at .5."""
        height, width = self.pixels.shape[:2]
        return x * self.shown_px[0] / width, y * self.shown_px[1] / height

    def to_screen(self, x: float, y: float) -> tuple[int, int]:
        """Return the pixel of the screen at a place in the frame, the nearest if it is outside."""
        height, width = self.pixels.shape[:2]
        column = int(x * width // self.shown_px[0])
        row = int(y * height // self.shown_px[1])
        return min(max(column, 0), width - 1), min(max(row, 0), height - 1)


class Batch(NamedTuple):
    """Views side by side."""

    frames: torch.Tensor  # (B, 3, height, width) uint8
    foveas: torch.Tensor  # (B, 3, fovea, fovea) uint8


def observe(observation: Observation, config: ObserveConfig, before: View | None = None) -> View:
    """Return what a policy sees; the view before itself, when nothing has changed since.

    Args:
        observation: from a recording or from an environment.
        config: sizes.
        before: what this function returned last time for the same agent and config.

    Raises:
        ConfigError: the pixels are not (H, W, 3) of bytes.
    """
    pixels = observation.pixels
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or not pixels.size:
        raise ConfigError(f"pixels {pixels.shape} of {pixels.dtype}; allowed: (H, W, 3) of uint8")
    is_same = before is not None and np.array_equal(before.pixels, pixels)
    if before and is_same and before.cursor == observation.cursor:
        return before
    pixels = before.pixels if before and is_same else pixels.copy()
    shown_px = shown_size(pixels.shape[1], pixels.shape[0], config)
    canvas = before.canvas if before and is_same else _canvas(pixels, shown_px, config)
    drawn = canvas.copy()
    x, y = observation.cursor
    height, width = pixels.shape[:2]
    draw_cursor(drawn, x * shown_px[0] // width, y * shown_px[1] // height)
    changed, tiles = _tiles(drawn, config, before)
    return View(
        frame=np.ascontiguousarray(drawn[..., :3].transpose(2, 0, 1)),
        fovea=cut_fovea(pixels, observation.cursor, config.fovea_px, observation.cursor),
        tiles=tiles,
        changed=changed,
        shown_px=shown_px,
        pixels=pixels,
        cursor=observation.cursor,
        canvas=canvas,
    )


def batch(views: Sequence[View]) -> Batch:
    """Return views of one config as tensors of bytes."""
    frames = torch.from_numpy(np.stack([view.frame for view in views]))
    return Batch(frames, torch.from_numpy(np.stack([view.fovea for view in views])))


def scaled(pictures: torch.Tensor) -> torch.Tensor:
    """Return bytes of any shape as float32 from -1 to 1; where they are computed with."""
    return pictures.to(torch.float32).div_(127.5).sub_(1.0)


def shown_size(width: int, height: int, config: ObserveConfig) -> tuple[int, int]:
    """Return width and height of a screen once it fits the frame, in its own proportions.

    >>> shown_size(1920, 1080, ObserveConfig(width_px=640, height_px=400))
    (640, 360)
    >>> shown_size(160, 210, ObserveConfig(width_px=640, height_px=400))
    (160, 210)
    """
    if width <= config.width_px and height <= config.height_px:
        return width, height
    if width * config.height_px >= height * config.width_px:
        return config.width_px, max(1, (2 * height * config.width_px + width) // (2 * width))
    return max(1, (2 * width * config.height_px + height) // (2 * height)), config.height_px


def shrink(pixels: Bytes, width: int, height: int) -> Bytes:
    """Return an image, (H, W, C), at a smaller or equal size, each pixel the mean of its area.

    Exact up to rounding, which is half up, first along columns and then along rows.
    """
    rows = _shrink_rows(pixels, height)
    turned = np.ascontiguousarray(rows.transpose(1, 0, 2))
    return _shrink_rows(turned, width).transpose(1, 0, 2)


def _shrink_rows(pixels: Bytes, count: int) -> Bytes:
    """Return (count, W, C): means of equal stretches of the rows of (H, W, C).

    Stretch k goes from k H to (k + 1) H and row r from r count to (r + 1) count, so that their
    overlaps are whole numbers, which sum to H for each stretch.
    """
    height, *others = pixels.shape
    if height == count:
        return pixels
    start = np.arange(count) * height
    first = start // count
    total = np.full((count, int(np.prod(others))), height, np.int32)  # to round half up
    for step in range(height // count + 2):
        row = first + step
        overlap = np.minimum(start + height, (row + 1) * count) - np.maximum(start, row * count)
        weight = 2 * np.maximum(overlap, 0).astype(np.int32)[:, None]
        total += weight * pixels[np.minimum(row, height - 1)].reshape(count, -1)
    return (total // np.int32(2 * height)).astype(np.uint8).reshape(count, *others)


def draw_cursor(picture: Bytes, x: int, y: int) -> None:
    """Draw an arrow into a picture, (H, W, C), in place, its tip at `(x, y)`."""
    height, width = picture.shape[:2]
    left, top = max(0, -x), max(0, -y)
    arrow = _ARROW[top : max(0, height - y), left : max(0, width - x)]
    rows, columns = arrow.shape
    place = picture[y + top : y + top + rows, x + left : x + left + columns, :3]
    place[arrow == 1] = _OUTLINE
    place[arrow == 2] = _FILL


def cut_fovea(pixels: Bytes, centre: tuple[int, int], side: int, cursor: tuple[int, int]) -> Bytes:
    """Return (3, side, side): a screen, (H, W, 3), around a place, with its cursor drawn in."""
    height, width = pixels.shape[:2]
    left, top = centre[0] - side // 2, centre[1] - side // 2
    cut = np.zeros((side, side, 3), np.uint8)
    rows = slice(min(max(top, 0), height), min(max(top + side, 0), height))
    columns = slice(min(max(left, 0), width), min(max(left + side, 0), width))
    inside = pixels[rows, columns]
    if inside.size:
        y, x = rows.start - top, columns.start - left
        cut[y : y + inside.shape[0], x : x + inside.shape[1]] = inside
    draw_cursor(cut, cursor[0] - left, cursor[1] - top)
    return np.ascontiguousarray(cut.transpose(2, 0, 1))


def _canvas(pixels: Bytes, shown_px: tuple[int, int], config: ObserveConfig) -> Bytes:
    width, height = shown_px
    canvas = np.zeros((config.height_px, config.width_px, 4), np.uint8)
    canvas[:height, :width, :3] = shrink(pixels, width, height)
    return canvas


def _tiles(
    drawn: Bytes, config: ObserveConfig, before: View | None
) -> tuple[NDArray[np.bool_], NDArray[np.uint64]]:
    """Return which tiles have changed, and the hashes of all; only changed ones are hashed."""
    side = config.tile_px
    shape = (-(-config.height_px // side), -(-config.width_px // side))
    changed = np.ones(shape, np.bool_)
    tiles = np.zeros(shape, np.uint64)
    if before is not None:
        tiles = before.tiles.copy()
        changed[:] = False
        last = np.zeros_like(drawn)
        last[..., :3] = before.frame.transpose(1, 2, 0)
        for x, y, width, height in dirty_boxes(last, drawn, side):
            changed[y // side : -(-(y + height) // side), x // side : -(-(x + width) // side)] = (
                True
            )
    for row, column in np.argwhere(changed).tolist():
        tile = drawn[row * side : (row + 1) * side, column * side : (column + 1) * side]
        digest = hashlib.blake2b(tile.tobytes(), digest_size=8).digest()
        tiles[row, column] = int.from_bytes(digest, "little")
    return changed, tiles


# What a checkpoint remembers ----------------------------------------------------------------------


@lru_cache(maxsize=16)
def preprocessing_hash(config: ObserveConfig) -> str:
    """Return a hash of a config and of all that this code makes of test pictures under it."""
    digest = hashlib.blake2b(json.dumps(asdict(config)).encode(), digest_size=16)
    # one that fits, one that must be shrunk by uneven ratios, one that is wide
    sizes = (
        (config.width_px, config.height_px),
        (config.width_px * 7 // 3 + 1, config.height_px * 9 // 4 + 1),
        (config.width_px * 2 + 1, max(1, config.height_px // 3)),
    )
    for width, height in sizes:
        cursor = (width // 3, height - 2)
        view = observe(Observation(_test_picture(width, height), cursor, 0), config)
        for array in (scaled(torch.from_numpy(view.frame)).numpy(), view.fovea):
            digest.update(array.tobytes())
    return digest.hexdigest()


def check_preprocessing(saved: str, config: ObserveConfig) -> None:
    """Compare what weights were trained on with what this code would show them.

    Raises:
        CheckpointError: they differ.
    """
    if (found := preprocessing_hash(config)) != saved:
        raise CheckpointError(
            f"trained on pictures made in another way: preprocessing {saved[:40]!r} there, "
            f"{found!r} here; train again, or use the version that made it"
        )


def _test_picture(width: int, height: int) -> Bytes:
    """Return (height, width, 3): a mixture of edges and slopes that is the same everywhere."""
    x, y = np.arange(width)[None, :, None], np.arange(height)[:, None, None]
    channel = np.arange(1, 4)
    return ((x * y * channel // 7 + (x ^ y) * 5 + channel * 31) % 256).astype(np.uint8)
