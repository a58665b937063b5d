"""`understudy calibrate`: a policy plays unseen pages, and learns when to ask."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table
from tyro.conf import Positional

from policy.errors import DataError
from tui.console import err, out
from tui.playing import load_policy, model_hash_of, task_names
from tui.progress import Bars

if TYPE_CHECKING:
    from policy.calibrate import Calibrator, JudgedEpisode


@dataclass(frozen=True)
class Calibration:
    """What to calibrate, and on what."""

    checkpoint: Positional[Path]
    """Folder of a trained policy; the calibrator is saved into it."""
    tasks: tuple[str, ...]
    """Tasks that it is to work on, as `understudy tasks` lists them."""
    episodes: int = 30
    """Episodes of each task."""
    seed: int = 500_000
    """Seed of the first episode; below 1000000, where evaluations begin."""
    alarm_share: float = 0.05
    """Share of normal episodes in which it may ask for nothing."""
    alpha: float = 0.02
    """Share of episodes that may have a wrong action that it did not ask about."""
    delta: float = 0.1
    """Probability with which that promise may fail."""
    places: int = 4
    """Pages side by side."""


def calibrate(what: Calibration) -> int:
    """Let a trained policy play pages that it never saw, and learn when it should ask.

    An expert says at each step whether it would have done the same. From that come the probability
    that a person would accept an action, the measure of how new a screen is, and the thresholds
    below which it asks. They are saved beside the weights and belong to these weights only.

    For example:

        understudy calibrate run/best --tasks miniwob-click-button miniwob-enter-text
    """
    # SciPy and torch take seconds to import
    from policy.calibrate import (  # noqa: PLC0415
        CALIBRATOR_FILE,
        CalibrationRules,
        fit_calibrator,
    )

    episodes = _played(what)
    rules = CalibrationRules(alarm_share=what.alarm_share, alpha=what.alpha, delta=what.delta)
    calibrator = fit_calibrator(episodes, model_hash_of(what.checkpoint), rules)
    calibrator.save(what.checkpoint / CALIBRATOR_FILE)
    out.print(summary(calibrator, episodes))
    out.print(f"saved {escape(str(what.checkpoint / CALIBRATOR_FILE))}")
    return 0


def summary(calibrator: Calibrator, episodes: list[JudgedEpisode]) -> Table:
    """Return what was fitted, in words."""
    usual = [each for each in episodes if each.is_typical]
    right = [flag for each in usual for flag in each.right]
    thresholds, risk = calibrator.thresholds, calibrator.risk
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in (
        ("episodes", f"{len(usual)}, and {len(episodes) - len(usual)} without their target"),
        ("acceptable", f"{sum(right)} of {len(right)} actions"),
        ("asks below", f"p(accept) {thresholds.ask_below:.3f}"),
        ("resumes from", f"p(accept) {thresholds.resume_above:.3f}"),
        ("novel below", f"p-value {thresholds.novel_below:.3f}"),
        ("irreversible below", f"p(accept) {thresholds.irreversible_below:.3f}"),
        (
            "promise",
            f"at most {risk.alpha:.0%} of episodes have an unasked wrong action when it asks below "
            f"{risk.threshold:.3f} (confidence {1 - risk.delta:.0%}, n = {risk.n})"
            if risk.threshold <= 1
            else f"none: {risk.n} episodes do not certify {risk.alpha:.0%}",
        ),
    ):
        table.add_row(f"[dim]{name}[/]", value)
    return table


def _played(what: Calibration) -> list[JudgedEpisode]:
    from policy.evaluate.closed_loop import play  # noqa: PLC0415 - torch, SciPy
    from policy.evaluate.study import judged, practice  # noqa: PLC0415
    from tui.web_environments import WebEnvironments  # noqa: PLC0415

    trials = practice(task_names(what.tasks), what.episodes, what.seed)
    policy = load_policy(str(what.checkpoint), calibrated=False)  # it may have an old one
    if not hasattr(policy, "consider"):
        raise DataError(f"{what.checkpoint} gives no evidence for its decisions; train it anew")
    episodes: list[JudgedEpisode] = []
    lost = 0
    with WebEnvironments(what.places) as environments, Bars() as progress:
        bar = progress.add_task("playing", total=len(trials), note="")
        for played in play(policy, environments, trials):
            lost += bool(played.failure)
            episode = None if played.failure else judged(played)
            episodes += [episode] if episode else []
            progress.advance(bar)
    if lost:
        err.print(f"[yellow]{lost} episodes were lost to the browser[/]")
    return episodes
