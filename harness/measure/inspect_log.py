"""A row of a suite as a log of inspect_ai, for its viewer and its data frames.

The format is the JSON form of `EvalLog` version 2: an episode is a sample, what it came to are its
scores, and the headline figures are metrics of a scorer of their own. What inspect_ai asks for and
a run has not, such as messages, is left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from harness.measure.events import Manifest
from harness.measure.intervals import level
from harness.measure.interventions import hands_on_s, interventions
from harness.measure.metrics import (
    SILENT_WEIGHT,
    Figures,
    figures,
    is_silent_failure,
    is_verified,
    output_s,
    tallies,
)
from harness.measure.report.as_json import plain
from harness.measure.report.rows import RowName
from harness.measure.state import Episode, Run, unfinished

VERSION = 2
"""Of inspect_ai's log."""
_HEADLINE = "understudy"
_SCORES = ("reached_the_goal", "useful_seconds", "interventions", "silent_failure")


def to_inspect_log(name: RowName, run: Run, created: str) -> bytes:
    """Return a row as the JSON log that `inspect_ai.log.read_eval_log` reads.

    Args:
        name: of the row; it becomes the name of the task.
        run: with a manifest.
        created: when the run was made, as ISO 8601 with a zone; a run log knows virtual time only.

    Raises:
        EventOrderError: the run was never opened.
        ConfigError: no planned episode has ended.
    """
    missing = unfinished(run)
    found = figures(tallies(run).values())
    samples = [_sample(key, run.ended[key]) for key in sorted(run.ended)]
    manifest = run.manifest or Manifest(plan=(), policy="")
    body = {
        "version": VERSION,
        "status": "started" if missing else "success",
        "eval": _spec(name, manifest, created, [sample["id"] for sample in samples]),
        "plan": {"name": "plan", "steps": []},  # else the header alone cannot be read
        "results": {
            "total_samples": len(manifest.plan),
            "completed_samples": len(manifest.plan) - len(missing),
            "scores": [_headline(found), *(_mean(score, samples) for score in _SCORES)],
        },
        "stats": {"started_at": created, "completed_at": created},
        "samples": samples,
    }
    return json.dumps(body, indent=1, ensure_ascii=False, allow_nan=False).encode()


def _spec(name: RowName, manifest: Manifest, created: str, ids: list[str]) -> dict[str, Any]:
    return {
        "created": created,
        "task": f"understudy/{name}",
        "task_id": manifest.sha256[:22],
        "task_version": manifest.metrics_version,
        "dataset": {"name": manifest.sha256[:12], "samples": len(ids), "sample_ids": ids},
        "model": manifest.policy or "nobody",
        "config": {},
        "packages": dict(manifest.tools),
        "metadata": {
            "manifest_sha256": manifest.sha256,
            "policy_sha256": manifest.policy_sha256,
            "thresholds": dict(manifest.thresholds),
            "operator": dict(manifest.operator),
            "settings": dict(manifest.settings),
        },
    }


def _sample(key: str, episode: Episode) -> dict[str, Any]:
    planned, end = episode.planned, episode.end
    values = (
        int(is_verified(episode)),
        output_s(episode),
        len(interventions(episode.all_contacts)),
        int(is_silent_failure(episode)),
    )
    sample: dict[str, Any] = {
        "id": key,
        "epoch": 1,
        "input": planned.task,
        "target": "a raw reward of exactly 1",
        "scores": {score: {"value": value} for score, value in zip(_SCORES, values, strict=True)},
        "metadata": {
            "seed": planned.seed,
            "faults": list(planned.faults),
            "human_s": planned.human.seconds,
            "hands_on_s": hands_on_s(episode),
            "steps": episode.n_steps,
            "agent_actions": episode.agent_actions,
            "help_requests": len(episode.requests),
        },
    }
    if end and end.t_ms >= episode.start_ms:
        sample["total_time"] = (end.t_ms - episode.start_ms) / 1000
    if end and end.infrastructure_error:
        broke = end.infrastructure_error
        sample["error"] = {"message": broke, "traceback": broke, "traceback_ansi": broke}
    return sample


def _headline(found: Figures) -> dict[str, Any]:
    estimates = {
        "opi_star": found.opi[SILENT_WEIGHT],
        "opi": found.opi[0.0],
        "leverage": found.leverage,
        "net_s": found.net_s,
        "interventions_per_hour": found.interventions_per_hour,
        "silent_per_hour": found.silent_per_hour,
    }
    metrics = {
        name: {"name": name, "value": level(each), "metadata": plain(each)}
        for name, each in estimates.items()
    }
    return {"name": _HEADLINE, "scorer": _HEADLINE, "metrics": metrics}


def _mean(score: str, samples: list[dict[str, Any]]) -> dict[str, Any]:
    values = [_value(sample, score) for sample in samples]
    mean = {"name": "mean", "value": sum(values) / len(values)}
    return {"name": score, "scorer": score, "metrics": {"mean": mean}}


def _value(sample: Mapping[str, Any], score: str) -> float:
    return sample["scores"][score]["value"]
