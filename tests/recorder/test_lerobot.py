"""A LeRobot export is a v3.0 tree: constant rate, nothing from the future, all input in order."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from recorder.errors import ConfigError
from recorder.export import to_lerobot
from recorder.export.rows import ACTION_NAMES, STATE_NAMES
from recorder.export.stats import PixelCounts, of_column
from recorder.schema import (
    AgentAction,
    Click,
    Controller,
    FrameUnchanged,
    Gap,
    HeldState,
    Key,
    Mark,
    PointerButton,
    PointerMove,
    Redacted,
    Scroll,
)
from recorder.video import read_segment
from tests.recorder.scene import Scene, at, read_number

SCREEN = "observation.images.screen"


def recorded(scene: Scene) -> None:
    """Record two tasks: 20 frames, 130 ms apart, with a click after each."""
    for number in range(20):
        if number == 10:
            scene.cut()
        scene.frame(number, number * 130)
        ms = number * 130 + 60
        scene.add(
            PointerMove(t_ns=at(ms - 20), x=5 * number, y=number),
            *(
                PointerButton(
                    t_ns=at(ms + late), button="left", down=not late, x=5 * number, y=number
                )
                for late in (0, 30)
            ),
        )
    scene.add(
        Mark(t_ns=at(100), label="task_start", text="count"),
        Mark(t_ns=at(1100), label="task_end"),
        Mark(t_ns=at(1300), label="task_start", text="count on"),
    )


def table(folder: Path) -> dict[str, list[Any]]:
    """Return the columns of the data file."""
    return pq.read_table(folder / "data/chunk-000/file-000.parquet").to_pydict()


def column(folder: Path, name: str) -> list[float]:
    """Return one component of the action vectors."""
    return [row[ACTION_NAMES.index(name)] for row in table(folder)["action"]]


def test_the_tree_is_what_the_format_asks_for(scene: Scene, tmp_path: Path) -> None:
    recorded(scene)
    folder = to_lerobot([scene.close()], tmp_path / "ds", fps=10)
    files = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
    assert files == [
        "data/chunk-000/file-000.parquet",
        "meta/episodes/chunk-000/file-000.parquet",
        "meta/info.json",
        "meta/stats.json",
        "meta/tasks.parquet",
        f"videos/{SCREEN}/chunk-000/file-000.mp4",
    ]
    info = json.loads((folder / "meta/info.json").read_text())
    data = pq.read_table(folder / "data/chunk-000/file-000.parquet")
    assert info["codebase_version"] == "v3.0"
    assert info["total_episodes"] == 2
    assert info["total_frames"] == data.num_rows
    assert info["splits"] == {"train": "0:2"}
    in_data = {name for name, feature in info["features"].items() if feature["dtype"] != "video"}
    assert in_data == set(data.schema.names)  # the loader refuses columns that are not declared
    kinds = {"float32": "float", "int64": "int64", "string": "string"}
    for name in in_data:
        feature, found = info["features"][name], str(data.schema.field(name).type)
        if feature["shape"] == [1]:
            assert found == kinds[feature["dtype"]]
        else:
            assert found.replace("element", "item") == (
                f"fixed_size_list<item: float>[{feature['shape'][0]}]"
            )
            assert len(feature["names"]) == feature["shape"][0]
    assert info["features"][SCREEN]["shape"] == [120, 200, 3]
    path = info["video_path"].format(video_key=SCREEN, chunk_index=0, file_index=0)
    assert (folder / path).is_file()


def test_tasks_are_indexed_as_pandas_would(scene: Scene, tmp_path: Path) -> None:
    recorded(scene)
    folder = to_lerobot([scene.close()], tmp_path / "ds")
    tasks = pq.read_table(folder / "meta/tasks.parquet")
    assert tasks.to_pydict() == {
        "task_index": [0, 1],
        "__index_level_0__": ["count", "count on"],
    }
    metadata = json.loads(tasks.schema.metadata[b"pandas"])
    assert metadata["index_columns"] == ["__index_level_0__"]


def test_episodes_say_where_their_rows_and_frames_are(scene: Scene, tmp_path: Path) -> None:
    recorded(scene)
    folder = to_lerobot([scene.close()], tmp_path / "ds", fps=10)
    first, second = pq.read_table(folder / "meta/episodes/chunk-000/file-000.parquet").to_pylist()
    assert first["tasks"] == ["count"]
    assert (first["dataset_from_index"], first["dataset_to_index"]) == (0, 10)
    assert first["length"] == 10
    assert second["dataset_from_index"] == 10
    assert second[f"videos/{SCREEN}/from_timestamp"] == pytest.approx(1.0)
    length_s = second[f"videos/{SCREEN}/to_timestamp"] - second[f"videos/{SCREEN}/from_timestamp"]
    assert length_s * 10 == pytest.approx(second["length"])
    columns = table(folder)
    assert columns["index"] == list(range(len(columns["index"])))
    assert columns["episode_index"] == [0] * 10 + [1] * second["length"]
    assert columns["frame_index"] == [*range(10), *range(second["length"])]
    assert columns["timestamp"][:10] == pytest.approx([n / 10 for n in range(10)])
    assert [key for key in first if key.startswith("stats/action/")] == [
        f"stats/action/{name}"
        for name in ("min", "max", "mean", "std", "count", "q01", "q10", "q50", "q90", "q99")
    ]


def test_each_row_shows_the_last_frame_up_to_its_time(scene: Scene, tmp_path: Path) -> None:
    recorded(scene)
    recording = scene.close()
    folder = to_lerobot([recording], tmp_path / "ds", fps=10)
    shown = list(read_segment(folder / f"videos/{SCREEN}/chunk-000/file-000.mp4"))
    columns = table(folder)
    assert [ms for ms, _ in shown] == [100 * n for n in range(len(columns["index"]))]
    starts = {0: 100, 1: 1300}
    for (_, pixels), episode, second in zip(
        shown, columns["episode_index"], columns["timestamp"], strict=True
    ):
        ms = starts[episode] + round(second * 1000)
        assert read_number(pixels) == min(ms // 130, 19)


def test_every_event_is_in_the_row_before_it(scene: Scene, tmp_path: Path) -> None:
    recorded(scene)
    folder = to_lerobot([scene.close()], tmp_path / "ds", fps=10)
    columns = table(folder)
    starts = {0: at(100), 1: at(1300)}
    found: list[dict[str, Any]] = []
    for events, episode, second in zip(
        columns["sub_events"], columns["episode_index"], columns["timestamp"], strict=True
    ):
        row_ns = starts[episode] + round(second * 10) * 100_000_000
        for event in json.loads(events):
            assert row_ns < event["t_ns"] <= row_ns + 100_000_000
            found.append(event)
    assert [event["t_ns"] for event in found] == sorted(event["t_ns"] for event in found)
    presses = [event for event in found if event["kind"] == "button" and event["down"]]
    assert len(presses) == sum(100 < n * 130 + 60 < 1100 or n * 130 + 60 > 1300 for n in range(20))


def test_input_is_packed_into_vectors(scene: Scene, tmp_path: Path) -> None:
    scene.frame(1, 0)
    scene.add(
        HeldState(t_ns=at(1), x=10, y=20, buttons=("right",)),
        PointerMove(t_ns=at(10), x=15, y=20),
        PointerMove(t_ns=at(110), x=18, y=26),
        PointerMove(t_ns=at(120), x=16, y=26),
        Scroll(t_ns=at(130), dx=0, dy=1, x=16, y=26),
        Scroll(t_ns=at(140), dx=3, dy=-40, unit="pixel", x=16, y=26),
        Key(t_ns=at(150), down=True, code="KeyA"),
        Key(t_ns=at(160), down=False, code="KeyA"),
        Key(t_ns=at(170), down=True, code="Katakana"),
        PointerMove(t_ns=at(180), x=99, y=99, trusted=False),
        PointerButton(t_ns=at(210), button="right", down=False, x=16, y=26),
        Redacted(t_ns=at(250), end_ns=at(250), reason="password"),
        AgentAction(
            t_ns=at(260),
            end_ns=at(270),
            controller=Controller.SCRIPT,
            agent="a",
            action=Click(x=1, y=2),
        ),
        Mark(t_ns=at(350), label="note"),
    )
    folder = to_lerobot([scene.close()], tmp_path / "ds", fps=10)
    assert column(folder, "pointer_x") == [15, 16, 16, 16]
    assert column(folder, "pointer_dx")[1:] == [1, 0, 0]
    assert column(folder, "pointer_dy")[1:] == [6, 0, 0]
    assert column(folder, "wheel_notch_dy") == [0, 1, 0, 0]
    assert column(folder, "wheel_pixel_dx") == [0, 3, 0, 0]
    assert column(folder, "wheel_pixel_dy") == [0, -40, 0, 0]
    assert column(folder, "button_right") == [1, 1, 1, 0]
    assert column(folder, "key_KeyA") == [0, 1, 0, 0]
    assert column(folder, "key_other") == [0, 1, 1, 1]
    held = STATE_NAMES.index("button_right")
    assert [row[held] for row in table(folder)["observation.state"]] == [0, 1, 1, 0]
    kinds = [[event["kind"] for event in json.loads(row)] for row in table(folder)["sub_events"]]
    assert kinds[1:] == [
        ["move", "move", "scroll", "scroll", "key", "key", "key"],
        ["button", "redacted", "agent_action"],
        [],
    ]


def test_frames_of_other_sizes_keep_their_corner(tmp_path: Path) -> None:
    small, large = Scene(tmp_path / "small"), Scene(tmp_path / "large", size=(301, 161))
    for number, scene in enumerate((small, large)):
        scene.frame(number + 1, 0)
        scene.add(PointerMove(t_ns=at(50), x=1, y=1))
    folder = to_lerobot([small.close(), large.close()], tmp_path / "ds")
    images = [px for _, px in read_segment(folder / f"videos/{SCREEN}/chunk-000/file-000.mp4")]
    assert images[0].shape == (162, 302, 3)
    assert [read_number(image) for image in images] == [1, 2]


def test_large_files_are_followed_by_others(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded(scene)
    monkeypatch.setattr("recorder.export.lerobot._VIDEO_MB", 0)
    folder = to_lerobot([scene.close()], tmp_path / "ds")
    first, second = pq.read_table(folder / "meta/episodes/chunk-000/file-000.parquet").to_pylist()
    assert (first["data/file_index"], second["data/file_index"]) == (0, 1)
    assert second[f"videos/{SCREEN}/file_index"] == 1
    assert second[f"videos/{SCREEN}/from_timestamp"] == 0
    assert len(list((folder / f"videos/{SCREEN}/chunk-000").glob("*.mp4"))) == 2


def test_what_a_removed_span_hides_is_not_shown_again(scene: Scene, tmp_path: Path) -> None:
    scene.frame(1, 0)
    scene.add(
        PointerMove(t_ns=at(50), x=1, y=1),
        Redacted(t_ns=at(100), end_ns=at(200), reason="panic"),
        FrameUnchanged(t_ns=at(250)),
        PointerMove(t_ns=at(300), x=1, y=1),
    )
    folder = to_lerobot([scene.close()], tmp_path / "ds")
    assert table(folder)["episode_index"] == [0]


def test_after_a_gap_a_frame_counts_once_it_was_looked_at_again(
    scene: Scene, tmp_path: Path
) -> None:
    scene.frame(1, 0)
    scene.add(
        PointerMove(t_ns=at(50), x=1, y=1),
        Gap(t_ns=at(100), end_ns=at(2000), reason="stall"),
        PointerMove(t_ns=at(2100), x=1, y=1),
        FrameUnchanged(t_ns=at(2200)),
        PointerMove(t_ns=at(2290), x=1, y=1),
    )
    folder = to_lerobot([scene.close()], tmp_path / "ds")
    assert table(folder)["episode_index"] == [0, 1]
    assert [len(json.loads(row)) for row in table(folder)["sub_events"]] == [1, 1]


def test_what_cannot_be_exported_leaves_nothing(scene: Scene, tmp_path: Path) -> None:
    scene.frame(1, 0)
    recording = scene.close()
    with pytest.raises(ConfigError, match="nothing to export in scene"):
        to_lerobot([recording], tmp_path / "ds")
    with pytest.raises(ConfigError, match="1 to 60"):
        to_lerobot([recording], tmp_path / "ds", fps=99)
    with pytest.raises(ConfigError, match="not empty"):
        to_lerobot([recording], recording.folder)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scene"]


def test_statistics_are_those_of_the_values() -> None:
    values = np.array([[1.0, 10.0], [3.0, 10.0], [5.0, 40.0]])
    found = of_column(values)
    assert found["min"] == [1, 10]
    assert found["mean"] == [3, 20]
    assert found["count"] == [3]
    counts = PixelCounts()
    image = np.zeros((16, 32, 3), np.uint8)
    image[:, 16:, 0] = 255
    counts.add(image)
    other = PixelCounts()
    other.add(image)
    counts.merge(other)
    stats = counts.stats()
    assert np.array(stats["mean"]).shape == (3, 1, 1)
    assert [stats[name][0][0][0] for name in ("min", "max", "mean", "std", "q01", "q99")] == [
        pytest.approx(value) for value in (0, 1, 0.5, 0.5, 0, 1)
    ]
    assert stats["max"][1][0][0] == 0
    assert stats["count"] == [2]
