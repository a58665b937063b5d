"""Words say no more than is known."""

from __future__ import annotations

import pytest

from harness.measure.intervals import AtLeast, AtMost, Interval
from harness.measure.metrics import figures, tallies
from harness.measure.report.words import (
    headline_words,
    in_full,
    leverage_words,
    net_words,
    opi_words,
    silent_words,
)
from tests.harness.measure.stories import Story, planned, run_of

NAN = float("nan")


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (Interval(312.4, 99.96, 1234.5), "312 [100, 1,234]"),
        (Interval(2.0, NAN, NAN), "2"),
        (AtLeast(31.25), "≥ 31.2"),
        (AtMost(0.04), "≤ 0.04"),
        (Interval(-0.5, -1.25, 0.0), "-0.5 [-1.25, 0]"),
    ],
)
def test_a_bound_has_its_sign_and_an_interval_its_limits(
    estimate: Interval | AtLeast | AtMost, text: str
) -> None:
    assert in_full(estimate) == text


def test_a_share_is_in_percent() -> None:
    assert in_full(Interval(0.985, 0.9, 1.0), share=True) == "98.5% [90%, 100%]"


def test_a_run_without_contacts_claims_no_more_than_a_bound() -> None:
    found = figures(
        tallies(run_of([Story(planned(f"t{n}")).steps(2).done().end() for n in range(30)])).values()
    )
    assert "lower bound" in headline_words(found)
    assert "No second of a person was needed" in leverage_words(found)
    assert "None in 30 episodes" in silent_words(found)


def test_losses_are_called_losses() -> None:
    wrong = [Story(planned(f"t{n}")).steps(2).done().end(verified=False) for n in range(5)]
    slow = Story(planned("slow")).steps(1).contact(15_000).steps(1).done().end()
    found = figures(tallies(run_of([*wrong, slow])).values())
    assert "lost in all" in net_words(found)
    assert "5 silent failures" in net_words(found)
    assert "5 of 6 episodes ended wrong" in silent_words(found)
    assert "doing it oneself" in leverage_words(found)
    assert opi_words(found).startswith("1 intervention for 5 s")
