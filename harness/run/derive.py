"""Tables of a suite for queries: `episodes`, `interventions` and `steps`, as Parquet.

They are worked out from the logs and can be made anew at any time. With DuckDB:

    SELECT row, sum(output_s) / sum(interventions) AS opi
    FROM 'SUITE/episodes.parquet' GROUP BY row ORDER BY opi DESC
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from harness.measure.events import EpisodeStarted, StepTaken
from harness.measure.interventions import active_s, hands_on_s, interventions
from harness.measure.log import read_log
from harness.measure.metrics import is_silent_failure, is_verified, output_s
from harness.measure.report.rows import RowName
from harness.measure.state import Episode, Run, fold
from harness.run.score import runs_in
from harness.run.standing import log_paths, standing

if TYPE_CHECKING:
    import pyarrow as pa

Cells: TypeAlias = dict[str, Any]

TABLES = ("episodes", "interventions", "steps")
_BATCH = 20_000
_ROW = (("row", "string"), ("task", "string"), ("seed", "int64"), ("episode", "string"))
_COLUMNS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "episodes": (
        *_ROW,
        ("n_agents", "int64"),
        ("allocator", "string"),
        ("faults", "string"),
        ("agent", "string"),
        ("start_ms", "int64"),
        ("end_ms", "int64"),
        ("human_s", "double"),
        ("is_verified", "bool"),
        ("is_silent_failure", "bool"),
        ("output_s", "double"),
        ("interventions", "int64"),
        ("active_s", "double"),
        ("hands_on_s", "double"),
        ("damage_s", "double"),
        ("steps", "int64"),
        ("agent_actions", "int64"),
        ("infrastructure_error", "string"),
    ),
    "interventions": (
        *_ROW,
        ("kind", "string"),
        ("initiator", "string"),
        ("start_ms", "int64"),
        ("end_ms", "int64"),
        ("first_action", "int64"),
        ("last_action", "int64"),
    ),
    "steps": (
        *_ROW,
        ("number", "int64"),
        ("t_ms", "int64"),
        ("duration_ms", "int64"),
        ("controller", "string"),
        ("action", "string"),
        ("p_accept", "double"),
        ("novelty", "double"),
    ),
}


def derive(folder: Path) -> list[Path]:
    """Write every table of a suite, each in the place of the one before it; return their files.

    Raises:
        ConfigError: there is no suite.
        LogError: a log was altered.
    """
    runs = [(name.name, path, standing(path, name.manifest).run) for path, name in runs_in(folder)]
    rows: dict[str, Iterator[Cells]] = {
        "episodes": (each for name, _, run in runs for each in _episodes(name, run)),
        "interventions": (each for name, _, run in runs for each in _interventions(name, run)),
        "steps": (each for name, path, run in runs for each in _steps(name, path, run)),
    }
    return [_write(folder / f"{table}.parquet", table, rows[table]) for table in TABLES]


def _episodes(name: RowName, run: Run) -> Iterator[Cells]:
    for key, each in run.ended.items():
        assert each.end
        yield {
            **_place(name, key, each),
            "n_agents": name.n_agents,
            "allocator": name.allocator or None,
            "faults": "+".join(each.planned.faults),
            "agent": each.agent,
            "start_ms": each.start_ms,
            "end_ms": each.end.t_ms,
            "human_s": each.planned.human.seconds,
            "is_verified": is_verified(each),
            "is_silent_failure": is_silent_failure(each),
            "output_s": output_s(each),
            "interventions": len(interventions(each.all_contacts)),
            "active_s": active_s(each.all_contacts),
            "hands_on_s": hands_on_s(each),
            "damage_s": each.end.damage_s,
            "steps": each.n_steps,
            "agent_actions": each.agent_actions,
            "infrastructure_error": each.end.infrastructure_error or None,
        }


def _interventions(name: RowName, run: Run) -> Iterator[Cells]:
    for key, episode in run.ended.items():
        for each in interventions(episode.all_contacts):
            yield {
                **_place(name, key, episode),
                "kind": each.kind.value,
                "initiator": each.initiator.value,
                "start_ms": each.start_ms,
                "end_ms": each.end_ms,
                "first_action": each.first_action,
                "last_action": each.last_action,
            }


def _steps(name: RowName, folder: Path, run: Run) -> Iterator[Cells]:
    left = set(run.ended)
    for path in log_paths(folder):
        events = list(read_log(path))
        # an episode may have been begun in several logs; it counts where it ended so
        here = {key for key, each in fold(events).ended.items() if run.ended.get(key) == each}
        taken: dict[str, list[StepTaken]] = {}
        for event in events:
            if isinstance(event, EpisodeStarted):
                taken[event.episode] = []
            elif isinstance(event, StepTaken):
                taken[event.episode].append(event)
        for key in sorted(here & left):
            yield from _steps_of(_place(name, key, run.ended[key]), taken[key])
        left -= here


def _steps_of(place: Cells, taken: Iterable[StepTaken]) -> Iterator[Cells]:
    for number, step in enumerate(taken):
        yield {
            **place,
            "number": number,
            "t_ms": step.t_ms,
            "duration_ms": step.duration_ms,
            "controller": step.controller.value,
            "action": step.action,
            "p_accept": step.p_accept,
            "novelty": step.novelty,
        }


def _place(name: RowName, key: str, episode: Episode) -> Cells:
    planned = episode.planned
    return {"row": str(name), "task": planned.task, "seed": planned.seed, "episode": key}


def _write(path: Path, table: str, rows: Iterator[Cells]) -> Path:
    import pyarrow as pa  # noqa: PLC0415 - slow to load, and only tables need it
    import pyarrow.parquet as pq  # noqa: PLC0415 - as above

    schema: pa.Schema = pa.schema(
        [(column, pa.type_for_alias(kind)) for column, kind in _COLUMNS[table]]
    )
    temporary = path.with_name(f"{path.name}.tmp")
    try:
        with pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
            batch: list[Cells] = []
            for row in rows:
                batch.append(row)
                if len(batch) == _BATCH:
                    writer.write_table(pa.Table.from_pylist(batch, schema=schema))
                    batch.clear()
            writer.write_table(pa.Table.from_pylist(batch, schema=schema))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path
