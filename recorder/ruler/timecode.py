"""A time as black and white blocks, large enough to survive video compression."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from recorder.schema import Box

UNIT_NS = 100_000
BLOCK = 32  # pixels: two macroblocks
COLUMNS = 8
ROWS = 5
WIDTH, HEIGHT = COLUMNS * BLOCK, ROWS * BLOCK
_TIME_BITS = 32  # turns over after five days
_CHECK_BITS = COLUMNS * ROWS - _TIME_BITS


def white_blocks(t_ns: int) -> list[Box]:
    """Return the blocks of a `WIDTH` by `HEIGHT` image that are white at a time.

    >>> len(white_blocks(0)) > 0
    True
    """
    time = t_ns // UNIT_NS % (1 << _TIME_BITS)
    bits = time << _CHECK_BITS | _check(time)
    return [
        (number % COLUMNS * BLOCK, number // COLUMNS * BLOCK, BLOCK, BLOCK)
        for number in range(COLUMNS * ROWS)
        if bits >> number & 1
    ]


def read_code(pixels: NDArray[np.uint8]) -> int | None:
    """Return the code in the top left corner of an RGB image, None when there is none."""
    if pixels.shape[0] < HEIGHT or pixels.shape[1] < WIDTH:
        return None
    brightness = pixels[:HEIGHT, :WIDTH].mean(axis=2)
    middles = brightness[BLOCK // 2 :: BLOCK, BLOCK // 2 :: BLOCK].reshape(-1)
    bits = sum(int(value > 128) << number for number, value in enumerate(middles))
    time, check = bits >> _CHECK_BITS, bits % (1 << _CHECK_BITS)
    return time if check == _check(time) else None


def code_of(t_ns: int) -> int:
    """Return what `read_code` reads where `t_ns` was painted."""
    return t_ns // UNIT_NS % (1 << _TIME_BITS)


def _check(time: int) -> int:
    return zlib.crc32(time.to_bytes(4, "big")) % (1 << _CHECK_BITS)
