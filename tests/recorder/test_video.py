"""Rules of the video: what goes in comes out, at once, readable, and nothing under a mask."""

from __future__ import annotations

import resource
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from recorder.errors import DamagedError
from recorder.masks import paint
from recorder.video import (
    SEGMENT_NS,
    SegmentWriter,
    VideoSettings,
    VideoWriter,
    packet_times,
    read_segment,
    whole_length,
)

MS = 1_000_000
Pixels = NDArray[np.uint8]


def text_page(seed: int, height: int = 400, width: int = 320) -> Pixels:
    """Return rows of black strokes on white, about as dense as text."""
    chance = np.random.default_rng(seed)
    page = np.full((height, width, 4), 255, np.uint8)
    for row in range(4, height - 12, 16):
        strokes = chance.random((10, width // 2)) < 0.3
        page[row : row + 10, :, :3][np.repeat(strokes, 2, axis=1)[:, :width]] = 0
    return page


def decibels(shown: Pixels, true: Pixels) -> float:
    error = np.mean((shown.astype(float) - true[..., 2::-1].astype(float)) ** 2)
    return float(10 * np.log10(255**2 / error))


def test_a_frame_is_on_disk_when_add_returns(tmp_path: Path) -> None:
    path = tmp_path / "1.mp4"
    segment = SegmentWriter(path, 320, 200)
    for number in range(6):
        segment.add(text_page(number, 200), number * 70 * MS)
        assert packet_times(path) == [n * 70 for n in range(number + 1)]
        assert whole_length(path) == path.stat().st_size
    segment.close()
    assert packet_times(path) == [n * 70 for n in range(6)]


def test_scrolled_text_stays_readable(tmp_path: Path) -> None:
    page = text_page(0, height=2000)
    segment = SegmentWriter(tmp_path / "1.mp4", 320, 400)
    views = [page[top : top + 400] for top in range(0, 1600, 60)]
    for number, view in enumerate(views):
        segment.add(view, number * 100 * MS)
    segment.close()
    shown = [pixels for _, pixels in read_segment(tmp_path / "1.mp4")]
    assert min(decibels(got, view) for got, view in zip(shown, views, strict=True)) > 35


@pytest.mark.parametrize("chroma", ["yuv420p", "yuv444p"])
def test_colours_come_back(tmp_path: Path, chroma: str) -> None:
    colours = [(0, 0, 0), (255, 255, 255), (40, 80, 200), (200, 60, 30), (96, 96, 96)]
    segment = SegmentWriter(tmp_path / "1.mp4", 64, 64, VideoSettings(chroma=chroma))
    for number, (red, green, blue) in enumerate(colours):
        segment.add(np.full((64, 64, 4), (blue, green, red, 0), np.uint8), number * MS)
    segment.close()
    for (_, pixels), colour in zip(read_segment(tmp_path / "1.mp4"), colours, strict=True):
        assert np.abs(pixels.mean(axis=(0, 1)) - colour).max() < 4


@pytest.mark.parametrize("size", [(321, 201), (65, 64), (64, 65), (33, 17)])
def test_odd_sizes_are_padded_with_their_own_border(tmp_path: Path, size: tuple[int, int]) -> None:
    width, height = size
    segment = SegmentWriter(tmp_path / "1.mp4", width, height)
    image = np.full((height, width, 4), 200, np.uint8)
    segment.add(image, 0)
    image = image.copy()
    image[height - 9 :, width - 9 :] = 20
    segment.add(image, MS, dirty=[(width - 9, height - 9, 9, 9)])
    segment.close()
    (_, before), (_, after) = read_segment(tmp_path / "1.mp4")
    assert before.shape == (height + height % 2, width + width % 2, 3)
    assert np.abs(before.astype(int) - 200).max() < 8
    assert np.abs(after[height - 6 :, width - 6 :].astype(int) - 20).max() < 30


def test_what_is_not_dirty_is_not_looked_at(tmp_path: Path) -> None:
    segment = SegmentWriter(tmp_path / "1.mp4", 128, 128)
    segment.add(np.full((128, 128, 4), 255, np.uint8), 0)
    segment.add(np.zeros((128, 128, 4), np.uint8), MS, dirty=[(0, 0, 64, 64)])
    segment.close()
    _, (_, after) = read_segment(tmp_path / "1.mp4")
    assert after[:60, :60].max() < 12
    assert after[70:, 70:].min() > 243


def test_a_mask_is_flat_while_it_is_there_and_gone_after(tmp_path: Path) -> None:
    secret = text_page(3, 256, 256)
    box = (96, 96, 64, 64)
    segment = SegmentWriter(tmp_path / "1.mp4", 256, 256)
    for number, boxes in enumerate([[], [box], [box], []]):
        pixels = secret.copy()
        pixels[:16, :16] = number * 60  # something else changes each time
        masked = paint(pixels, boxes)
        segment.add(pixels, number * MS, dirty=[(0, 0, 16, 16)], masked=masked)
    segment.close()
    frames = [pixels for _, pixels in read_segment(tmp_path / "1.mp4")]
    inside = (slice(96, 160), slice(96, 160))
    assert [int(np.ptp(frame[inside])) <= 2 for frame in frames] == [False, True, True, False]
    assert decibels(frames[3][inside], secret[inside]) > 30


def test_segments_end_with_age_size_and_cut(tmp_path: Path) -> None:
    video = VideoWriter(tmp_path / "video")
    small, large = np.zeros((64, 64, 4), np.uint8), np.zeros((96, 64, 4), np.uint8)
    places = [video.add(small, 0), video.add(small, MS), video.add(large, 2 * MS)]
    places.append(video.add(large, 3 * MS + SEGMENT_NS))
    video.cut()
    places.append(video.add(large, 4 * MS + SEGMENT_NS))
    video.cut()
    assert [(place.segment, place.index) for place in places] == [
        *((1, 0), (1, 1), (2, 0), (3, 0), (4, 0))
    ]
    assert video.last_segment == 4


def test_pages_have_segments_of_their_own(tmp_path: Path) -> None:
    video = VideoWriter(tmp_path / "video")
    image = np.zeros((64, 64, 4), np.uint8)
    segments = [video.add(image, t * MS, page).segment for t, page in enumerate("abab")]
    video.cut("a")
    segments.append(video.add(image, 9 * MS, "a").segment)
    video.cut()
    assert segments == [1, 2, 1, 2, 3]


def test_times_never_go_back(tmp_path: Path) -> None:
    segment = SegmentWriter(tmp_path / "1.mp4", 64, 64)
    image = np.zeros((64, 64, 4), np.uint8)
    times = [segment.add(image, t * MS)[1] for t in (10, 30, 30, 20, 40)]
    segment.close()
    assert times == [0, 20, 21, 22, 30]
    assert packet_times(tmp_path / "1.mp4") == times


def test_a_full_disk_leaves_whole_frames_only(tmp_path: Path) -> None:
    path = tmp_path / "1.mp4"
    segment = SegmentWriter(path, 320, 200)
    segment.add(text_page(0, 200), 0)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 500, before[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            segment.add(text_page(1, 200), MS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert packet_times(path) == [0]
    assert whole_length(path) == path.stat().st_size
    segment.close()


def test_what_is_no_video_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "1.mp4"
    path.write_bytes(b"not a video" * 100)
    with pytest.raises(DamagedError, match=r"cannot read .*1\.mp4"):
        list(read_segment(path))
    with pytest.raises(DamagedError, match=r"cannot read .*1\.mp4"):
        packet_times(path)


def test_changes_under_a_mask_are_no_news(tmp_path: Path) -> None:
    video = VideoWriter(tmp_path / "video")
    boxes = [(64, 64, 64, 64)]

    def image(secret: int, shown: int) -> tuple[Pixels, tuple[tuple[int, int, int, int], ...]]:
        pixels = np.zeros((256, 256, 4), np.uint8)
        pixels[80:90, 80:90], pixels[200:210, 200:210] = secret, shown
        return pixels, paint(pixels, boxes)

    tiles = ((64, 64, 128, 128), (192, 192, 64, 64))
    pixels, masked = image(1, 1)
    assert video.news(pixels, "", dirty=(), masked=masked) == (), "the first is all new"
    video.add(pixels, 0, masked=masked)
    pixels, masked = image(200, 1)
    assert video.news(pixels, "", dirty=tiles, masked=masked) is None
    assert video.news(pixels, "", dirty=(), masked=masked) is None
    pixels, masked = image(99, 200)
    assert video.news(pixels, "", dirty=tiles, masked=masked) == tiles[1:]
    assert video.news(pixels, "", dirty=(), masked=masked) == ()
    assert video.news(pixels, "", dirty=tiles, masked=()) == tiles, "the mask itself changed"
    assert video.news(pixels[:99], "", dirty=tiles, masked=masked) == ()
    video.cut()
