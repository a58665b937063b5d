"""The sections that show what the figures rest on: tasks, episodes, and how it was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.measure.events import Manifest
from harness.measure.report import charts
from harness.measure.report.definitions import DEFINITIONS
from harness.measure.report.findings import Findings
from harness.measure.report.gallery import Case, CaseKind
from harness.measure.report.markup import card, definitions, pair, panel, section, table
from harness.measure.report.tasks import TaskFindings
from harness.measure.report.words import (
    plural,
)


def tasks_section(tasks: Sequence[TaskFindings], others: Mapping[str, Mapping[str, float]]) -> str:
    """Return what each task came to."""
    if not tasks:
        return ""
    return section(
        "Task by task",
        "Limits are over a task's own episodes, Wilson's for shares and Garwood's for rates; they "
        "are wide where it was played a few times only.",
        pair(
            panel(charts.success_forest(tasks, others), "Reached the goal"),
            panel(charts.intervention_forest(tasks), "Needed a person"),
        ),
    )


def gallery_section(cases: Sequence[Case]) -> str:
    """Return episodes to look at."""
    words = {
        CaseKind.SILENT: (
            "Silent failures",
            "It said that it was done, or did what cannot be undone, and nobody was told. The "
            "costliest first.",
        ),
        CaseKind.NEEDLESS: (
            "Needless asks",
            "A person came, approved all of it, and it was right: it might have gone on.",
        ),
    }
    parts: list[str] = []
    for kind, (title, sentence) in words.items():
        kept = [card(case) for case in cases if case.kind is kind]
        if kept:
            parts.append(section(title, sentence, f'<div class="cards">{"".join(kept)}</div>'))
    return "".join(parts)


def method_section(findings: Findings) -> str:
    """Return how it was measured: the plan, the versions, the person, and what figures mean."""
    manifest = findings.run.manifest
    body = [
        (
            str(each.name),
            f"{each.coverage.planned:,}",
            f"{each.coverage.missing:,}",
            f"{each.coverage.broken:,}",
            f"{each.coverage.unplanned:,}",
            each.manifest_sha256[:12],
        )
        for each in findings.rows
    ]
    head = ("row", "planned", "missing", "broken down", "not planned", "manifest")
    return section(
        "How it was measured",
        "Every figure is worked out from the run log alone, where each line carries the hash of "
        "the one before. What broke down counts as failed until it is played again; what was not "
        "planned costs and yields nothing.",
        table(head, body),
        definitions(_conditions(manifest)) if manifest else "",
        definitions(DEFINITIONS),
    )


def _conditions(manifest: Manifest) -> list[tuple[str, str]]:
    seeds = sorted({each.seed for each in manifest.plan})
    tasks = {each.task for each in manifest.plan}
    faults = sorted({fault for each in manifest.plan for fault in each.faults})
    rows = [
        ("manifest", manifest.sha256),
        ("policy", f"{manifest.policy} {manifest.policy_sha256[:12]}".strip()),
        ("plan", f"{plural(len(manifest.plan), 'episode')} of {plural(len(tasks), 'task')}"),
        ("seeds", f"{seeds[0]} to {seeds[-1]}, {len(seeds):,} of them" if seeds else "none"),
        ("faults", ", ".join(faults) or "none"),
        ("settings", _listed(manifest.settings)),
        ("thresholds", _listed(manifest.thresholds)),
        ("person", _listed(manifest.operator)),
        ("versions", _listed(manifest.tools)),
        ("metrics", f"version {manifest.metrics_version}"),
    ]
    return [(name, text) for name, text in rows if text]


def _listed(values: Mapping[str, float] | Mapping[str, str]) -> str:
    return ", ".join(
        f"{name.replace('_', ' ')} {value:g}"
        if isinstance(value, float | int)
        else f"{name} {value}"
        for name, value in sorted(values.items())
    )
