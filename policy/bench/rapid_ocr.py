"""RapidOCR, as its documentation uses it, on one core.

Run as a script by an interpreter that has `rapidocr` and `onnxruntime`: prints one line of JSON for
each picture. Argument: an .npz of pictures.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any


def main() -> None:
    """Read every picture and print what was read."""
    import numpy as np  # noqa: PLC0415 - only where the peer is measured
    from rapidocr import RapidOCR  # noqa: PLC0415 # pyright: ignore[reportMissingImports]

    threads = {
        "EngineConfig.onnxruntime.intra_op_num_threads": 1,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    }
    engine: Any = RapidOCR(params={**threads, "Global.log_level": "error"})
    with np.load(sys.argv[1]) as pages:
        pictures = [pages[name] for name in pages.files]
    engine(pictures[0], return_word_box=True)
    for picture in pictures:
        began, began_cpu = time.perf_counter(), time.process_time()
        found = engine(picture, return_word_box=True)
        took, took_cpu = time.perf_counter() - began, time.process_time() - began_cpu
        answer = {"lines": lines_of(found), "ms": 1000 * took, "cpu_ms": 1000 * took_cpu}
        sys.stdout.write(json.dumps(answer) + "\n")


def lines_of(found: Any) -> list[list[Any]]:
    """Return the words of each line with their edges, and its top and bottom, in px."""
    lines: list[list[Any]] = []
    for words in found.word_results or ():
        told: list[list[Any]] = []
        tops: list[float] = []
        bottoms: list[float] = []
        for text, _, box in words:
            if not text.strip() or box is None:
                continue
            xs, ys = [float(x) for x, _ in box], [float(y) for _, y in box]
            told.append([text, min(xs), max(xs)])
            tops.append(min(ys))
            bottoms.append(max(ys))
        if told:
            lines.append([told, min(tops), max(bottoms)])
    return lines


if __name__ == "__main__":
    main()
