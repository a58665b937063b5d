"""What a person decides on is the very frame that was there, whole or not at all."""

from __future__ import annotations

import io
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from harness.hub.errors import ProtocolError
from harness.hub.frames import FrameReader, FrameWriter
from harness.hub.pictures import Pictures, from_png, hash_of, to_png
from tests.soak import repeats
from tests.waiting import until

WRITER = """
import sys, time
from pathlib import Path
import numpy as np
from harness.hub.frames import FrameWriter
writer = FrameWriter(Path(sys.argv[1]))
for number in range(1 << 30):
    shape = (60, 80, 3) if number // 500 % 2 else (90, 50, 3)
    writer.show(np.full(shape, number % 251, np.uint8), time.monotonic_ns())
"""


def noise(height: int, width: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 9))
def test_a_picture_comes_back_as_it_was_and_is_a_file_that_others_read(
    height: int, width: int, seed: int
) -> None:
    pixels = noise(height, width, seed)
    png = to_png(pixels)
    assert np.array_equal(from_png(png), pixels)
    with Image.open(io.BytesIO(png)) as image:
        assert np.array_equal(np.array(image), pixels)


def test_a_picture_is_found_by_its_hash_and_kept_once(tmp_path: Path) -> None:
    pictures = Pictures(tmp_path / "pictures")
    names = {pictures.keep(noise(20, 30)) for _ in range(3)}
    assert names == {hash_of(noise(20, 30))}
    assert len(list((tmp_path / "pictures").iterdir())) == 1
    assert np.array_equal(pictures.pixels(names.pop()), noise(20, 30))


def test_frames_of_one_content_and_two_shapes_are_two() -> None:
    assert hash_of(noise(20, 30)) != hash_of(noise(20, 30).reshape(30, 20, 3))


@settings(max_examples=repeats(100, 3000))
@given(st.integers(0, 2000), st.binary(max_size=8))
def test_a_damaged_picture_is_refused(place: int, harm: bytes) -> None:
    png = to_png(noise(12, 12))
    harmed = png[:place] + harm + png[place + len(harm) + 1 :]
    try:
        found = from_png(harmed)
    except ProtocolError:
        return
    assert found.shape[2] == 3


def test_a_picture_that_was_swapped_is_refused(tmp_path: Path) -> None:
    pictures = Pictures(tmp_path)
    name = pictures.keep(noise(10, 10))
    pictures.path_of(name).write_bytes(to_png(noise(10, 10, seed=2)))
    with pytest.raises(ProtocolError, match="another frame"):
        pictures.pixels(name)
    with pytest.raises(ProtocolError, match="no picture"):
        pictures.pixels("f" * 32)


@pytest.mark.slow
def test_whoever_looks_sees_whole_frames_only_however_they_change(tmp_path: Path) -> None:
    path = tmp_path / "frame"
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)])
    try:
        reader = FrameReader(path)
        until(reader.read, "the first frame")
        numbers = list[int]()
        for _ in range(repeats(2000, 200_000)):
            if frame := reader.read():
                assert frame.pixels.min() == frame.pixels.max()
                numbers.append(frame.number)
        assert numbers == sorted(numbers)
        assert len(set(numbers)) > 1
    finally:
        writer.kill()
        writer.wait()


def test_a_frame_has_the_age_of_when_it_was_taken_and_none_is_none(tmp_path: Path) -> None:
    reader, writer = FrameReader(tmp_path / "a"), FrameWriter(tmp_path / "a")
    assert reader.read() is None
    assert reader.taken_ns() is None
    t_ns = time.monotonic_ns()
    writer.show(noise(4, 5), t_ns)
    assert reader.taken_ns() == t_ns
    writer.close()
    assert reader.read() is None
