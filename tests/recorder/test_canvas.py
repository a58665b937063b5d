"""Rules of the encoder's copy of the screen."""

from __future__ import annotations

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from recorder.video.canvas import Canvas

Planes = NDArray[np.int16]


def planes(frame: av.VideoFrame) -> Planes:
    return np.asarray(frame.to_ndarray(), np.int16)


@settings(max_examples=60)
@given(
    width=st.integers(2, 150),
    height=st.integers(2, 90),
    chroma=st.sampled_from(["yuv420p", "yuv444p"]),
    seed=st.integers(0, 2**32 - 1),
)
def test_drawing_what_changed_is_the_same_as_drawing_all(
    width: int, height: int, chroma: str, seed: int
) -> None:
    chance = np.random.default_rng(seed)
    pixels = chance.integers(0, 256, (height, width, 4), dtype=np.uint8)
    canvas = Canvas(width, height, chroma)
    canvas.draw(pixels, ())
    for _ in range(3):
        x, y = int(chance.integers(width)), int(chance.integers(height))
        w, h = int(chance.integers(1, width - x + 1)), int(chance.integers(1, height - y + 1))
        pixels = pixels.copy()
        pixels[y : y + h, x : x + w] = chance.integers(0, 256, 4)
        part = planes(canvas.draw(pixels, ((x, y, w, h),)))
        whole = planes(Canvas(width, height, chroma).draw(pixels, ()))
        # one off: the converter's dither pattern starts at the corner of what it is given
        assert np.abs(part - whole).max() <= 1


def test_pixels_that_nobody_may_write_to_can_be_drawn() -> None:
    pixels = np.zeros((64, 64, 4), np.uint8)
    pixels.flags.writeable = False
    canvas = Canvas(64, 64, "yuv420p")
    canvas.draw(pixels, ())
    canvas.draw(pixels, ((8, 8, 16, 16),))
    assert not pixels.any()


@pytest.mark.parametrize("size", [(1, 1), (63, 41)])
def test_odd_sizes_grow_to_even_ones(size: tuple[int, int]) -> None:
    width, height = size
    frame = Canvas(width, height, "yuv420p").draw(np.full((height, width, 4), 255, np.uint8), ())
    assert (frame.width, frame.height) == (width + 1, height + 1)
    assert planes(frame)[: height + 1].min() >= 234  # padded with what is next to it
