"""The sections of the report with its headline figures; one without anything to show is empty."""

from __future__ import annotations

from harness.measure.intervals import Estimate
from harness.measure.metrics import SILENT_WEIGHT, SILENT_WEIGHTS
from harness.measure.report import charts
from harness.measure.report.findings import Findings, RowFindings
from harness.measure.report.forward import FAST
from harness.measure.report.markup import folded, panel, paragraph, section, table, tile
from harness.measure.report.rows import RowName
from harness.measure.report.words import (
    figure,
    headline_words,
    in_full,
    leverage_words,
    limits,
    net_words,
    opi_words,
    percent,
    plural,
    silent_words,
)

TABLE_HEAD = (
    "row",
    "reached the goal",
    "hands on, of steps",
    "I",
    "S",
    "OPI, s",
    "OPI*, s",
    "leverage",
    "net, s",
    "I per hour",
    "S per hour",
)


def headline(findings: Findings) -> str:
    """Return OPI*, large."""
    estimate = findings.main.figures.opi[SILENT_WEIGHT]
    name, words = "OPI* · useful output per intervention", headline_words(findings.main.figures)
    return tile(name, f"{figure(estimate)} s", limits(estimate), words, is_headline=True)


def tiles(findings: Findings) -> str:
    """Return the figures that the headline is only shown with."""
    found = findings.main.figures
    shown: list[tuple[str, Estimate, str, str]] = [
        ("OPI · silent failures left out", found.opi[0.0], " s", opi_words(found)),
        ("Leverage · per human second", found.leverage, "", leverage_words(found)),
        ("Net", found.net_s, " s", net_words(found)),
        ("Silent failures · per hour", found.silent_per_hour, "", silent_words(found)),
    ]
    parts = [tile(name, figure(each) + unit, limits(each), say) for name, each, unit, say in shown]
    return "".join([*parts, *_forward_tile(findings)])


def _forward_tile(findings: Findings) -> list[str]:
    forward = findings.forward
    if not forward or not forward.median_speed_up:
        return []
    words = (
        f"Median of {plural(len(forward.funnel.speed_ups), 'verified run')}; "
        f"{percent(forward.fast_share)} were at least {FAST:g} times as fast as a person."
    )
    speed_up = forward.median_speed_up
    return [
        tile("Fast-forward, median speed-up", f"{figure(speed_up)} times", limits(speed_up), words)
    ]


def rows_section(findings: Findings) -> str:
    """Return the rows played as the main one was; those of other conditions are folded away."""
    name = findings.main.name
    beside = [each for each in findings.rows if each.name == name or _is_reference(each, name)]
    others = [each for each in findings.rows if each not in beside]
    parts: list[str] = []
    if len(beside) > 1:
        parts.append(panel(charts.net_by_row(beside, name), "Net seconds, row by row"))
    parts.append(
        table(TABLE_HEAD, [row_cells(each, name) for each in beside], strong=name.beside(name))
    )
    if others:
        rows = table(TABLE_HEAD, [row_cells(each, name) for each in others])
        parts.append(folded(f"{plural(len(others), 'row')} under other conditions", rows))
    if findings.unplayed:
        names = ", ".join(map(str, findings.unplayed))
        parts.append(paragraph(f"Not played yet: {names}."))
    return section(
        "Against the reference rows",
        "Each figure can be gamed alone: silence lowers interventions, idle agents lower "
        "attention, help without end hides failures. So they stand together, and beside agents "
        "that do nothing, act at random, never ask, always ask, and a person alone.",
        *parts,
    )


def _is_reference(row: RowFindings, main: RowName) -> bool:
    return not row.name.is_ours and row.name == main.only(row.name.row)


def row_cells(row: RowFindings, main: RowName) -> list[str]:
    """Return the cells of a row beside the main one, in the order of `TABLE_HEAD`."""
    found = row.figures
    return [
        row.name.beside(main),
        in_full(row.success, share=True),
        percent(row.hands_on),
        f"{found.sums.interventions:,}",
        f"{found.sums.silent:,}",
        in_full(found.opi[0.0]),
        in_full(found.opi[SILENT_WEIGHT]),
        in_full(found.leverage),
        in_full(found.net_s),
        in_full(found.interventions_per_hour),
        in_full(found.silent_per_hour),
    ]


def pairs_section(findings: Findings) -> str:
    """Return the main row against each other one on the same plan."""
    if not findings.pairs:
        return ""
    body = [
        (
            each.other.beside(findings.main.name),
            in_full(each.opi) if each.opi else "-",
            in_full(each.leverage) if each.leverage else "-",
            in_full(each.net_s),
        )
        for each in findings.pairs
    ]
    head = ("against", "times its OPI*", "times its leverage", "net seconds more")
    return section(
        f"{findings.main.name}, paired with the others",
        "The same tasks, seeds and faults, compared task by task. A ratio whose interval holds 1, "
        "or a difference whose interval holds 0, tells them not apart.",
        table(head, body),
    )


def firmness_section(findings: Findings) -> str:
    """Return how the headline changes with what it rests on."""
    found = findings.main.figures
    names = {0.0: "OPI, m = 0", SILENT_WEIGHT: f"OPI*, m = {SILENT_WEIGHT:g}"}
    body = [(names.get(m, f"m = {m:g}"), in_full(found.opi[m])) for m in SILENT_WEIGHTS]
    body.append(("OPI*, with episodes and human times drawn anew too", in_full(findings.redrawn)))
    if findings.trainings:
        estimate = findings.trainings.opi[SILENT_WEIGHT]
        name = f"OPI*, over {findings.trainings.clusters} trainings"
        body.append((name, in_full(estimate)))
    body.append(("leverage while active", in_full(found.active_leverage)))
    body.append(("share of the time on duty that was needed", percent(found.utilisation)))
    return section(
        "How firm is the headline?",
        "What a silent failure counts as is a choice, so other weights stand here too; and how "
        "long people take is itself an estimate.",
        table(("useful seconds per weighted intervention", "figure"), body),
    )
