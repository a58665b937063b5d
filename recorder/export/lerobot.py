"""LeRobotDataset v3.0: a tree of Parquet and MP4 files that the `lerobot` package opens.

It is a training format: constant rate, one row per frame. What a row cannot hold as a vector
is in its `sub_events`: a JSON list in a string column, for the format has no lists of any length.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from recorder.align.frames import FrameReader
from recorder.align.pieces import pieces
from recorder.errors import ConfigError
from recorder.export.rows import ACTION_NAMES, STATE_NAMES, Row, Shown, rows
from recorder.export.stats import PixelCounts, Stats, of_column
from recorder.schema import Event, Frame
from recorder.store import Recording

_SCREEN = "observation.images.screen"
_FILE = "chunk-{chunk_index:03d}/file-{file_index:03d}"
_DATA_PATH = f"data/{_FILE}.parquet"
_VIDEO_PATH = f"videos/{{video_key}}/{_FILE}.mp4"
_EPISODES_PATH = f"meta/episodes/{_FILE}.parquet"
_CHUNK_FILES = 1000
_DATA_MB, _VIDEO_MB = 100, 200
_MOST_FPS = 60
_SAMPLED_IMAGES = 100  # per episode, for statistics
_COUNTERS = ("frame_index", "episode_index", "index", "task_index")


@dataclass(frozen=True, slots=True)
class _Take:
    """One episode to be written."""

    recording: Path
    rows: list[Row]
    task: str


@dataclass(slots=True)
class _Written:
    """What was written so far."""

    episodes: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    columns: dict[str, list[NDArray[Any]]] = field(default_factory=dict[str, list[NDArray[Any]]])
    pixels: PixelCounts = field(default_factory=PixelCounts)
    total: int = 0


def to_lerobot(recordings: Sequence[Recording], folder: Path, *, fps: int = 10) -> Path:
    """Write the episodes of some recordings as one dataset; return its folder.

    Raises:
        ConfigError: the folder is taken, the rate is not allowed, or there is nothing to export.
        DamagedError: a recording cannot be read.
    """
    if not 1 <= fps <= _MOST_FPS:
        raise ConfigError(f"cannot export {fps} frames a second; allowed: 1 to {_MOST_FPS}")
    if folder.exists() and any(folder.iterdir()):
        raise ConfigError(f"{folder} exists already and is not empty; choose another")
    takes, frames = list[_Take](), list[Frame]()
    for recording in recordings:
        events = list(recording.events())
        frames += (event for event in events if isinstance(event, Frame))
        takes += _takes(recording.folder, events, fps)
    if not takes:
        names = ", ".join(recording.manifest.name for recording in recordings)
        raise ConfigError(f"nothing to export in {names}: no input while something was on screen")
    size = _common_size(frames)
    partial = folder.with_name(folder.name + ".tmp")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        _write(takes, partial, size, fps)
        partial.replace(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def _takes(recording: Path, events: Sequence[Event], fps: int) -> list[_Take]:
    shown = Shown(events)
    found = ((piece, rows(piece, shown, fps)) for piece in pieces(events))
    return [_Take(recording, made, piece.goal) for piece, made in found if made]


def _common_size(frames: Sequence[Frame]) -> tuple[int, int]:
    """Return width and height that hold every frame, both even as the encoder needs them."""
    width = max(frame.width for frame in frames)
    height = max(frame.height for frame in frames)
    return width + width % 2, height + height % 2


def _write(takes: Sequence[_Take], folder: Path, size: tuple[int, int], fps: int) -> None:
    tasks = list(dict.fromkeys(take.task for take in takes))
    written = _Written()
    with _Files(folder, size, fps) as files:
        for take in takes:
            _write_episode(take, tasks.index(take.task), files, written, fps)
    _write_table(folder / _EPISODES_PATH.format(chunk_index=0, file_index=0), written.episodes)
    _write_tasks(folder, tasks)
    stats = {name: of_column(np.concatenate(parts)) for name, parts in written.columns.items()}
    _write_json(folder / "meta/stats.json", stats | {_SCREEN: written.pixels.stats()})
    info = {
        "codebase_version": "v3.0",
        "robot_type": "computer",
        "total_episodes": len(takes),
        "total_frames": written.total,
        "total_tasks": len(tasks),
        "chunks_size": _CHUNK_FILES,
        "data_files_size_in_mb": _DATA_MB,
        "video_files_size_in_mb": _VIDEO_MB,
        "fps": fps,
        "splits": {"train": f"0:{len(takes)}"},
        "data_path": _DATA_PATH,
        "video_path": _VIDEO_PATH,
        "features": _features(size, fps),
    }
    _write_json(folder / "meta/info.json", info)


def _write_episode(
    take: _Take, task_index: int, files: _Files, written: _Written, fps: int
) -> None:
    count, episode_index = len(take.rows), len(written.episodes)
    place = files.next_episode()
    columns: dict[str, NDArray[Any]] = {
        "action": np.stack([row.action for row in take.rows]),
        "observation.state": np.stack([row.state for row in take.rows]),
        "timestamp": np.arange(count, dtype=np.float32) / np.float32(fps),
        "frame_index": np.arange(count, dtype=np.int64),
        "episode_index": np.full(count, episode_index, np.int64),
        "index": np.arange(written.total, written.total + count, dtype=np.int64),
        "task_index": np.full(count, task_index, np.int64),
    }
    pixels = files.write(take, columns)
    stats = {name: of_column(values) for name, values in columns.items()}
    stats[_SCREEN] = pixels.stats()
    written.episodes.append(
        {
            "episode_index": episode_index,
            "tasks": [take.task],
            "length": count,
            "dataset_from_index": written.total,
            "dataset_to_index": written.total + count,
            "data/chunk_index": place.chunk,
            "data/file_index": place.file,
            f"videos/{_SCREEN}/chunk_index": place.chunk,
            f"videos/{_SCREEN}/file_index": place.file,
            f"videos/{_SCREEN}/from_timestamp": place.frames / fps,
            f"videos/{_SCREEN}/to_timestamp": (place.frames + count) / fps,
            "meta/episodes/chunk_index": 0,
            "meta/episodes/file_index": 0,
            **_flat(stats),
        }
    )
    for name, values in columns.items():
        written.columns.setdefault(name, []).append(values)
    written.pixels.merge(pixels)
    written.total += count


def _flat(stats: dict[str, Stats]) -> dict[str, Any]:
    return {
        f"stats/{name}/{what}": values
        for name, found in stats.items()
        for what, values in found.items()
    }


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where an episode begins."""

    chunk: int
    file: int
    frames: int
    """Frames in the video file before it."""


class _Files:
    """The data file and the video file that are being written; large ones are followed by more."""

    def __init__(self, folder: Path, size: tuple[int, int], fps: int) -> None:
        self._folder = folder
        self._size = size
        self._fps = fps
        self._number = -1
        self._frames = self._bytes = 0
        self._open()

    def __enter__(self) -> _Files:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def next_episode(self) -> _Spot:
        """Return where the next episode goes; starts new files when these are large enough."""
        if self._frames and self._bytes >= _VIDEO_MB << 20:
            self._close()
            self._open()
        chunk, file = divmod(self._number, _CHUNK_FILES)
        return _Spot(chunk, file, self._frames)

    def write(self, take: _Take, columns: dict[str, NDArray[Any]]) -> PixelCounts:
        """Write one episode; return how bright its pixels are."""
        self._data.write_table(_table(take, columns))
        counts, every = PixelCounts(), -(-len(take.rows) // _SAMPLED_IMAGES)
        image: av.VideoFrame | None = None
        with FrameReader(take.recording) as reader:
            for number, row in enumerate(take.rows):
                if image is None or row.frame != take.rows[number - 1].frame:
                    image = self._image(reader.read(row.frame))
                if number % every == 0:
                    counts.add(reader.read(row.frame))
                image.pts, image.time_base = self._frames, Fraction(1, self._fps)
                self._mux(image)
                self._frames += 1
        return counts

    def _image(self, pixels: NDArray[np.uint8]) -> av.VideoFrame:
        """Return pixels in the corner of an image of the common size, so that places stay true."""
        width, height = self._size
        canvas = np.zeros((height, width, 3), np.uint8)
        canvas[: pixels.shape[0], : pixels.shape[1]] = pixels
        return av.VideoFrame.from_ndarray(canvas, format="rgb24").reformat(format="yuv420p")

    def _open(self) -> None:
        self._number += 1
        self._frames = self._bytes = 0
        chunk, file = divmod(self._number, _CHUNK_FILES)
        names = {"video_key": _SCREEN, "chunk_index": chunk, "file_index": file}
        video_path = self._folder / _VIDEO_PATH.format(**names)
        data_path = self._folder / _DATA_PATH.format(**names)
        for path in (video_path, data_path):
            path.parent.mkdir(parents=True, exist_ok=True)
        self._data = pq.ParquetWriter(data_path, _data_schema())
        self._video = av.open(str(video_path), "w", format="mp4")
        # a key frame each second: training reads frames in random order
        options = {"preset": "veryfast", "crf": "23", "bf": "0", "g": str(self._fps)}
        self._stream = self._video.add_stream("libx264", rate=self._fps, options=options)
        self._stream.width, self._stream.height = self._size
        self._stream.pix_fmt = "yuv420p"

    def _close(self) -> None:
        self._data.close()
        self._mux(None)
        self._video.close()

    def _mux(self, image: av.VideoFrame | None) -> None:
        for packet in self._stream.encode(image):
            self._bytes += packet.size
            self._video.mux(packet)


def _table(take: _Take, columns: dict[str, NDArray[Any]]) -> Any:
    arrays: dict[str, Any] = {
        name: pa.array(values)
        if values.ndim == 1
        else pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), values.shape[1])
        for name, values in columns.items()
    }
    arrays["sub_events"] = pa.array([json.dumps(row.events) for row in take.rows], pa.string())
    schema = _data_schema()
    return pa.Table.from_arrays([arrays[name] for name in schema.names], schema=schema)


def _data_schema() -> Any:
    vectors = {"action": len(ACTION_NAMES), "observation.state": len(STATE_NAMES)}
    return pa.schema(
        [
            *((name, pa.list_(pa.float32(), length)) for name, length in vectors.items()),
            ("timestamp", pa.float32()),
            *((name, pa.int64()) for name in _COUNTERS),
            ("sub_events", pa.string()),
        ]
    )


def _features(size: tuple[int, int], fps: int) -> dict[str, Any]:
    width, height = size
    vectors = {"action": ACTION_NAMES, "observation.state": STATE_NAMES}
    return {
        _SCREEN: {
            "dtype": "video",
            "shape": [height, width, 3],
            "names": ["height", "width", "channels"],
            "info": {
                "video.height": height,
                "video.width": width,
                "video.codec": "h264",
                "video.pix_fmt": "yuv420p",
                "video.is_depth_map": False,
                "video.fps": fps,
                "video.channels": 3,
                "has_audio": False,
            },
        },
        **{
            name: {"dtype": "float32", "shape": [len(names)], "names": list(names)}
            for name, names in vectors.items()
        },
        "sub_events": {"dtype": "string", "shape": [1], "names": None},
        "timestamp": {"dtype": "float32", "shape": [1], "names": None},
        **{name: {"dtype": "int64", "shape": [1], "names": None} for name in _COUNTERS},
    }


def _write_tasks(folder: Path, tasks: Sequence[str]) -> None:
    """Write the tasks as pandas would, with the text as index."""
    pandas = {
        "index_columns": ["__index_level_0__"],
        "column_indexes": [],
        "columns": [
            {
                "name": name,
                "field_name": field_name,
                "pandas_type": pandas_type,
                "numpy_type": numpy_type,
                "metadata": None,
            }
            for name, field_name, pandas_type, numpy_type in (
                ("task_index", "task_index", "int64", "int64"),
                (None, "__index_level_0__", "unicode", "object"),
            )
        ],
        "pandas_version": "2.0.0",
    }
    table = pa.table(
        {"task_index": pa.array(range(len(tasks)), pa.int64()), "__index_level_0__": list(tasks)}
    )
    pq.write_table(
        table.replace_schema_metadata({b"pandas": json.dumps(pandas).encode()}),
        folder / "meta/tasks.parquet",
    )


def _write_table(path: Path, entries: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(entries), path)


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=4, ensure_ascii=False))
