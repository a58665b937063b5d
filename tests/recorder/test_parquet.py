"""A Parquet export loses nothing, and other tools can query it."""

from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recorder.errors import DamagedError
from recorder.export import from_parquet, to_parquet
from recorder.schema import Event, Mark, PointerButton, UnknownEvent
from recorder.store import Manifest, Recording, RecordingWriter
from recorder.video import read_segment
from tests.recorder.scene import Scene, at
from tests.recorder.strategies import events


def query(text: str) -> list[tuple[Any, ...]]:
    """Return what DuckDB answers."""
    return duckdb.execute(text).fetchall()


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(written=st.lists(events(), max_size=8))
def test_any_recording_survives_the_round_trip(
    written: list[Event], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("any")
    writer = RecordingWriter(folder / "r", Manifest(name="r", source="desktop"))
    writer.append(written)
    writer.close(1)
    file = to_parquet(Recording(folder / "r"), folder / "out")
    assert list(from_parquet(file)) == written


def test_duckdb_opens_it(scene: Scene, tmp_path: Path) -> None:
    for number in range(3):
        scene.frame(number, number * 100)
        press = PointerButton(
            t_ns=at(number * 100 + 50), button="left", down=True, x=number, y=7, agent="a"
        )
        scene.add(press)
    file = to_parquet(scene.close(), tmp_path / "out")
    found = query(f"select t_ns, x, y, button, down, agent from '{file}' where kind = 'button'")
    assert found == [(at(n * 100 + 50), float(n), 7.0, "left", True, "a") for n in range(3)]
    videos = query(f"select distinct video from '{file}' where kind = 'frame'")
    assert videos == [("video/0001.mp4",)]
    assert len(list(read_segment(tmp_path / "out/video/0001.mp4"))) == 3
    described = query(f"select json ->> 'kind' from '{file}' order by number")
    assert described[0] == ("clock",)


def test_what_fits_no_column_is_in_the_json_still(scene: Scene, tmp_path: Path) -> None:
    odd = UnknownEvent(
        t_ns=2**70, fields={"kind": "\ud83d", "t_ns": 2**70, "x": 10**400, "text": 5, "down": "?"}
    )
    scene.writer.append([odd, Mark(t_ns=at(1), label="", text="\udc00half")])
    file = to_parquet(scene.close(), tmp_path / "out")
    assert list(from_parquet(file))[2:] == [odd, Mark(t_ns=at(1), label="", text="\udc00half")]
    row = query(f"select kind, t_ns, x, text, down from '{file}' where number = 2")
    assert row == [("?", None, None, None, None)]


def test_what_is_no_export_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(b"not parquet")
    with pytest.raises(DamagedError, match="not an export"):
        list(from_parquet(path))


def test_a_torn_recording_leaves_nothing_half_written(scene: Scene, tmp_path: Path) -> None:
    recording = scene.close()
    with (recording.folder / "events.jsonl").open("ab") as file:
        file.write(b"torn")
    with pytest.raises(DamagedError, match="line 3"):
        to_parquet(recording, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []
