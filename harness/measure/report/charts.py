"""The figures of the report that compare rows, thresholds, tasks and checkpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from harness.measure.curves import Point, point
from harness.measure.intervals import Estimate, Events, event_rate
from harness.measure.learning import rate
from harness.measure.metrics import SECONDS_PER_HOUR, Tally
from harness.measure.report.findings import LearningCurve, RowFindings, ThresholdCurve
from harness.measure.report.rows import RowName
from harness.measure.report.style import (
    BLUE,
    DASHES,
    GREY,
    ROW_PX,
    SERIES,
    SYMBOLS,
    VERMILION,
    bars,
    laid_out,
    shorter,
)
from harness.measure.report.tasks import TaskFindings
from harness.measure.report.words import amount, in_full


def net_by_row(rows: Sequence[RowFindings], main: RowName) -> go.Figure:
    """Return the net seconds of each row, ours in another colour."""
    figure = go.Figure()
    for is_ours, colour, name in ((True, BLUE, "ours"), (False, GREY, "reference")):
        kept = [each for each in rows if each.name.is_ours == is_ours]
        nets = [each.figures.net_s for each in kept]
        figure.add_scatter(
            x=[each.value for each in nets],
            y=[each.name.beside(main) for each in kept],
            name=name,
            mode="markers",
            marker={"color": colour, "size": 10, "symbol": "circle" if is_ours else "square"},
            error_x=bars(nets, colour),
            customdata=[in_full(each) for each in nets],
            hovertemplate="%{y}: %{customdata} s<extra></extra>",
        )
    figure.add_vline(x=0, line={"color": GREY, "dash": "dot", "width": 1})
    figure.update_xaxes(title="net seconds of human time saved")
    figure.update_yaxes(
        autorange="reversed",
        categoryorder="array",
        categoryarray=[each.name.beside(main) for each in rows],
    )
    return laid_out(figure, 110 + ROW_PX * len(rows))


def threshold_curve(curve: ThresholdCurve) -> go.Figure:
    """Return output by interventions for asking by its own rule, at random and by an oracle."""
    figure = go.Figure()
    named = (
        ("its own rule", curve.triggers.own),
        ("an oracle", curve.triggers.oracle),
        ("at random", curve.triggers.random),
    )
    for number, (name, runs) in enumerate(named):
        points = sorted(map(point, runs), key=_by_interventions)
        figure.add_scatter(
            x=[each.interventions_per_hour for each in points],
            y=[each.output_per_hour for each in points],
            name=name,
            mode="lines+markers",
            line={"color": SERIES[number], "dash": DASHES[number], "width": 2.5},
            marker={"symbol": SYMBOLS[number], "size": 8},
            hovertemplate="%{x:.1f} interventions, %{y:.0f} s<extra>" + name + "</extra>",
        )
    figure.update_xaxes(title="interventions per baseline hour", rangemode="tozero")
    figure.update_yaxes(title="useful seconds per baseline hour", rangemode="tozero")
    return laid_out(figure)


def success_forest(
    tasks: Sequence[TaskFindings], others: Mapping[str, Mapping[str, float]]
) -> go.Figure:
    """Return the share of each task's episodes that reached the goal, other rows' beside ours.

    Args:
        tasks: of the main row.
        others: share by row and task.
    """
    figure = go.Figure()
    names = [shorter(each.task) for each in tasks]
    for number, (row, shares) in enumerate(others.items(), 1):
        figure.add_scatter(
            x=[shares.get(each.task) for each in tasks],
            y=names,
            name=row,
            mode="markers",
            marker={
                "symbol": "line-ns",
                "size": 10,
                "line": {"width": 2.5, "color": SERIES[number % len(SERIES)]},
            },
            hovertemplate="%{y}: %{x:.2f}<extra>" + row + "</extra>",
        )
    shares = [each.success for each in tasks]
    figure.add_scatter(
        x=[each.value for each in shares],
        y=names,
        name="ours",
        mode="markers",
        marker={"color": BLUE, "size": 9},
        error_x=bars(shares, BLUE),
        customdata=[[in_full(each.success), each.sums.episodes] for each in tasks],
        hovertemplate="%{y}: %{customdata[0]}, n = %{customdata[1]}<extra></extra>",
    )
    figure.update_xaxes(title="share that reached the goal", range=[-0.03, 1.03])
    figure.update_yaxes(autorange="reversed", categoryorder="array", categoryarray=names)
    return laid_out(figure, 130 + ROW_PX * len(names))


def intervention_forest(tasks: Sequence[TaskFindings]) -> go.Figure:
    """Return how often each task needs a person, and where it failed silently."""
    figure = go.Figure()
    names = [shorter(each.task) for each in tasks]
    rates = [each.interventions_per_hour for each in tasks]
    figure.add_scatter(
        x=[each.value for each in rates],
        y=names,
        name="interventions",
        mode="markers",
        marker={"color": BLUE, "size": 9},
        error_x=bars(rates, BLUE),
        customdata=[
            [in_full(each.interventions_per_hour), each.sums.interventions] for each in tasks
        ],
        hovertemplate="%{y}: %{customdata[0]} per hour, n = %{customdata[1]}<extra></extra>",
    )
    wrong = [each for each in tasks if each.sums.silent]
    figure.add_scatter(
        x=[SECONDS_PER_HOUR * each.sums.silent / each.sums.baseline_s for each in wrong],
        y=[shorter(each.task) for each in wrong],
        name="silent failures",
        mode="markers",
        marker={"color": VERMILION, "size": 10, "symbol": "x"},
        customdata=[each.sums.silent for each in wrong],
        hovertemplate="%{y}: %{customdata} silent failures<extra></extra>",
    )
    most = max((each.high for each in rates), default=1.0)
    figure.update_xaxes(title="per baseline hour attempted", range=[-0.03 * most, 1.03 * most])
    figure.update_yaxes(autorange="reversed", categoryorder="array", categoryarray=names)
    return laid_out(figure, 130 + ROW_PX * len(names))


def learning_curve(curve: LearningCurve) -> go.Figure:
    """Return interventions by the human hours that went into a policy, with the fitted law."""
    figure = go.Figure()
    hours = np.array([each.human_hours for each in curve.checkpoints])
    rates = [_interventions(list(each.tasks.values())) for each in curve.checkpoints]
    figure.add_scatter(
        x=hours,
        y=[rate(each) for each in curve.checkpoints],
        name="held-out tasks",
        mode="markers",
        marker={"color": BLUE, "size": 9},
        error_y=bars(rates, BLUE),
        hovertemplate="%{x:.2f} h: %{y:.1f} per hour<extra></extra>",
    )
    if curve.fitted:
        grid = np.geomspace(hours.min(), hours.max(), 60)
        figure.add_scatter(
            x=grid,
            y=curve.fitted.law.at(grid),
            name="power law",
            mode="lines",
            line={"color": VERMILION, "dash": "dash", "width": 2},
            hoverinfo="skip",
        )
    figure.update_xaxes(
        title="human hours put in, demonstrations included",
        type="log",
        tickvals=hours,
        ticktext=[amount(each) for each in hours.tolist()],
    )
    figure.update_yaxes(title="interventions per baseline hour", rangemode="tozero")
    return laid_out(figure)


def _interventions(tasks: Sequence[Tally]) -> Estimate:
    counts = np.array([float(each.interventions) for each in tasks])
    hours = np.array([each.baseline_s for each in tasks]) / SECONDS_PER_HOUR
    return event_rate([Events(counts)], hours)


def _by_interventions(each: Point) -> float:
    return each.interventions_per_hour
