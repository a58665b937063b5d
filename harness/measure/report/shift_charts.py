"""The figures of the report about time: fleets, waits, working alone, and fast-forward."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from harness.measure.report.findings import FleetCurve
from harness.measure.report.forward import FAST, Forward
from harness.measure.report.style import (
    BLUE,
    DASHES,
    GREEN,
    GREY,
    ROW_PX,
    SERIES,
    SYMBOLS,
    VERMILION,
    bars,
    faint,
    laid_out,
    shorter,
)
from harness.measure.report.timing import Timing, TimingCurve
from harness.measure.report.words import in_full
from harness.measure.survival import Ending

_ENDINGS = {
    Ending.SUCCESS: (GREEN, "dash"),
    Ending.INTERVENTION: (BLUE, "dot"),
    Ending.SILENT: (VERMILION, "solid"),
}
_TIMES = (1, 3, 10, 30, 100, 300, 1000, 3000, 10_000)


def fan_out_curve(fleets: Sequence[FleetCurve]) -> go.Figure:
    """Return productive agents by agents, with what they would be if nobody ever waited."""
    figure = go.Figure()
    most = 1
    alone = 0.0
    for number, fleet in enumerate(fleets):
        if fleet.fan_out is None:
            continue
        found = fleet.fan_out.productive
        most, alone = max(most, *found), max(alone, found[1].value)
        figure.add_scatter(
            x=list(found),
            y=[each.value for each in found.values()],
            name=fleet.allocator or "one allocator",
            mode="lines+markers",
            line={"color": _colour(number), "dash": DASHES[number % len(DASHES)], "width": 2.5},
            marker={"symbol": SYMBOLS[number % len(SYMBOLS)], "size": 8},
            error_y=bars(list(found.values()), _colour(number)),
            customdata=[in_full(each) for each in found.values()],
            hovertemplate="%{x} agents: %{customdata}<extra>" + fleet.allocator + "</extra>",
        )
    figure.add_scatter(
        x=[1, most],
        y=[alone, alone * most],
        name="if nobody waited",
        mode="lines",
        line={"color": GREY, "dash": "dot"},
        hoverinfo="skip",
    )
    figure.update_xaxes(title="agents for one person", rangemode="tozero")
    figure.update_yaxes(title="productive agents", rangemode="tozero")
    return laid_out(figure)


def wait_curve(fleets: Sequence[FleetCurve]) -> go.Figure:
    """Return how long requests waited, the median and the 95th percentile, by agents."""
    figure = go.Figure()
    for number, fleet in enumerate(fleets):
        answered = {n: each for n, each in fleet.waits.items() if each.n}
        for name, dash, seconds in (
            ("p50", "solid", [each.median_s for each in answered.values()]),
            ("p95", "dot", [each.p95_s for each in answered.values()]),
        ):
            figure.add_scatter(
                x=list(answered),
                y=seconds,
                name=f"{fleet.allocator} {name}".strip(),
                mode="lines+markers",
                line={"color": _colour(number), "dash": dash, "width": 2},
                marker={"symbol": SYMBOLS[number % len(SYMBOLS)], "size": 7},
                hovertemplate="%{x} agents: %{y:.1f} s<extra>" + name + "</extra>",
            )
    figure.update_xaxes(title="agents for one person", rangemode="tozero")
    figure.update_yaxes(title="seconds until a person turned to it", rangemode="tozero")
    return laid_out(figure)


def net_curve(fleets: Sequence[FleetCurve]) -> go.Figure:
    """Return net seconds by agents for each way of choosing whom to help."""
    figure = go.Figure()
    for number, fleet in enumerate(fleets):
        nets = list(fleet.nets.values())
        figure.add_scatter(
            x=list(fleet.nets),
            y=[each.value for each in nets],
            name=fleet.allocator or "one allocator",
            mode="lines+markers",
            line={"color": _colour(number), "dash": DASHES[number % len(DASHES)], "width": 2.5},
            marker={"symbol": SYMBOLS[number % len(SYMBOLS)], "size": 8},
            error_y=bars(nets, _colour(number)),
            customdata=[in_full(each) for each in nets],
            hovertemplate="%{x} agents: %{customdata} s<extra>" + fleet.allocator + "</extra>",
        )
    figure.update_xaxes(title="agents for one person", rangemode="tozero")
    figure.update_yaxes(title="net seconds saved")
    return laid_out(figure)


def untouched_curve(timing: Timing) -> go.Figure:
    """Return the share that nobody had touched, by the agent's actions, with its limits."""
    return _untouched(timing.by_actions, "actions of the agent", "%{x:.0f} actions: %{y:.0%}")


def untouched_by_seconds(timing: Timing) -> go.Figure:
    """Return the share that nobody had touched, by baseline seconds of work done."""
    return _untouched(timing.by_seconds, "baseline seconds of work", "%{x:.1f} s: %{y:.0%}")


def endings_curve(timing: Timing) -> go.Figure:
    """Return how stretches alone had ended by then: well, with a person, or silently wrong."""
    figure = go.Figure()
    found = timing.by_actions.incidence
    for ending, (colour, dash) in _ENDINGS.items():
        figure.add_scatter(
            x=_from_zero(found.exposure.tolist()),
            y=[0.0, *found.cumulative[ending].tolist()],
            name=ending.value,
            mode="lines",
            line={"shape": "hv", "color": colour, "dash": dash, "width": 2.5},
            hovertemplate="%{x:.0f} actions: %{y:.0%}<extra>" + ending.value + "</extra>",
        )
    figure.update_xaxes(title="actions of the agent", rangemode="tozero")
    figure.update_yaxes(title="share that had ended so", tickformat=".0%", range=[0, 1.02])
    return laid_out(figure)


def funnel_chart(forward: Forward) -> go.Figure:
    """Return how many lights came on, were clicked, ran to their end, and were right."""
    whole = forward.funnel
    stages = {
        "lit": whole.lit,
        "clicked": whole.clicked,
        "executed": whole.executed,
        "verified": whole.verified,
    }
    figure = go.Figure()
    figure.add_bar(
        x=list(stages.values()),
        y=list(stages),
        orientation="h",
        marker={"color": [faint(BLUE, strength) for strength in (0.45, 0.6, 0.8, 1.0)]},
        text=[f"{count:,}" for count in stages.values()],
        textposition="auto",
        hovertemplate="%{y}: %{x}<extra></extra>",
    )
    figure.update_xaxes(title=f"lights, in {whole.episodes:,} episodes", rangemode="tozero")
    figure.update_yaxes(autorange="reversed")
    return laid_out(figure, 260)


def speed_up_chart(forward: Forward) -> go.Figure:
    """Return each verified run's speed-up by task, on a logarithmic scale, and the mark of 100."""
    figure = go.Figure()
    medians = {task: float(np.median(each)) for task, each in forward.by_task.items()}
    ordered = sorted(medians, key=lambda task: -medians[task])
    for task in ordered:
        figure.add_box(
            x=forward.by_task[task],
            y=[shorter(task)] * len(forward.by_task[task]),
            orientation="h",
            boxpoints="all",
            jitter=0.4,
            pointpos=0,
            marker={"color": BLUE, "size": 4, "opacity": 0.5},
            line={"color": BLUE, "width": 1.5},
            fillcolor=faint(BLUE),
            showlegend=False,
            hovertemplate="%{y}: %{x:.0f} times<extra></extra>",
        )
    figure.add_vline(x=FAST, line={"color": GREY, "dash": "dot"})
    figure.update_xaxes(title="times as fast as a person", type="log", tickvals=_TIMES)
    figure.update_yaxes(autorange="reversed")
    return laid_out(figure, 110 + ROW_PX * len(ordered))


def split_chart(forward: Forward) -> go.Figure:
    """Return where the time of verified runs went, task by task."""
    figure = go.Figure()
    tasks = list(forward.split_ms)
    parts = dict.fromkeys(part for each in forward.split_ms.values() for part in each)
    for number, part in enumerate(parts):
        figure.add_bar(
            x=[forward.split_ms[task][part] for task in tasks],
            y=[shorter(task) for task in tasks],
            orientation="h",
            name=part,
            marker={"color": _colour(number)},
            hovertemplate="%{y}: %{x:.1f} ms<extra>" + part + "</extra>",
        )
    figure.update_layout(barmode="stack")
    figure.update_xaxes(title="ms until verified, mean", rangemode="tozero")
    figure.update_yaxes(autorange="reversed")
    return laid_out(figure, 110 + ROW_PX * len(tasks))


def _untouched(curve: TimingCurve, title: str, hover: str) -> go.Figure:
    figure = go.Figure()
    x = _from_zero(curve.incidence.exposure.tolist())
    for limit, fill in ((curve.band.low, None), (curve.band.high, "tonexty")):
        figure.add_scatter(
            x=x,
            y=[1.0, *_closed(limit.tolist(), curve.incidence.untouched.tolist())],
            mode="lines",
            line={"shape": "hv", "width": 0},
            fill=fill,
            fillcolor=faint(BLUE),
            name="95 %",
            showlegend=fill is not None,
            hoverinfo="skip",
        )
    figure.add_scatter(
        x=x,
        y=[1.0, *curve.incidence.untouched.tolist()],
        name="not touched yet",
        mode="lines",
        line={"shape": "hv", "color": BLUE, "width": 2.5},
        hovertemplate=hover + "<extra></extra>",
    )
    figure.update_xaxes(title=title, rangemode="tozero")
    figure.update_yaxes(title="share without intervention", tickformat=".0%", range=[0, 1.02])
    return laid_out(figure)


def _closed(limits: Sequence[float], shares: Sequence[float]) -> list[float]:
    """Return limits that end in the curve where there are none, so that the band closes."""
    pairs = zip(limits, shares, strict=True)
    return [share if np.isnan(limit) else limit for limit, share in pairs]


def _from_zero(exposure: Sequence[float]) -> list[float]:
    return [0.0, *exposure]


def _colour(number: int) -> str:
    return SERIES[number % len(SERIES)]
