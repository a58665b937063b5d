"""The benchmark of the reader: how fast it reads, and how much of what it reads is right."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from importlib.resources import files
from itertools import cycle
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policy.bench.run import one_core
from policy.errors import ConfigError
from policy.reader.assemble import Screen, TextLine, Word
from policy.reader.label import Labelled
from policy.reader.read import Reader, Reading
from policy.reader.score import Score, Window, score, score_pages

Pixels = NDArray[np.uint8]
SMALL, DENSE = (210, 160), (400, 640)
"""Heights and widths, px, of the screens that are timed."""
_TILE_PX = 64
_FEWEST = 5  # reads of a row, however slow they are
_WHITE = (255, 255, 255)


def run(
    folder: Path,
    sets: Mapping[str, Sequence[Labelled | Window]],
    *,
    seconds: float,
    rapidocr: Path | None,
    report: Callable[[str], None],
) -> dict[str, Any]:
    """Return every figure of the benchmark by its name.

    Reading is timed on one core, as a clock on the wall sees it and in processor time, each time
    by a reader that remembers nothing: `small` and `dense` whole screens, `tile` a dense one of
    which one tile of 64 px has changed, `same` one of which nothing has.

    Args:
        folder: of the reader.
        sets: pages with what is on them, by what they are called; the first set has those that are
            timed.
        seconds: how long each row is measured.
        rapidocr: an interpreter that has `rapidocr` and `onnxruntime`; without it that peer is left
            out.
        report: told what is being measured.

    Raises:
        CheckpointError: there is no reader in the folder.
        ConfigError: the first set has no page of a size that is timed, or the peer's interpreter
            breaks off.
    """
    own = [page for page in next(iter(sets.values())) if isinstance(page, Labelled)]
    small, dense = _of_size(own, SMALL), _of_size(own, DENSE)
    dense = sorted(dense, key=lambda page: -len(page.lines))[: max(1, len(dense) // 2)]
    figures: dict[str, Any] = {
        "seconds": seconds,
        "cpus": os.cpu_count(),
        "load_before": os.getloadavg()[0],
        "dense_lines": median(len(page.lines) for page in dense),
    }
    with one_core():
        report("reading, timed")
        for name, tasks in (
            ("small", ((page.pixels, None) for page in cycle(small))),
            ("dense", ((page.pixels, None) for page in cycle(dense))),
            ("tile", _changed(folder, dense)),
            ("same", _unchanged(folder, dense)),
        ):
            figures |= _timed(name, folder, tasks, seconds)
        reader = Reader.load(folder)
        figures["sets"] = {}
        for name, pages in sets.items():
            report(f"reading, {name}")
            figures["sets"][name] = asdict(score_pages(reader, pages))
    return figures | (_peer(rapidocr, sets, (small, dense), report) if rapidocr else {})


def _of_size(pages: Iterable[Labelled], size: tuple[int, int]) -> list[Labelled]:
    found = [page for page in pages if page.pixels.shape[:2] == size]
    if not found:
        raise ConfigError(f"no page of {size[1]} x {size[0]} px to be timed; draw more shards")
    return found


# Time ---------------------------------------------------------------------------------------------


def _timed(
    name: str, folder: Path, tasks: Iterator[tuple[Pixels, Reading | None]], seconds: float
) -> dict[str, float]:
    wall: list[float] = []
    cpu: list[float] = []
    Reader.load(folder).read(next(tasks)[0])  # what is slow the first time in a process
    start = time.perf_counter()
    while time.perf_counter() - start < seconds or len(wall) < _FEWEST:
        pixels, before = next(tasks)
        reader = Reader.load(folder)
        began, began_cpu = time.perf_counter(), time.thread_time()
        reader.read(pixels, before)
        wall.append(time.perf_counter() - began)
        cpu.append(time.thread_time() - began_cpu)
    return {f"read_ms_{name}": 1000 * median(wall), f"read_cpu_ms_{name}": 1000 * median(cpu)}


def _changed(folder: Path, pages: Sequence[Labelled]) -> Iterator[tuple[Pixels, Reading | None]]:
    """Yield screens of which a tile now shows what stood elsewhere, and what was read before."""
    reader = Reader.load(folder)
    for number, page in enumerate(cycle(pages)):
        pixels = page.pixels.copy()
        rows, columns = (side // _TILE_PX for side in pixels.shape[:2])
        y, x = _TILE_PX * (number % rows), _TILE_PX * (number // rows % columns)
        tile = pages[(number + 1) % len(pages)].pixels[y : y + _TILE_PX, x : x + _TILE_PX]
        pixels[y : y + _TILE_PX, x : x + _TILE_PX] = 255 - tile
        yield pixels, reader.read(page.pixels)


def _unchanged(folder: Path, pages: Sequence[Labelled]) -> Iterator[tuple[Pixels, Reading | None]]:
    reader = Reader.load(folder)
    for page in cycle(pages):
        # another array with the same pixels, as a new screenshot would be
        yield page.pixels.copy(), reader.read(page.pixels)


# The peer -----------------------------------------------------------------------------------------


def _peer(
    python: Path,
    sets: Mapping[str, Sequence[Labelled | Window]],
    timed: tuple[Sequence[Labelled], Sequence[Labelled]],
    report: Callable[[str], None],
) -> dict[str, Any]:
    """Return the figures of RapidOCR on the same pages, which it reads in a process of its own."""
    report("reading, RapidOCR")
    told: dict[str, Any] = {"sets_rapidocr": {}}
    for name, pages in sets.items():
        answers = _ask(python, pages)
        scores = (
            score(_as_reading(each["lines"], page), page)
            for each, page in zip(answers, pages, strict=True)
        )
        told["sets_rapidocr"][name] = asdict(sum(scores, Score()))
    for name, pages in zip(("small", "dense"), timed, strict=True):
        answers = _ask(python, pages)
        told[f"read_ms_{name}_rapidocr"] = median(each["ms"] for each in answers)
        told[f"read_cpu_ms_{name}_rapidocr"] = median(each["cpu_ms"] for each in answers)
    return told


def _ask(python: Path, pages: Sequence[Labelled | Window]) -> list[dict[str, Any]]:
    script = files("policy.bench") / "rapid_ocr.py"
    with TemporaryDirectory() as folder:
        path = Path(folder) / "pages.npz"
        np.savez(path, *(page.pixels for page in pages))
        command = [str(python), str(script), str(path)]
        env = {**os.environ, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or len(found) < len(pages):
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise ConfigError(f"{python} with RapidOCR broke off: {last}")
    return found


def _as_reading(lines: Sequence[Sequence[Any]], page: Labelled | Window) -> Reading:
    """Return what the peer read as what we would have read; it knows no widgets."""
    found = [
        TextLine(
            tuple(Word(text, left, right, 1.0) for text, left, right in words), top, bottom, _WHITE
        )
        for words, top, bottom in lines
    ]
    nothing = np.zeros((0, 0, 0), np.float32)
    return Reading(page.pixels, nothing, nothing, tuple(found), Screen((), "", 1.0))
