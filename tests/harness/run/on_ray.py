"""Plays a suite of real pages on a Ray cluster of two nodes, one of which may be killed."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import Any

import msgspec
from ray.cluster_utils import Cluster

from harness.run.playing import Crew, play
from harness.run.suite import Request
from tests.harness.run import fakes
from tests.harness.run.test_real_cells import episodes
from tests.waiting import until

_PATIENCE_S = 240.0


def asked() -> Request:
    """Return a suite of real pages."""
    return episodes(10)


def main(folder: Path, result: Path, least: int) -> None:
    """Play, kill a node once so many bytes of logs are there, and write what came of it."""
    cluster: Any = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    node = cluster.add_node(num_cpus=1)
    os.environ["RAY_ADDRESS"] = cluster.address

    def is_far() -> bool:
        return sum(path.stat().st_size for path in folder.rglob("events-*.jsonl")) >= least

    def kill() -> None:
        until(is_far, "the suite to grow", patience_s=_PATIENCE_S)
        cluster.remove_node(node, allow_graceful=False)

    if least:
        threading.Thread(target=kill, daemon=True).start()
    crew = Crew(workers=2, n_pages=2, engine="ray")
    played = play(folder, asked(), tools={}, crew=crew, told=fakes.Silent())
    result.write_bytes(msgspec.json.encode(played))
    cluster.shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
