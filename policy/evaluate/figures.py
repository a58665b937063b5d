"""The figures of the page, in Plotly; their ink follows the reader's light or dark theme."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from policy.calibrate.metrics import Interval, reliability, risk_coverage, wilson
from policy.evaluate.records import EpisodeRecord
from policy.evaluate.tables import OURS, HelpRow, Share, SuccessRow, confidences

BLUE, ORANGE, GREY, GREEN = "#3b82c4", "#d9772b", "#8b929c", "#3f9d6d"
_COLOURS = (BLUE, GREY, "#b0893f", "#9a6fb0", GREEN, "#c0607a", "#5aa5a8")
_ROW_PX = 22


def forest(rows: Sequence[SuccessRow]) -> go.Figure:
    """Return success by task with Wilson intervals, the best of the others beside ours."""
    figure = go.Figure()
    ours = sorted(
        (each for each in rows if each.row == OURS and each.task),
        key=lambda each: (-each.success.value, each.task),
    )
    others = sorted({each.row for each in rows} - {OURS})
    names = [_short(each.task) for each in ours]
    for number, row in enumerate(others, 1):
        by_task = {_short(each.task): each.success for each in rows if each.row == row}
        found = [by_task.get(name) for name in names]
        figure.add_scatter(
            x=[each.value if each else None for each in found],
            y=names,
            name=row,
            mode="markers",
            marker={
                "symbol": "line-ns",
                "size": 9,
                "line": {"width": 2, "color": _COLOURS[number % len(_COLOURS)]},
            },
            hovertemplate="%{y}: %{x:.2f}<extra>" + row + "</extra>",
        )
    figure.add_scatter(
        x=[each.success.value for each in ours],
        y=names,
        name=OURS,
        mode="markers",
        marker={"color": BLUE, "size": 9},
        error_x={**_share_bars([each.success for each in ours], BLUE), "thickness": 2},
        customdata=[[str(each.success), each.success.n] for each in ours],
        hovertemplate="%{y}: %{customdata[0]}, n = %{customdata[1]}<extra></extra>",
    )
    figure.update_xaxes(range=[-0.02, 1.02], title="share of episodes that reached the goal")
    figure.update_yaxes(autorange="reversed")
    return _laid_out(figure, 130 + _ROW_PX * len(names))


def reliability_diagram(records: Sequence[EpisodeRecord]) -> go.Figure:
    """Return how often a person would have accepted, by how likely that was said to be."""
    episodes = confidences(records)
    confidence = np.concatenate([each for each, _ in episodes])
    right = np.concatenate([each for _, each in episodes])
    bins = reliability(confidence, right)
    bounds = [wilson(round(each.right * each.n), each.n) for each in bins]
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": GREY, "dash": "dot"},
        name="ideal",
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=[each.confidence for each in bins],
        y=[each.right for each in bins],
        mode="markers",
        name="decisions, in bins of equal number",
        marker={"color": BLUE, "size": 8},
        error_y=_interval_bars([each.right for each in bins], bounds, BLUE),
        customdata=[each.n for each in bins],
        hovertemplate="said %{x:.3f}, was %{y:.3f}, n = %{customdata}<extra></extra>",
    )
    figure.update_xaxes(title="said: p(accept)", range=[-0.03, 1.03])
    figure.update_yaxes(title="was: share acceptable", range=[-0.03, 1.03])
    return _laid_out(figure, 380)


def risk_coverage_curve(records: Sequence[EpisodeRecord]) -> go.Figure:
    """Return the share of wrong actions among those kept, by how many are kept."""
    episodes = confidences(records)
    confidence = np.concatenate([each for each, _ in episodes])
    right = np.concatenate([each for _, each in episodes])
    curve = risk_coverage(confidence, right)
    figure = go.Figure()
    figure.add_scatter(
        x=curve.coverage,
        y=curve.risk,
        mode="lines",
        name="by p(accept)",
        line={"color": BLUE, "width": 2.5},
        hovertemplate="keeping %{x:.0%}: %{y:.2%} wrong<extra></extra>",
    )
    figure.add_scatter(
        x=[0, 1],
        y=[1 - float(right.mean())] * 2,
        mode="lines",
        name="at random",
        line={"color": GREY, "dash": "dot"},
    )
    figure.update_xaxes(title="share of actions done without asking", tickformat=".0%")
    figure.update_yaxes(title="of these wrong", tickformat=".1%", rangemode="tozero")
    return _laid_out(figure, 380)


def help_curve(rows: Sequence[HelpRow]) -> go.Figure:
    """Return success by the share of steps that were helped in, against asking at random."""
    figure = go.Figure()
    unaided = [each for each in rows if not each.trigger]
    for trigger, name, colour in (
        ("random", "asks at random", GREY),
        ("sure", "asks where least sure", BLUE),
    ):
        found = [*unaided, *(each for each in rows if each.trigger == trigger)]
        figure.add_scatter(
            x=[each.helped for each in found],
            y=[each.success.value for each in found],
            name=name,
            mode="lines+markers",
            line={"color": colour, "width": 2.5},
            error_y=_share_bars([each.success for each in found], colour),
            customdata=[[str(each.success), each.success.n] for each in found],
            hovertemplate="%{x:.1%} helped: %{customdata[0]}, n = %{customdata[1]}<extra></extra>",
        )
    figure.update_xaxes(title="share of steps helped in", tickformat=".0%")
    figure.update_yaxes(title="share that reached the goal")
    return _laid_out(figure, 380)


def probe_curve(found: Mapping[int, Share]) -> go.Figure:
    """Return agreement with demonstrations by how much later or earlier the screen was seen."""
    shifts = sorted(found)
    figure = go.Figure()
    figure.add_scatter(
        x=shifts,
        y=[found[shift].value for shift in shifts],
        mode="lines+markers",
        name="agreement",
        line={"color": BLUE, "width": 2.5},
        customdata=[str(found[shift]) for shift in shifts],
        hovertemplate="%{x} ms: %{customdata}<extra></extra>",
    )
    figure.add_vline(x=0, line={"color": GREY, "dash": "dot"})
    figure.update_xaxes(title="screen shown before (-) or after (+) its time, ms")
    figure.update_yaxes(title="agrees with the demonstration", tickformat=".0%")
    return _laid_out(figure, 380)


def _share_bars(shares: Sequence[Share], colour: str) -> dict[str, Any]:
    intervals = [each.interval for each in shares]
    return _interval_bars([each.value for each in shares], intervals, colour)


def _interval_bars(
    values: Sequence[float], intervals: Sequence[Interval], colour: str
) -> dict[str, Any]:
    """Return how far each interval reaches beyond its value, as error bars."""
    pairs = list(zip(values, intervals, strict=True))
    return {
        "type": "data",
        "symmetric": False,
        "array": [interval.high - value for value, interval in pairs],
        "arrayminus": [value - interval.low for value, interval in pairs],
        "color": colour,
        "width": 0,
    }


def _laid_out(figure: go.Figure, height_px: int) -> go.Figure:
    return (
        figure.update_layout(
            height=height_px,
            margin={"l": 10, "r": 10, "t": 10, "b": 10},
            paper_bgcolor="rgba(0,0,0,0)",
            plot_bgcolor="rgba(0,0,0,0)",
            font={"family": "system-ui, sans-serif", "size": 13},
            legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
            hovermode="closest",
            template="none",
        )
        .update_xaxes(automargin=True, zeroline=False)
        .update_yaxes(automargin=True, zeroline=False)
    )


def _short(task: str) -> str:
    return task.removeprefix("miniwob-")
