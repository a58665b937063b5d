"""Plays a suite, or records demonstrations, on a Ray cluster of two nodes, one of which may die."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import Any

import msgspec
from ray.cluster_utils import Cluster

from harness.demonstrate import Plan, Take, demonstrate
from harness.run.playing import Crew, play
from harness.run.suite import Request
from tests.harness.run import fakes
from tests.harness.run.test_real_cells import episodes
from tests.waiting import until

_PATIENCE_S = 240.0


def asked() -> Request:
    """Return a suite of real pages."""
    return episodes(10)


def plan() -> Plan:
    """Return demonstrations of real pages."""
    return Plan(tasks=("miniwob-click-test", "miniwob-enter-text"), episodes=20, seed=60)


def main(what: str, folder: Path, result: Path, least: int) -> None:
    """Play or record, kill a node once so much of it is there, and write what came of it.

    Args:
        what: suite or demonstrations.
        folder: where it goes.
        result: file for what came of it.
        least: bytes of logs, or takes, at which a node is killed; 0 for not at all.
    """
    cluster: Any = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    node = cluster.add_node(num_cpus=1)
    os.environ["RAY_ADDRESS"] = cluster.address
    takes: list[Take] = []
    at_death: list[int] = []

    def is_far() -> bool:
        logs = folder.rglob("events-*.jsonl") if what == "suite" else ()
        return len(takes) + sum(path.stat().st_size for path in logs) >= least

    def kill() -> None:
        until(is_far, "enough of it", patience_s=_PATIENCE_S)
        at_death.append(len(takes))
        cluster.remove_node(node, allow_graceful=False)

    if least:
        threading.Thread(target=kill, daemon=True).start()
    if what == "suite":
        crew = Crew(workers=2, n_pages=2, engine="ray")
        found: object = play(folder, asked(), tools={}, crew=crew, told=fakes.Silent())
    else:
        lost = demonstrate(folder, plan(), workers=4, engine="ray", told=takes.append)
        found = {"lost": len(lost), "at_death": at_death[0]}
    result.write_bytes(msgspec.json.encode(found))
    cluster.shutdown()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
