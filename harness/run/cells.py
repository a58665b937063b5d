"""What makes the cells of a row: the units of work that are played, whole or not at all."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TypeAlias

from harness.errors import ConfigError
from harness.measure.report.rows import RowName
from harness.modes.cell import Cell
from harness.modes.episodes import EpisodeCell
from harness.modes.fast_forward import ForwardCell
from harness.modes.foreman import ShiftCell
from harness.run.manifests import Episodes, Forward, Frozen, Shifts
from harness.run.rows import Casting

CellMaker: TypeAlias = Callable[[Frozen, RowName, Casting], list[Cell]]


def web_cells(frozen: Frozen, name: RowName, casting: Casting) -> list[Cell]:
    """Return the cells of a row on web tasks: single episodes, whole shifts, or a person's work.

    Raises:
        ConfigError: a row on shifts has no number of agents.
    """
    match frozen.work:
        case Episodes(episodes):
            return [
                EpisodeCell(frozen.planned(each), casting.trigger, casting.operator)
                for each in episodes
            ]
        case Shifts() as work:
            return [
                _shift(frozen, work, number, name, casting) for number in range(len(work.shifts))
            ]
        case Forward(episodes):
            return [ForwardCell(frozen.planned(each)) for each in episodes]


def _shift(frozen: Frozen, work: Shifts, number: int, name: RowName, casting: Casting) -> ShiftCell:
    if name.n_agents is None or not name.allocator:
        raise ConfigError(f"row {str(name)!r} wants a number of agents and an allocator")
    return ShiftCell(
        name=f"shift-{number}",
        items=tuple(frozen.planned(each) for each in work.shifts[number]),
        n_agents=name.n_agents,
        allocator=name.allocator,
        trigger=casting.trigger,
        mode=casting.operator,
        patience_s=work.patience_s,
    )


def load_maker(spec: str) -> CellMaker:
    """Return what makes cells, `package:function`.

    Raises:
        ConfigError: there is no such function.
    """
    path, _, name = spec.partition(":")
    try:
        return getattr(importlib.import_module(path), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(f"nothing makes cells at {spec!r}: {error}") from error
