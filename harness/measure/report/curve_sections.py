"""The sections of the report that show curves; one without anything to show is empty."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.measure.alarms import Alarms
from harness.measure.report import charts, shift_charts
from harness.measure.report.findings import Findings, FleetCurve
from harness.measure.report.forward import FAST
from harness.measure.report.markup import pair, panel, paragraph, section, table
from harness.measure.report.words import (
    amount,
    in_full,
    percent,
    plural,
)
from harness.measure.survival import Ending, median_exposure


def asking_section(findings: Findings) -> str:
    """Return whether it asks when it should, and output over interventions as it asks more."""
    parts: list[str] = []
    curve = findings.thresholds
    if curve:
        area = f" nAUC = {in_full(curve.area)}." if curve.area else ""
        words = (
            "Each point is a run of its own with the same random numbers; nothing is relabelled "
            f"afterwards. 0 is asking at random, 1 is an oracle.{area}"
        )
        parts += [
            paragraph(words),
            panel(charts.threshold_curve(curve), "Useful output by how often it asks"),
        ]
    words = _alarm_words(findings.alarms) if findings.alarms else ""
    return section("Does it know when to ask?", words, *parts) if words or parts else ""


def _alarm_words(alarms: Alarms) -> str:
    false = f" {in_full(alarms.false_share, share=True)} of these" if alarms.false_share else ""
    missed = f" {in_full(alarms.missed_share, share=True)} of them" if alarms.missed_share else ""
    parts = [
        f"Of {plural(alarms.episodes, 'episode')} played with a person and without, it asked in "
        f"{alarms.alarmed:,}",
        f";{false} would have gone well unaided. " if false else ". ",
        f"Alone it fails in {alarms.failing:,}",
        f", and had not asked in{missed}." if missed else ".",
    ]
    if not math.isnan(alarms.lead_s):
        parts.append(f" A needed alarm came {amount(alarms.lead_s)} s before the failure.")
    return "".join(parts)


def fleet_section(findings: Findings) -> str:
    """Return how many agents one person keeps going."""
    if not findings.fleets:
        return ""
    spread = any(len(each.nets) > 1 for each in findings.fleets)
    body = [cells for each in findings.fleets for cells in _fleet_cells(each)]
    head = (
        "whom to help first",
        "agents",
        "productive",
        "net, s",
        "waits answered",
        "wait p50, s",
        "p95, s",
    )
    panels: list[str] = []
    if any(each.fan_out for each in findings.fleets):
        panels.append(panel(shift_charts.fan_out_curve(findings.fleets), "Productive agents"))
    if spread:
        panels.append(panel(shift_charts.wait_curve(findings.fleets), "Queue waits"))
        panels.append(panel(shift_charts.net_curve(findings.fleets), "Net by allocator"))
    return section(
        "How many agents can one person keep going?",
        "Productive is who works towards output, and neither waits nor is held."
        + _fan_out_words(findings.fleets),
        pair(*panels) if panels else "",
        table(head, body),
    )


def _fan_out_words(fleets: Sequence[FleetCurve]) -> str:
    found = [
        f"{each.allocator or 'any'} {in_full(each.fan_out.fo_90)} "
        f"(by the formula without waiting {amount(each.without_waiting)})"
        for each in fleets
        if each.fan_out
    ]
    if not found:
        return ""
    most = "FO_90, the most agents of which each is 90 % as productive as one alone"
    return f" {most}: {', '.join(found)}."


def _fleet_cells(fleet: FleetCurve) -> list[tuple[str, ...]]:
    return [
        (
            fleet.allocator or "-",
            str(n),
            in_full(fleet.fan_out.productive[n]) if fleet.fan_out else "-",
            in_full(net),
            f"{fleet.waits[n].n:,}",
            amount(fleet.waits[n].median_s),
            amount(fleet.waits[n].p95_s),
        )
        for n, net in fleet.nets.items()
    ]


def timing_section(findings: Findings) -> str:
    """Return how long agents go on alone."""
    timing = findings.timing
    if not timing:
        return ""
    median = median_exposure(timing.by_seconds.incidence)
    half = (
        "fewer than half were ever touched. "
        if math.isnan(median)
        else f"half had been touched after {amount(median)} s of work. "
    )
    counts = ", ".join(
        f"{ending.value} {timing.endings[ending]:,}" for ending in Ending if timing.endings[ending]
    )
    return section(
        "How long does it go on alone?",
        f"From the start of an episode until a person came, it failed silently, or it was done; "
        f"{half}{timing.stretches:,} stretches: {counts}.",
        pair(
            panel(shift_charts.untouched_curve(timing), "Not touched yet, by actions"),
            panel(shift_charts.untouched_by_seconds(timing), "Not touched yet, by work done"),
            panel(shift_charts.endings_curve(timing), "How it ended"),
        ),
    )


def forward_section(findings: Findings) -> str:
    """Return what fast-forward came to."""
    forward = findings.forward
    if not forward:
        return ""
    whole = forward.funnel
    body = [
        ("episodes in which the light came on", percent(whole.coverage)),
        ("share of the work left when it did, mean", percent(whole.anticipation)),
    ]
    if forward.precision:
        body.append(
            ("precision: clicked lights that were right", in_full(forward.precision, share=True))
        )
    if forward.median_speed_up:
        body.append(("speed-up in times, median", in_full(forward.median_speed_up)))
        body.append((f"verified runs at {FAST:g} times or more", percent(forward.fast_share)))
    if forward.saved_per_hour:
        body.append(("human seconds saved per hour of work", in_full(forward.saved_per_hour)))
    panels = [panel(shift_charts.funnel_chart(forward), "From light to verified")]
    if forward.by_task:
        panels.append(panel(shift_charts.speed_up_chart(forward), "Speed-up of verified runs"))
    if forward.split_ms:
        panels.append(panel(shift_charts.split_chart(forward), "Where the time goes"))
    return section(
        "Fast-forward",
        "The light comes on when the rest of a task is understood; a click runs it. Times run "
        "from the click until the result was verified, capture included.",
        pair(*panels),
        table(("", "figure"), body),
    )


def learning_section(findings: Findings) -> str:
    """Return how interventions grow rare as people put in more time."""
    curve = findings.learning
    if not curve:
        return ""
    words = "Frozen checkpoints on held-out tasks."
    if curve.fitted:
        law = curve.fitted.law
        words += (
            f" Fitted: {amount(law.scale)}·(c + {amount(law.offset)})^-b + {amount(law.floor)}, "
            f"b = {in_full(curve.fitted.exponent)}; 0 would learn nothing."
        )
    return section(
        "Does it learn?", words, panel(charts.learning_curve(curve), "Interventions by human hours")
    )
