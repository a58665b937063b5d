"""Rules of dirty rectangles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.tiles import dirty_boxes

SIZES = st.tuples(st.integers(1, 90), st.integers(1, 90))


@given(size=SIZES, tile=st.sampled_from([2, 8, 16]), seed=st.integers(0, 2**32 - 1))
def test_every_change_is_in_a_box_and_every_box_is_made_of_changed_tiles(
    size: tuple[int, int], tile: int, seed: int
) -> None:
    width, height = size
    chance = np.random.default_rng(seed)
    before = chance.integers(0, 256, (height, width, 4), dtype=np.uint8)
    after = before.copy()
    for _ in range(chance.integers(0, 12)):
        after[chance.integers(height), chance.integers(width), chance.integers(4)] ^= 1
    changed = (before != after).any(axis=2)
    left = changed.copy()
    for x, y, w, h in dirty_boxes(before, after, tile):
        assert 0 <= x < x + w <= width
        assert 0 <= y < y + h <= height
        assert left[y : y + h, x : x + w].any(), "boxes share no change"
        left[y : y + h, x : x + w] = False
        for top in range(y, y + h, tile):
            for start in range(x, x + w, tile):
                assert changed[top : min(top + tile, y + h), start : start + tile].any()
    assert not left.any()


@pytest.mark.parametrize("width", [640, 641])
def test_neighbours_merge_into_one_rectangle(width: int) -> None:
    before = np.zeros((480, width, 4), np.uint8)
    after = before.copy()
    after[100:300, 70:500, 2] = 9
    assert dirty_boxes(before, after) == ((64, 64, 448, 256),)


def test_equal_images_have_no_boxes() -> None:
    image = np.full((100, 100, 4), 7, np.uint8)
    assert dirty_boxes(image, image.copy()) == ()


def test_a_changed_image_that_spans_all_is_one_box() -> None:
    before = np.zeros((1080, 1920, 4), np.uint8)
    assert dirty_boxes(before, before + 1) == ((0, 0, 1920, 1080),)
