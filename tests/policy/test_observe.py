"""One path from pixels to tensors: exact, the same everywhere, and free when nothing moves."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from harness.demonstrate import Plan, demonstrate, demonstrations
from harness.env.browser import WebTaskEnv
from harness.env.spaces import from_observation, to_observation
from policy.errors import CheckpointError, ConfigError
from policy.observe import (
    ObserveConfig,
    View,
    batch,
    check_preprocessing,
    cut_fovea,
    observe,
    preprocessing_hash,
    scaled,
    shown_size,
    shrink,
)
from recorder.schema import Observation
from tests.soak import repeats

SMALL = ObserveConfig(width_px=64, height_px=48, fovea_px=16, tile_px=16)
GOLDEN = {
    ObserveConfig(): "458f67eb812f6c1cd95e864526779d85",
    ObserveConfig(width_px=256, height_px=160): "3824b50547211f9b16664acdfb0008bf",
    ObserveConfig(width_px=640, height_px=400, fovea_px=160): "263c7e68c8ad18720f9f3bee0f38751b",
}
SEEDS = st.integers(0, 2**32 - 1)


def noise(width: int, height: int, seed: int = 0) -> NDArray[np.uint8]:
    """Return an image of noise."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def seen(pixels: NDArray[np.uint8], cursor: tuple[int, int] = (20, 20)) -> Observation:
    """Return an observation of an image."""
    return Observation(pixels, cursor, 0)


def same(one: View, two: View) -> bool:
    """Return whether two views show the same."""
    pairs = ((one.frame, two.frame), (one.fovea, two.fovea), (one.tiles, two.tiles))
    return all(np.array_equal(first, second) for first, second in pairs)


# The same everywhere ------------------------------------------------------------------------------


@pytest.mark.parametrize("config", GOLDEN)
def test_the_preprocessing_is_what_it_was_when_weights_were_saved(config: ObserveConfig) -> None:
    assert preprocessing_hash(config) == GOLDEN[config]
    check_preprocessing(GOLDEN[config], config)


@pytest.mark.parametrize(
    "other",
    [
        replace(SMALL, width_px=65),
        replace(SMALL, height_px=49),
        replace(SMALL, fovea_px=17),
        replace(SMALL, tile_px=18),
    ],
)
def test_weights_for_other_pictures_are_refused(other: ObserveConfig) -> None:
    with pytest.raises(CheckpointError, match="train again"):
        check_preprocessing(preprocessing_hash(other), SMALL)


def test_another_way_to_shrink_gives_another_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    config = replace(SMALL, fovea_px=20)
    before = preprocessing_hash(config)
    preprocessing_hash.cache_clear()

    def skip(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
        rows, columns = np.linspace(0, 1, height), np.linspace(0, 1, width)
        near = (rows * (len(pixels) - 1)).astype(int), (columns * (pixels.shape[1] - 1)).astype(int)
        return pixels[np.ix_(*near)]

    monkeypatch.setattr("policy.observe.shrink", skip)
    assert preprocessing_hash(config) != before
    preprocessing_hash.cache_clear()


@settings(max_examples=repeats(30, 1000))
@given(st.tuples(st.integers(1, 14), st.integers(1, 14)), st.data(), SEEDS)
def test_each_pixel_is_the_mean_of_its_area(
    size: tuple[int, int], data: st.DataObject, seed: int
) -> None:
    width, height = size
    smaller = data.draw(st.integers(1, width)), data.draw(st.integers(1, height))
    pixels = noise(width, height, seed)
    rows = _means(pixels, smaller[1])
    expected = _means(rows.transpose(1, 0, 2), smaller[0]).transpose(1, 0, 2)
    assert np.array_equal(shrink(pixels, *smaller), expected)


def _means(pixels: NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
    height = len(pixels)
    made = np.zeros((count, *pixels.shape[1:]), np.uint8)
    for place in np.ndindex(*made.shape):
        start, end = Fraction(place[0] * height, count), Fraction((place[0] + 1) * height, count)
        total = sum(
            (max(Fraction(0), min(end, row + 1) - max(start, row)) * int(pixels[row, *place[1:]]))
            for row in range(height)
        )
        made[place] = int(total / (end - start) + Fraction(1, 2))
    return made


# The screen, the cursor and the fovea ------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        *(((64, 48), (64, 48)), ((10, 7), (10, 7)), ((128, 96), (64, 48)), ((128, 48), (64, 24))),
        *(((1, 4000), (1, 48)), ((4000, 1), (64, 1)), ((65, 48), (64, 47))),
    ],
)
def test_a_screen_fits_and_is_never_enlarged(size: tuple[int, int], shown: tuple[int, int]) -> None:
    assert shown_size(*size, SMALL) == shown
    view = observe(seen(np.full((size[1], size[0], 3), 200, np.uint8), (10**6, 0)), SMALL)
    assert view.frame.shape == (3, 48, 64)
    assert (view.frame[:, : shown[1], : shown[0]] == 200).all()
    assert not view.frame[:, shown[1] :].any()
    assert not view.frame[:, :, shown[0] :].any()


def test_the_cursor_is_drawn_where_it_is_and_nowhere_else() -> None:
    grey = np.full((96, 128, 3), 100, np.uint8)
    view = observe(seen(grey, (64, 32)), SMALL)
    rows, columns = np.nonzero((view.frame != 100).any(0))
    assert (rows.min(), columns.min()) == (16, 32)
    assert rows.max() < 28
    assert columns.max() < 40
    fovea_rows, fovea_columns = np.nonzero((view.fovea != 100).any(0))
    assert (fovea_rows.min(), fovea_columns.min()) == (8, 8)


@given(st.tuples(*[st.integers(-50, 150)] * 2), SEEDS)
def test_a_fovea_shows_the_screen_at_full_size_and_black_beyond(
    place: tuple[int, int], seed: int
) -> None:
    pixels = noise(70, 60, seed)
    cut = cut_fovea(pixels, place, 16, (10**6, 10**6))
    padded = np.pad(pixels, ((300, 300), (300, 300), (0, 0)))
    y, x = place[1] + 292, place[0] + 292
    assert np.array_equal(cut, padded[y : y + 16, x : x + 16].transpose(2, 0, 1))


@given(st.integers(1, 300), st.integers(1, 300), st.data())
def test_a_place_in_the_frame_leads_back_to_its_pixel(
    width: int, height: int, data: st.DataObject
) -> None:
    x, y = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    view = observe(seen(np.zeros((height, width, 3), np.uint8)), SMALL)
    place = view.to_frame(x + 0.5, y + 0.5)
    assert view.to_screen(*place) == (x, y)
    assert 0 <= place[0] <= 64
    assert 0 <= place[1] <= 48
    assert view.to_screen(-5, 10**6) == (0, height - 1)


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((0, 4, 3), np.uint8),
    ],
)
def test_what_is_no_picture_is_refused(pixels: NDArray[np.uint8]) -> None:
    with pytest.raises(ConfigError, match="allowed"):
        observe(seen(pixels), SMALL)


@pytest.mark.parametrize("change", [{"width_px": 0}, {"height_px": 10**6}, {"tile_px": 15}])
def test_absurd_sizes_are_refused(change: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="sizes"):
        ObserveConfig(**change)


# Reuse --------------------------------------------------------------------------------------------


def test_an_unchanged_screen_is_the_same_view() -> None:
    first = observe(seen(noise(100, 90)), SMALL)
    assert observe(seen(noise(100, 90)), SMALL, first) is first


def test_a_screen_that_is_changed_in_place_is_another_view() -> None:
    pixels = noise(64, 48)
    first = observe(seen(pixels), SMALL)
    pixels[40, 60] ^= 255
    second = observe(seen(pixels), SMALL, first)
    assert second is not first
    assert np.argwhere(second.changed).tolist() == [[2, 3]]


@given(SEEDS)
def test_a_view_does_not_depend_on_the_one_before(seed: int) -> None:
    chance = np.random.default_rng(seed)
    before = observe(seen(noise(100, 70, seed), (30, 30)), SMALL)
    pixels = noise(100, 70, seed) if chance.random() < 0.8 else noise(60, 40, seed)
    for _ in range(chance.integers(0, 4)):
        pixels[chance.integers(len(pixels)), chance.integers(pixels.shape[1])] ^= 1
    now = seen(pixels, (int(chance.integers(25, 35)), 30))
    fresh, reused = observe(now, SMALL), observe(now, SMALL, before)
    assert same(fresh, reused)
    assert fresh.changed.all()
    if reused is not before:
        assert np.array_equal(reused.changed, before.tiles != fresh.tiles)


def test_tensors_are_bytes_and_are_scaled_in_one_place() -> None:
    frames, foveas = batch([observe(seen(noise(64, 48, seed)), SMALL) for seed in range(3)])
    assert (frames.shape, foveas.shape) == ((3, 3, 48, 64), (3, 3, 16, 16))
    assert frames.dtype == foveas.dtype == torch.uint8
    ends = scaled(torch.tensor([0, 255], dtype=torch.uint8))
    assert ends.tolist() == [-1.0, 1.0]


# Recordings and environments alike ---------------------------------------------------------------


def test_samples_of_an_environment_look_like_what_they_were_made_from() -> None:
    now = seen(noise(160, 210))
    turned = np.asfortranarray(now.pixels)
    again = to_observation(from_observation(now, elements=False))
    assert same(observe(now, SMALL), observe(again, SMALL))
    assert same(observe(now, SMALL), observe(seen(turned), SMALL))


@pytest.mark.browser
@pytest.mark.slow
def test_a_recorded_step_and_its_environment_look_alike_where_their_pixels_do(
    tmp_path: Path,
) -> None:
    task = "miniwob-click-button"
    demonstrate(tmp_path / "demos", Plan(tasks=(task,), episodes=1, seed=7), workers=1)
    (episode,) = demonstrations(tmp_path / "demos")
    env = WebTaskEnv(task)
    try:
        shown = to_observation(env.reset(seed=7)[0])
    finally:
        env.close()
    recorded = episode.steps[0].observation
    assert recorded.cursor == shown.cursor
    # a video is not exact; wherever it is, nothing else makes a difference
    exact = (recorded.pixels == shown.pixels).all(axis=2)
    assert exact.mean() > 0.5
    views = [observe(each, ObserveConfig()) for each in (recorded, shown)]
    equal = (views[0].frame == views[1].frame).all(axis=0)
    assert equal[:210, :160][exact].all()
    assert equal[210:].all()
    patched = replace_pixels(recorded, shown.pixels)
    assert same(observe(patched, ObserveConfig()), views[1])


def replace_pixels(observation: Observation, pixels: NDArray[np.uint8]) -> Observation:
    """Return an observation that shows something else."""
    return Observation(pixels, observation.cursor, observation.t_ns, observation.goal)
