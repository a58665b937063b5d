"""Figures in words: numbers with what is known of them, and sentences that say what they mean."""

from __future__ import annotations

import math
from typing import assert_never

from harness.measure.intervals import AtLeast, AtMost, Estimate, Interval
from harness.measure.metrics import SILENT_WEIGHT, Figures

_ROUNDING = 1e-9
"""What sums of seconds may be off by."""


def amount(value: float) -> str:
    """Return a number with three digits that count, or all of them before the point.

    >>> [amount(x) for x in (-1e-12, 0.01234, 1.5, 36.04, 1234.5, float("nan"))]
    ['0', '0.0123', '1.5', '36', '1,234', '-']
    """
    if math.isnan(value):
        return "-"
    if abs(value) < _ROUNDING:
        return "0"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if abs(value) < 0.001:
        return f"{value:.2g}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(value: float) -> str:
    """Return a share in percent, with one digit where that tells it from all or nothing.

    >>> [percent(x) for x in (0.5, 0.985, 1.0)]
    ['50%', '98.5%', '100%']
    """
    if math.isnan(value):
        return "-"
    return f"{value:.1%}".replace(".0%", "%")


def figure(estimate: Estimate, *, share: bool = False) -> str:
    """Return the figure without its interval; a bound with its sign.

    >>> figure(AtLeast(31.25)), figure(Interval(0.5, 0.4, 0.6), share=True)
    ('≥ 31.2', '50%')
    """
    say = percent if share else amount
    match estimate:
        case Interval(value, _, _):
            return say(value)
        case AtLeast(low):
            return f"≥ {say(low)}"
        case AtMost(high):
            return f"≤ {say(high)}"
        case _:
            assert_never(estimate)


def limits(estimate: Estimate, *, share: bool = False) -> str:
    """Return the 95 % interval in brackets; empty for a bound, and with one cluster.

    >>> limits(Interval(2.0, 1.0, 4.0)), limits(AtLeast(3.0))
    ('[1, 4]', '')
    """
    if not isinstance(estimate, Interval) or math.isnan(estimate.low):
        return ""
    say = percent if share else amount
    return f"[{say(estimate.low)}, {say(estimate.high)}]"


def in_full(estimate: Estimate, *, share: bool = False) -> str:
    """Return a figure and its interval.

    >>> in_full(Interval(2.0, 1.0, 4.0)), in_full(AtMost(0.25))
    ('2 [1, 4]', '≤ 0.25')
    """
    return f"{figure(estimate, share=share)} {limits(estimate, share=share)}".rstrip()


def plural(count: float, one: str) -> str:
    """Return a count with its noun.

    >>> plural(1, "episode"), plural(0, "episode")
    ('1 episode', '0 episodes')
    """
    return f"{count:,g} {one}{'' if count == 1 else 's'}"


# Sentences ----------------------------------------------------------------------------------------


def headline_words(figures: Figures) -> str:
    """Return what OPI* says, in a sentence."""
    estimate = figures.opi[SILENT_WEIGHT]
    if isinstance(estimate, AtLeast):
        return (
            f"Nobody stepped in and nothing failed silently in "
            f"{plural(figures.sums.episodes, 'episode')}: all that can be said is a lower bound."
        )
    return (
        f"For each time a person steps in, a silent failure counting as {SILENT_WEIGHT:g}, the "
        f"agents do {figure(estimate)} s of a practised person's work."
    )


def opi_words(figures: Figures) -> str:
    """Return what OPI says, in a sentence."""
    contacts = plural(figures.sums.interventions, "intervention")
    return (
        f"{contacts} for {amount(figures.sums.output_s)} s of verified work; what failed "
        "silently is left out."
    )


def leverage_words(figures: Figures) -> str:
    """Return what leverage says, in a sentence."""
    estimate = figures.leverage
    if isinstance(estimate, AtLeast):
        return "No second of a person was needed, which says nothing of how long one would be."
    value = figure(estimate)
    if isinstance(estimate, Interval) and estimate.value <= 1:
        return f"Each second of a person yields {value} s of work: doing it oneself is no slower."
    return f"Each second of a person yields {value} s of work; 1 would be no gain."


def net_words(figures: Figures) -> str:
    """Return what net says, in a sentence."""
    seconds = amount(abs(figures.net_s.value))
    verb = "lost" if figures.net_s.value < 0 else "saved"
    return (
        f"{seconds} s of human time {verb} in all, with attention and the repair of "
        f"{plural(figures.sums.silent, 'silent failure')} paid for."
    )


def silent_words(figures: Figures) -> str:
    """Return what silent failures say, in a sentence."""
    sums = figures.sums
    if not sums.silent:
        return (
            f"None in {plural(sums.episodes, 'episode')}; the bound is what may have gone unseen."
        )
    return (
        f"{sums.silent:,} of {plural(sums.episodes, 'episode')} ended wrong and nobody was told, "
        "for each hour that people would have taken."
    )
