"""The reader's benchmark measures what it says, next to a peer that reads the same pages."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from policy.bench import reading
from policy.bench.reading import run
from policy.bench.reading_table import reading_table
from policy.errors import ConfigError
from policy.reader import checkpoint
from policy.reader.assemble import Screen, TextLine, Word
from policy.reader.label import Labelled
from policy.reader.read import Reading
from policy.reader.score import Window, score
from tests.policy.reader.drawn import drawn_page, manifest, tiny_model

HEIGHT, WIDTH = 128, 192


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a reader that has learned nothing, where screens of one size count as both."""
    folder = tmp_path / "reader"
    folder.mkdir()
    checkpoint.save(folder, tiny_model(), manifest(), torch.float32)
    for name in ("SMALL", "DENSE"):
        monkeypatch.setattr(reading, name, (HEIGHT, WIDTH))
    return folder


def pages(count: int = 3) -> list[Labelled]:
    """Return pages that are large enough to have tiles."""
    found: list[Labelled] = []
    for number in range(count):
        page = drawn_page("one two", f"three {number}")
        pixels = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
        height, width = page.pixels.shape[:2]
        pixels[:height, :width] = page.pixels
        found.append(Labelled(pixels, page.lines, page.widgets))
    return found


def measured(reader: Path, peer: Path | None = None) -> dict[str, Any]:
    """Return the figures of three pages."""
    sets = {"own": pages()}
    return run(reader, sets, seconds=0.01, rapidocr=peer, report=lambda _: None)


def fake_peer(folder: Path, answer: str) -> Path:
    """Return an interpreter that answers for every picture, whatever script it is given."""
    path = folder / "python"
    path.write_text(f"#!{sys.executable}\n{answer}")
    path.chmod(0o755)
    return path


def test_every_figure_is_there_and_unread_words_are_counted(reader: Path) -> None:
    found = measured(reader)
    for name in ("small", "dense", "tile", "same"):
        assert found[f"read_ms_{name}"] > 0
        assert found[f"read_cpu_ms_{name}"] > 0
    assert found["sets"]["own"]["words"] == 12
    assert found["sets"]["own"]["widgets"] == 3
    shown = reading_table(found)
    assert "160 x 210 px" in shown
    assert "of 12" in shown
    assert "RapidOCR" not in shown


def test_pages_of_another_size_cannot_be_timed(reader: Path) -> None:
    sets = {"own": [drawn_page("one")]}
    with pytest.raises(ConfigError, match="draw more shards"):
        run(reader, sets, seconds=0.01, rapidocr=None, report=lambda _: None)


def test_what_the_peer_reads_is_counted_as_ours_is(reader: Path, tmp_path: Path) -> None:
    page = pages(1)[0]
    line = page.lines[0]
    words = [[line.text(number), *line.edges(number)] for number in range(len(line.words))]
    answer = {"lines": [[words, line.top, line.bottom]], "ms": 5.0, "cpu_ms": 4.0}
    peer = fake_peer(tmp_path, f"for _ in range(3): print({json.dumps(answer)!r})\n")
    found = measured(reader, peer)
    assert found["read_ms_dense_rapidocr"] == 5.0
    told = found["sets_rapidocr"]["own"]
    assert (told["exact"], told["words"], told["false_words"]) == (6, 12, 0)
    assert "RapidOCR, own" in reading_table(found)


def test_a_peer_that_breaks_off_says_why(reader: Path, tmp_path: Path) -> None:
    peer = fake_peer(tmp_path, "raise SystemExit('no such module')\n")
    with pytest.raises(ConfigError, match="no such module"):
        measured(reader, peer)


def test_words_of_a_window_count_where_they_are_written() -> None:
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    black = (0, 0, 0)
    lines = (
        TextLine((Word("Save", 10, 30, 1.0), Word("as", 34, 44, 1.0)), 10, 20, black),
        TextLine((Word("Save", 10, 30, 1.0),), 60, 70, black),
    )
    nothing = np.zeros((0, 0, 0), np.float32)
    read = Reading(pixels, nothing, nothing, lines, Screen((), "", 1.0))
    texts = (("Save as", (5, 5, 60, 20)), ("Save Save", (5, 55, 60, 20)), ("Quit", (0, 0, 99, 99)))
    found = score(read, Window(pixels, texts))
    assert (found.words, found.exact) == (5, 3)
