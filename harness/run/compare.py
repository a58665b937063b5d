"""Compares runs on one plan, task by task, so that what the tasks have in common cancels out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from harness.errors import ConfigError
from harness.measure.intervals import Estimate, Interval
from harness.measure.metrics import (
    SILENT_WEIGHT,
    compare_leverage,
    compare_net,
    compare_opi,
    tallies,
)
from harness.measure.report.as_json import Plain, plain
from harness.measure.report.rows import RowName
from harness.measure.state import Run
from harness.run.score import is_run, load_runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One run against another; a ratio is None where one of them has nothing to divide."""

    a: RowName
    b: RowName
    opi: Estimate | None
    """How many times the output per intervention of B that of A is."""
    opi_star: Estimate | None
    """The same with ten interventions for each silent failure."""
    leverage: Interval | None
    """How many times the output per human second."""
    net_s: Interval
    """By how many seconds the net of A exceeds that of B."""

    def to_mapping(self) -> dict[str, Plain]:
        """Return it for JSON."""
        return {each.name: plain(getattr(self, each.name)) for each in fields(self)}


def compare(a: Path, b: Path) -> list[Comparison]:
    """Compare two suites row by row, or two rows with each other.

    Raises:
        ConfigError: one is a suite and the other a row, they have no row in common, or they are
            not of the same plan.
        LogError: a log was altered.
    """
    of_a, of_b = load_runs(a), load_runs(b)
    if is_run(a) != is_run(b):
        raise ConfigError(f"{a} and {b}: allowed are two suites, or two rows")
    if is_run(a) and len(of_a) == len(of_b) == 1:
        (name_a, run_a), (name_b, run_b) = *of_a.items(), *of_b.items()
        return [_compared((name_a, run_a), (name_b, run_b))]
    common = sorted(of_a.keys() & of_b.keys(), key=lambda name: name.order)
    if not common:
        raise ConfigError(f"no row in common: {a} has {_listed(of_a)}; {b} has {_listed(of_b)}")
    return [_compared((name, of_a[name]), (name, of_b[name])) for name in common]


def _compared(a: tuple[RowName, Run], b: tuple[RowName, Run]) -> Comparison:
    (name_a, run_a), (name_b, run_b) = a, b
    assert run_a.manifest
    assert run_b.manifest
    if run_a.manifest.plan != run_b.manifest.plan:
        raise ConfigError(f"{name_a} and {name_b} were played on different manifests")
    of_a, of_b = tallies(run_a), tallies(run_b)
    has_output = all(sum(each.output_s for each in side.values()) > 0 for side in (of_a, of_b))
    has_duty = all(sum(each.on_duty_s for each in side.values()) > 0 for side in (of_a, of_b))
    return Comparison(
        a=name_a,
        b=name_b,
        opi=compare_opi(of_a, of_b, 0.0) if has_output else None,
        opi_star=compare_opi(of_a, of_b, SILENT_WEIGHT) if has_output else None,
        leverage=compare_leverage(of_a, of_b) if has_output and has_duty else None,
        net_s=compare_net(of_a, of_b),
    )


def _listed(runs: Mapping[RowName, Run]) -> str:
    return ", ".join(map(str, runs))
