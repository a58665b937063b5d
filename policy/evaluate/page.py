"""One page that shows an evaluation, with all that it needs inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from importlib.resources import files
from string import Template

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from policy.evaluate import figures, gallery
from policy.evaluate.open_loop import OpenRecord, OpenRow, open_table
from policy.evaluate.records import EpisodeRecord
from policy.evaluate.tables import (
    OURS,
    AlarmRow,
    ConfidenceRow,
    HelpRow,
    Share,
    SuccessRow,
    alarm_table,
    confidence_table,
    help_table,
    success_table,
)

Cells = Sequence[str]

_CONFIG = {
    "displaylogo": False,
    "responsive": True,
    "modeBarButtonsToRemove": ["select2d", "lasso2d"],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """All that an evaluation found out."""

    title: str
    subtitle: str
    episodes: Sequence[EpisodeRecord]
    demonstrations: Sequence[OpenRecord] = ()
    probe: Mapping[int, Share] = field(default_factory=dict)
    """Agreement by shift in ms."""


def page(findings: Findings) -> str:
    """Return the page; it loads nothing and works offline."""
    success = success_table(findings.episodes)
    confidence = confidence_table(findings.episodes)
    alarms = alarm_table(findings.episodes)
    helped = help_table(findings.episodes)
    sections = [
        _success_section(success),
        _confidence_section(findings.episodes, confidence),
        _alarm_section(alarms),
        _help_section(helped),
        _open_section(open_table(findings.demonstrations), findings.probe),
        _gallery_section(findings.episodes),
    ]
    template = Template((files("policy.evaluate") / "page.html").read_text("utf-8"))
    return template.substitute(
        title=escape(findings.title),
        subtitle=escape(findings.subtitle),
        plotly=get_plotlyjs(),
        tiles=_tiles(success, confidence, alarms, helped),
        sections="\n".join(section for section in sections if section),
    )


# Sections -----------------------------------------------------------------------------------------


def _tiles(
    success: Sequence[SuccessRow],
    confidence: Sequence[ConfidenceRow],
    alarms: Sequence[AlarmRow],
    helped: Sequence[HelpRow],
) -> str:
    tiles: list[tuple[str, str, str]] = []
    ours = [each for each in success if each.row == OURS and not each.task]
    for each in ours:
        low, high = each.success.interval
        note = f"reached the goal [{low:.1%}, {high:.1%}], n = {each.success.n}"
        tiles.append((f"{each.mean:.1%}", "success, mean over tasks", note))
    for each in confidence[:1]:
        error = each.calibration_error
        note = f"of p(accept) [{error.interval.low:.3f}, {error.interval.high:.3f}]"
        tiles.append((f"{error.value:.3f}", "calibration error", note))
        note = f"kept with 99 % of them right, n = {each.decisions}"
        tiles.append((f"{each.coverage.value:.0%}", "coverage", note))
    shifted = [each for each in alarms if each.flagged.n]
    if shifted:
        flagged = Share(sum(e.flagged.count for e in shifted), sum(e.flagged.n for e in shifted))
        note = f"of {flagged.n} failing episodes, before the first wrong action"
        tiles.append((f"{flagged.value:.0%}", "flagged in time", note))
    gain = _gain(helped)
    if gain:
        tiles.append(gain)
    return "".join(
        f'<div class="tile"><small>{escape(name)}</small><b>{escape(value)}</b>'
        f"<small>{escape(note)}</small></div>"
        for value, name, note in tiles
    )


def _gain(helped: Sequence[HelpRow]) -> tuple[str, str, str] | None:
    found = {(each.trigger, each.budget): each.success.value for each in helped}
    budgets = sorted({b for trigger, b in found if trigger == "sure" and ("random", b) in found})
    if not budgets:
        return None
    budget = min(budgets, key=lambda each: abs(each - 0.25))
    gain = 100 * (found["sure", budget] - found["random", budget])
    return f"{gain:+.1f} pt", "worth of knowing", f"against random asking at {budget:.0%} help"


def _success_section(rows: Sequence[SuccessRow]) -> str:
    if not rows:
        return ""
    together = [each for each in rows if not each.task]
    body = [
        (
            each.row,
            f"{each.mean:.3f}",
            str(each.success),
            str(each.success.n),
            f"{each.steps:g}",
            f"{each.virtual_s:.1f}",
        )
        for each in together
    ]
    head = ("policy", "mean over tasks", "all episodes", "n", "steps", "page seconds")
    figure = _figure(figures.forest(rows)) if any(each.row == OURS for each in rows) else ""
    return _section(
        "Does it do the work?",
        "Episodes on pages whose seeds nothing was trained on or chosen by. Bars are 95 % Wilson "
        "intervals; steps and seconds are medians.",
        _table(head, body) + figure,
    )


def _confidence_section(records: Sequence[EpisodeRecord], rows: Sequence[ConfidenceRow]) -> str:
    if not rows:
        return ""
    plain = [
        each
        for each in records
        if each.trial.row == OURS and not each.trial.trigger and each.trial.shift == "none"
    ]
    pair = ""
    if plain:
        pair = (
            '<div class="pair">'
            + _figure(figures.reliability_diagram(plain))
            + _figure(figures.risk_coverage_curve(plain))
            + "</div>"
        )
    body = [
        (
            each.shift.value,
            str(each.decisions),
            str(each.wrong),
            str(each.calibration_error),
            str(each.brier),
            str(each.aurc),
            str(each.augrc),
            str(each.coverage),
            f"{each.auroc:.3f}" if each.wrong and each.wrong < each.decisions else "-",
        )
        for each in rows
    ]
    head = (
        "pages",
        "decisions",
        "wrong",
        "ECE",
        "Brier",
        "AURC",
        "AUGRC",
        "coverage at 99 %",
        "AUROC",
    )
    return _section(
        "Does it know how sure to be?",
        "Decisions up to the first wrong one of each episode. A decision is right where an expert "
        "would accept it, or where the episode reached its goal. Intervals are over episodes.",
        pair + _table(head, body),
    )


def _alarm_section(rows: Sequence[AlarmRow]) -> str:
    if not rows:
        return ""
    body = [
        (
            each.shift.value,
            str(each.success),
            str(each.flagged),
            str(each.flagged.n),
            str(each.disturbed),
            str(each.disturbed.n),
            str(each.confident_wrong),
        )
        for each in rows
    ]
    head = ("pages", "success", "flagged in time", "n", "disturbed", "n", "confidently wrong")
    return _section(
        "Does it notice when the screen is not what it knows?",
        "Flagged in time: failing episodes that it asked about at or before their first wrong "
        "action. Disturbed: episodes that went well and were asked about all the same. Confidently "
        "wrong: share of steps that were wrong and not asked about.",
        _table(head, body),
    )


def _help_section(rows: Sequence[HelpRow]) -> str:
    if not any(each.trigger for each in rows):
        return ""
    names = {"": "never asks", "random": "at random", "sure": "where least sure"}
    body = [
        (
            names[each.trigger],
            f"{each.budget:.0%}",
            f"{each.helped:.1%}",
            str(each.success),
            str(each.success.n),
        )
        for each in rows
    ]
    head = ("asks", "budget", "helped in", "success", "n")
    return _section(
        "What is a little help worth?",
        "The same pages again; where it asks, an expert does that step. Asking at random is the "
        "control.",
        '<div class="pair">' + _figure(figures.help_curve(rows)) + _table(head, body) + "</div>",
    )


def _open_section(rows: Sequence[OpenRow], probe: Mapping[int, Share]) -> str:
    if not rows:
        return ""
    heads = sorted({head for each in rows for head, bits in each.heads.items() if bits >= 0.005})
    body = [
        (
            each.row,
            str(each.agreement),
            str(each.bits) if each.bits else "-",
            f"{each.bits_a_raw_event:.2f}" if each.bits_a_raw_event is not None else "-",
            *(f"{each.heads[head]:.2f}" if head in each.heads else "-" for head in heads),
            str(each.calibration_error),
            str(each.aurc),
            str(each.coverage),
        )
        for each in rows
    ]
    head = (
        "policy",
        "agrees",
        "bits a step",
        "bits a raw event",
        *heads,
        "ECE",
        "AURC",
        "coverage at 99 %",
    )
    curve = _figure(figures.probe_curve(probe)) if probe else ""
    return _section(
        "How well does it foretell a demonstration?",
        "Each step of demonstrations that it never saw, given all before. These figures do not "
        "tell which policy works; they tell a copycat, whose curve does not peak at 0 ms.",
        _table(head, body) + curve,
    )


def _gallery_section(records: Sequence[EpisodeRecord]) -> str:
    worst = gallery.worst_mistakes([each for each in records if each.trial.row == OURS])
    if not worst:
        return ""
    cards = "".join(gallery.card(each) for each in worst)
    return (
        "<section><h2>Its worst mistakes</h2><p>The first wrong action of episodes that failed, "
        "most confident first. Orange: where the pointer might have gone. "
        '<i class="dot did"></i>what it did, <i class="dot right"></i>what an expert would have '
        f'done.</p><div class="cards">{cards}</div></section>'
    )


# Parts --------------------------------------------------------------------------------------------


def _section(title: str, words: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2><p class='faint'>{escape(words)}</p>{body}</section>"


def _figure(figure: go.Figure) -> str:
    drawn = figure.to_html(full_html=False, include_plotlyjs=False, config=_CONFIG)
    return f'<div class="panel">{drawn}</div>'


def _table(head: Cells, body: Sequence[Cells]) -> str:
    def line(cells: Cells, tag: str) -> str:
        return "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells)

    rows = "".join(f"<tr{_ours(cells)}>{line(cells, 'td')}</tr>" for cells in body)
    return (
        f'<div class="panel scroll"><table><thead><tr>{line(head, "th")}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _ours(cells: Cells) -> str:
    return ' class="ours"' if cells[0] == OURS else ""
