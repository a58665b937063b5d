"""One page that shows a suite, with all that it needs inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from string import Template

from plotly.offline import get_plotlyjs

from harness.measure.report import curve_sections, evidence, sections
from harness.measure.report.findings import Findings
from harness.measure.report.gallery import Case
from harness.measure.report.tasks import TaskFindings
from harness.measure.report.words import plural


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that goes on the page."""

    title: str
    findings: Findings
    tasks: Sequence[TaskFindings]
    """Of the main row."""
    others: Mapping[str, Mapping[str, float]]
    """Success by row and task, of the rows that are drawn beside it."""
    cases: Sequence[Case] = ()
    """Episodes of the main row for the gallery."""


def page(report: Report) -> str:
    """Return the page; it loads nothing and works offline."""
    found = report.findings
    parts = [
        sections.rows_section(found),
        sections.pairs_section(found),
        curve_sections.forward_section(found),
        sections.firmness_section(found),
        curve_sections.asking_section(found),
        curve_sections.fleet_section(found),
        curve_sections.timing_section(found),
        curve_sections.learning_section(found),
        evidence.tasks_section(report.tasks, report.others),
        evidence.gallery_section(report.cases),
        evidence.method_section(found),
    ]
    template = Template((files("harness.measure.report") / "page.html").read_text("utf-8"))
    return template.substitute(
        title=escape(report.title),
        subtitle=escape(_subtitle(found)),
        plotly=get_plotlyjs(),
        headline=sections.headline(found),
        tiles=sections.tiles(found),
        sections="\n".join(part for part in parts if part),
    )


def _subtitle(findings: Findings) -> str:
    manifest = findings.run.manifest
    sums = findings.main.figures.sums
    policy = manifest.policy if manifest else "unknown policy"
    return (
        f"{findings.main.name} · {policy} · {plural(sums.episodes, 'episode')} of "
        f"{plural(findings.main.figures.clusters, 'task')}, worth "
        f"{plural(round(sums.baseline_s / 60), 'minute')} of a practised person's time · "
        f"plan {findings.main.manifest_sha256[:12]}"
    )
