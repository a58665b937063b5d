"""One run of the benchmark: every figure of the recorder, and of its peers beside it."""

from __future__ import annotations

import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from recorder.bench.cost import Cost
from recorder.bench.recorders import cost_of_ffmpeg, cost_of_ours, ffmpeg_command, has_ffmpeg
from recorder.bench.times import pynput_times
from recorder.bench.workloads import WORKLOADS
from recorder.desktop.xvfb import VirtualDisplay
from recorder.ruler import Alignment, Ruler, measure_alignment
from recorder.ruler.compare import EventErrors, FrameErrors
from recorder.ruler.helper import Helper
from recorder.store import tool_versions

_Z95 = 1.96
Figures: TypeAlias = dict[str, Any]
Report: TypeAlias = Callable[[str], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to measure, and for how long; as in `run`."""

    seconds: float
    repeats: int
    seed: int
    fps: int
    size: tuple[int, int] = (1920, 1080)


@dataclass(frozen=True, slots=True)
class Times:
    """How true times are on one kind of display."""

    ours: Alignment
    ours_unanswered: Alignment
    """With input that, like a device's, makes the server say nothing to anybody."""
    pynput_unanswered: EventErrors


def run(
    *,
    seconds: float = 20.0,
    repeats: int = 1,
    seed: int = 0,
    fps: int = 10,
    report: Report = lambda _: None,
) -> Figures:
    """Measure everything on virtual displays and return the figures, ready for JSON.

    Args:
        seconds: length of each recording; those that measure times take half of it.
        repeats: how often each workload is recorded by each recorder.
        seed: of the first repeat; each next one has the next seed.
        fps: how often the screen is looked at.
        report: told what is being measured.

    Raises:
        UnsupportedError: there is no Xvfb.
        CaptureError: a recorder or a workload failed.
    """
    plan = Plan(seconds=seconds, repeats=repeats, seed=seed, fps=fps)
    machine = describe_machine()
    times = _measure_times(plan, report)
    costs = {
        f"{who}_{workload}": found
        for workload in WORKLOADS
        for who, found in _measure_costs(plan, workload, report).items()
    }
    return {
        **_time_figures(times),
        **_cost_figures(costs),
        "plan": asdict(plan),
        "machine": machine,
        "peers": {
            "ffmpeg": " ".join(ffmpeg_command("DISPLAY", plan.size, plan.fps, Path("out.mkv"))),
            "pynput": "stock mouse listener that stamps on receipt",
        },
        "samples": {name: [asdict(cost) for cost in found] for name, found in costs.items()},
        "times": {place: asdict(found) for place, found in times.items()},
    }


def describe_machine() -> Figures:
    """Return what the figures depend on."""
    model = platform.processor() or platform.machine()
    if sys.platform == "linux":
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
        model = next(names, model)
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "load_before": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "tools": tool_versions(),
    }


# Times --------------------------------------------------------------------------------------------


def _measure_times(plan: Plan, report: Report) -> dict[str, Times]:
    """Return times under a window manager with an app that listens, and on a bare server."""
    found: dict[str, Times] = {}
    for place, with_app in (("app", True), ("bare", False)):
        with VirtualDisplay(plan.size, window_manager=with_app) as display:
            known = Ruler(
                display.name, display.env, seconds=plan.seconds / 2, fps=plan.fps, paint=with_app
            )
            real = replace(known, answered=False)
            report(f"times, {place}")
            ours = measure_alignment(known)
            report(f"times, {place}, unanswered")
            found[place] = Times(ours, measure_alignment(real), pynput_times(real))
    return found


def _time_figures(times: Mapping[str, Times]) -> Figures:
    app, bare = times["app"], times["bare"]
    ours = (app.ours, bare.ours, app.ours_unanswered, bare.ours_unanswered)
    return {
        "event_error_ms_p99": app.ours.events.error_ms_p99,
        "event_error_ms_p99_bare": bare.ours.events.error_ms_p99,
        "event_error_ms_p99_unanswered": app.ours_unanswered.events.error_ms_p99,
        "event_error_ms_p99_unanswered_bare": bare.ours_unanswered.events.error_ms_p99,
        "event_error_ms_p99_pynput": app.pynput_unanswered.error_ms_p99,
        "event_error_ms_p99_pynput_bare": bare.pynput_unanswered.error_ms_p99,
        "events_lost": sum(found.events.lost for found in ours),
        "events_lost_pynput": app.pynput_unanswered.lost + bare.pynput_unanswered.lost,
        "order_errors": sum(found.events.order_errors for found in ours),
        **_frame_figures(app.ours.frames),
    }


def _frame_figures(frames: FrameErrors | None) -> Figures:
    if frames is None:
        return {}
    return {"frame_error_ms_p99": frames.error_ms_p99, "frame_age_ms_p99": frames.age_ms_p99}


# Cost ---------------------------------------------------------------------------------------------


def _measure_costs(plan: Plan, workload: str, report: Report) -> dict[str, list[Cost]]:
    found: dict[str, list[Cost]] = {"ours": []}
    for repeat in range(plan.repeats):
        for who in ("ours", "ffmpeg") if has_ffmpeg() else ("ours",):
            report(f"cost of {workload}, {repeat + 1} of {plan.repeats}: {who}")
            with (
                _shown(plan, workload, plan.seed + repeat) as env,
                tempfile.TemporaryDirectory(prefix="bench-") as scratch,
            ):
                found.setdefault(who, []).append(_cost(who, env, Path(scratch), plan))
    return found


def _cost(who: str, env: Mapping[str, str], scratch: Path, plan: Plan) -> Cost:
    if who == "ours":
        return cost_of_ours(env, scratch, plan.seconds, plan.fps)
    return cost_of_ffmpeg(env, scratch, plan.seconds, plan.fps, plan.size)


@contextmanager
def _shown(plan: Plan, workload: str, seed: int) -> Generator[Mapping[str, str]]:
    """Show a workload on a display of its own; the same seed shows the same things again."""
    with VirtualDisplay(plan.size, window_manager=True) as display:
        module = "recorder.bench.workloads"
        with Helper(display.env, module, workload, "--seed", str(seed)) as app:
            app.wait_until_ready()
            yield display.env


def _cost_figures(costs: Mapping[str, Sequence[Cost]]) -> Figures:
    figures: Figures = {}
    for name, found in costs.items():
        who, _, workload = name.partition("_")
        prefix = "" if who == "ours" else f"{who}_"
        slices = [percent for cost in found for percent in cost.core_percent]
        figures[f"{prefix}core_percent_{workload}"] = round(statistics.mean(slices), 2)
        figures[f"{prefix}core_percent_{workload}_ci95"] = _interval(slices)
        figures[f"{prefix}mb_per_hour_{workload}"] = round(
            statistics.mean(cost.mb_per_hour for cost in found), 2
        )
    for workload in WORKLOADS:
        for what in ("core_percent", "mb_per_hour"):
            peer = figures.get(f"ffmpeg_{what}_{workload}")
            if peer:
                ratio = figures[f"{what}_{workload}"] / peer
                figures[f"{what}_{workload}_to_ffmpeg"] = round(ratio, 3)
    return figures


def _interval(values: Sequence[float]) -> list[float]:
    middle = statistics.mean(values)
    if len(values) < 2:
        return [round(middle, 2)] * 2
    half = _Z95 * statistics.stdev(values) / len(values) ** 0.5
    return [round(middle - half, 2), round(middle + half, 2)]
