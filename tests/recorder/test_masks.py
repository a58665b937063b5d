"""What was secret around the time of a frame is covered in it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recorder.masks import Masks, clip, paint

SECOND = 1_000_000_000


def test_a_frame_is_covered_by_all_that_was_secret_since_it_was_grabbed() -> None:
    masks = Masks()
    masks.put("focus", [(1, 1, 2, 2)], 10)
    masks.put("focus", [(5, 5, 2, 2)], 20)
    assert masks.since(15) == [(1, 1, 2, 2), (5, 5, 2, 2)]
    assert masks.since(25) == [(5, 5, 2, 2)]


def test_a_field_that_went_away_covers_no_later_frame() -> None:
    masks = Masks()
    masks.put("focus", [(1, 1, 2, 2)], 10)
    masks.put("focus", [], 20)
    assert masks.since(21) == []


def test_sources_and_pages_do_not_disturb_one_another() -> None:
    masks = Masks()
    masks.put("focus", [(1, 1, 2, 2)], 10)
    masks.put("windows", [(8, 8, 2, 2)], 11)
    masks.put("fields", [(3, 3, 2, 2)], 12, page="p1")
    assert masks.since(20) == [(1, 1, 2, 2), (8, 8, 2, 2)]
    assert masks.since(20, "p1") == [(3, 3, 2, 2)]
    masks.forget("", "focus")
    masks.forget("p1")
    assert masks.since(20) == [(8, 8, 2, 2)]
    assert masks.since(20, "p1") == []


def test_old_masks_are_forgotten_but_the_current_one_never() -> None:
    masks = Masks()
    for t in range(100):
        masks.put("focus", [(t, 0, 1, 1)], t * SECOND)
    assert len(masks.since(0)) < 5
    assert (99, 0, 1, 1) in masks.since(1000 * SECOND)


BOXES = st.lists(
    st.tuples(*(st.integers(-50, 120) for _ in range(2)), *(st.integers(0, 90) for _ in range(2))),
    max_size=4,
)


@given(BOXES)
def test_paint_leaves_every_pixel_of_a_box_flat(boxes: list[tuple[int, int, int, int]]) -> None:
    image = np.random.default_rng(1).integers(0, 255, (64, 80, 4), dtype=np.uint8)
    covered = paint(image, boxes)
    for x, y, w, h in clip(boxes, 80, 64):
        assert (image[y : y + h, x : x + w] == 96).all()
        assert any(
            left <= x and top <= y and left + width >= x + w and top + height >= y + h
            for left, top, width, height in covered
        )
