"""Parquet: one row per event, typed columns for what queries ask for, and the whole event as JSON.

`events.parquet` alone holds everything that `events.jsonl` does; the video lies beside it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from recorder.codec import event_from_dict, event_to_dict, event_to_line
from recorder.errors import DamagedError
from recorder.schema import Event, Frame
from recorder.store import Recording
from recorder.video import segment_path, segments

_BATCH = 20_000
_INT64 = 1 << 63
_MANIFEST = b"understudy.manifest"
_COLUMNS: dict[str, pa.DataType] = {
    "kind": pa.string(),
    "t_ns": pa.int64(),
    "end_ns": pa.int64(),
    "received_ns": pa.int64(),
    "controller": pa.string(),
    "agent": pa.string(),
    "trusted": pa.bool_(),
    "page": pa.string(),
    "x": pa.float64(),
    "y": pa.float64(),
    "dx": pa.float64(),
    "dy": pa.float64(),
    "button": pa.string(),
    "down": pa.bool_(),
    "code": pa.string(),
    "symbol": pa.string(),
    "text": pa.string(),
    "app": pa.string(),
    "title": pa.string(),
    "url": pa.string(),
    "reason": pa.string(),
    "segment": pa.int64(),
    "index": pa.int64(),
    "pts_ms": pa.int64(),
    "width": pa.int64(),
    "height": pa.int64(),
}
_SCHEMA = pa.schema(
    [
        ("number", pa.int64()),
        *_COLUMNS.items(),
        ("video", pa.string()),
        ("json", pa.string()),
    ]
)


def to_parquet(recording: Recording, folder: Path) -> Path:
    """Write `events.parquet` and copies of the video to a folder; return the Parquet file.

    Raises:
        DamagedError: a line of the events is torn or foreign.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "events.parquet"
    temporary = folder / "events.parquet.tmp"
    manifest = (recording.folder / "manifest.json").read_bytes()
    schema = _SCHEMA.with_metadata({_MANIFEST: manifest})
    rows = (_row(number, event) for number, event in enumerate(recording.events()))
    try:
        with pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
            while batch := list(islice(rows, _BATCH)):
                writer.write_table(pa.Table.from_pylist(batch, schema=schema))
        for path in segments(recording.folder).values():
            (folder / "video").mkdir(exist_ok=True)
            shutil.copyfile(path, folder / "video" / path.name)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    return target


def from_parquet(file: Path) -> Iterator[Event]:
    """Yield the events that `to_parquet` wrote, in order.

    Raises:
        DamagedError: the file was not written by `to_parquet`.
    """
    try:
        with pq.ParquetFile(file) as source:
            for batch in source.iter_batches(_BATCH, columns=["json"]):
                for line in batch.column(0).to_pylist():
                    yield event_from_dict(json.loads(line))
    except (pa.ArrowException, OSError, ValueError, IndexError) as error:
        raise DamagedError(f"{file} is not an export of a recording: {error}") from error


def _row(number: int, event: Event) -> dict[str, Any]:
    entry = event_to_dict(event)
    row: dict[str, Any] = {
        name: _fitting(getattr(event, name, entry.get(name)), type_)
        for name, type_ in _COLUMNS.items()
        if name != "kind"
    }
    row["number"] = number
    row["kind"] = _fitting(entry["kind"], pa.string())
    row["json"] = event_to_line(event).decode("ascii").rstrip("\n")
    if isinstance(event, Frame):
        path = segment_path(Path(), event.segment)
        row["video"] = path.as_posix()
    return row


def _fitting(value: object, type_: Any) -> Any:
    """Return a value where it fits its column, None otherwise: the JSON has it in any case."""
    if isinstance(value, str):
        # a title may hold half a surrogate pair, which UTF-8 has no bytes for
        return value.encode("utf-8", "replace").decode() if pa.types.is_string(type_) else None
    if isinstance(value, bool):
        return value if pa.types.is_boolean(type_) else None
    if isinstance(value, int) and pa.types.is_int64(type_):
        return value if -_INT64 <= value < _INT64 else None
    if isinstance(value, int | float) and pa.types.is_float64(type_):
        try:
            return float(value)
        except OverflowError:
            return None
    return None
