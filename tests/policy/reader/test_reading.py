"""Reading: any screen can be read, and what has not changed is not read again."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from policy.errors import ConfigError
from policy.reader.assemble import Screen, Seen
from policy.reader.batches import BatchConfig, FinderBatch, draw_lines
from policy.reader.read import Reader, Reading
from policy.reader.score import score_pages
from policy.reader.targets import page_targets
from policy.reader.train import finder_loss, line_loss
from recorder.schema import Element, Observation
from tests.policy.reader.drawn import drawn_page, tiny_model
from tests.soak import repeats


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(tiny_model())


@settings(max_examples=repeats(8, 200))
@given(st.integers(1, 90), st.integers(1, 120), st.integers(0, 99))
def test_pictures_of_any_size_are_read(height: int, width: int, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    found = Reader(tiny_model(seed)).read(pixels)
    assert len(found.elements) == len(found.confidences)
    assert all(0 <= sure <= 1 for sure in found.confidences)


def test_an_unchanged_screen_is_not_read_again(reader: Reader) -> None:
    page = drawn_page("one two")
    first = reader.read(page.pixels)
    assert reader.read(page.pixels.copy(), first) is first


def test_what_was_read_outlives_the_buffer_it_was_read_from(reader: Reader) -> None:
    pixels = drawn_page("one two").pixels
    first = reader.read(pixels)
    pixels[:] = 0
    assert reader.read(pixels, first) is not first


def test_a_place_was_read_as_surely_as_what_is_there() -> None:
    button = Seen(Element(role="button", name="Send", box=(10, 10, 40, 20)), 0.25)
    maps = np.zeros((4, 8, 8), np.float32)
    pixels = np.zeros((16, 16, 3), np.uint8)
    found = Reading(pixels, maps, maps, (), Screen((button,), "", 1.0))
    assert (found.sureness((12, 12)), found.sureness((60, 60))) == (0.25, 1.0)


def test_only_what_is_near_a_change_is_looked_at_again(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = np.full((400, 640, 3), 255, np.uint8)
    before = reader.read(pixels)
    looked: list[int] = []
    look = reader._look  # pyright: ignore[reportPrivateUsage]

    def counted(part: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        looked.append(part.shape[0] * part.shape[1])
        return look(part)

    monkeypatch.setattr(reader, "_look", counted)
    changed = pixels.copy()
    changed[70:80, 300:310] = 0
    after = reader.read(changed, before)
    assert looked == [192 * 192]
    # what is far away is as it was
    assert np.array_equal(after.text[:, 150:], before.text[:, 150:])
    assert not np.array_equal(after.text[:, :60], before.text[:, :60])


def test_a_screen_of_another_size_is_read_anew(reader: Reader) -> None:
    before = reader.read(np.zeros((40, 40, 3), np.uint8))
    assert reader.read(np.zeros((50, 60, 3), np.uint8), before).pixels.shape == (50, 60, 3)


@pytest.mark.parametrize("shape", [(10, 10), (10, 10, 4), (0, 10, 3)])
def test_what_is_no_picture_is_refused(reader: Reader, shape: tuple[int, ...]) -> None:
    with pytest.raises(ConfigError, match="allowed"):
        reader.read(np.zeros(shape, np.uint8))


def test_elements_and_goal_come_from_the_screen_alone(reader: Reader) -> None:
    page = drawn_page("one two")
    found = reader.read(page.pixels)
    seen = found.as_seen(Observation(page.pixels, (1, 2), 3, "told in words"))
    assert (seen.elements, seen.goal) == (found.elements, found.goal)
    assert (seen.cursor, seen.t_ns) == ((1, 2), 3)


@pytest.mark.slow
def test_a_page_that_is_learned_by_heart_is_read() -> None:
    page = drawn_page("Green fox", "Tick me")
    model = tiny_model()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-2)
    rng = np.random.default_rng(0)
    targets = (torch.from_numpy(part)[None] for part in page_targets(page))
    picture = torch.from_numpy(page.pixels).permute(2, 0, 1)[None]
    batch = FinderBatch(picture, *targets)
    how = BatchConfig(lines=12, columns=160)
    for update in range(150):
        optimizer.param_groups[0]["lr"] = 1e-2 * (1 - update / 150)
        lines = draw_lines([page], rng, how)
        loss = finder_loss(model.finder(picture / 127.5 - 1), batch)
        loss = loss + line_loss(model.line_reader(lines.lines / 255.0), lines)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    reader = Reader(model)
    score = score_pages(reader, [page])
    assert (score.exact, score.words) == (4, 4)
    assert (score.found, score.states_right, score.widgets) == (1, 1, 1)
    found = reader.read(page.pixels)
    assert found.goal == "Green fox"
    ticked = next(each for each in found.elements if each.role == "checkbox")
    assert (ticked.name, ticked.states) == ("Tick me", ("checked",))
