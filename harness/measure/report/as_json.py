"""A report's figures as JSON, for programs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from enum import Enum
from typing import Any, TypeAlias

import numpy as np

from harness.measure.intervals import AtLeast, AtMost, Interval
from harness.measure.report.findings import Findings
from harness.measure.report.rows import RowName
from harness.measure.report.tasks import TaskFindings

Plain: TypeAlias = bool | int | float | str | list["Plain"] | dict[str, "Plain"] | None

FORMAT = "understudy-report"
VERSION = 1


def to_json(findings: Findings, tasks: Sequence[TaskFindings]) -> bytes:
    """Return all figures: an interval as value, low and high, a bound as at_least or at_most.

    What is not a number, such as the limits over one cluster, is null.
    """
    body = {
        "format": FORMAT,
        "version": VERSION,
        **{
            each.name: plain(getattr(findings, each.name))
            for each in fields(findings)
            if each.name not in ("run", "main")
        },
        "main": str(findings.main.name),
        "tasks": plain(tasks),
    }
    return json.dumps(body, indent=1, ensure_ascii=False, allow_nan=False).encode()


def plain(value: Any) -> Plain:
    """Return what JSON can say of a figure, or of anything made of figures."""
    match value:
        case AtLeast(low):
            return {"at_least": _number(low)}
        case AtMost(high):
            return {"at_most": _number(high)}
        case Interval(level, low, high):
            return {"value": _number(level), "low": _number(low), "high": _number(high)}
        case RowName():
            return str(value)
        case Enum():
            return str(value.value)
        case None | bool() | int() | str():
            return value
        case float():
            return _number(value)
        case _:
            return _composed(value)


def _composed(value: Any) -> Plain:
    if isinstance(value, np.ndarray):
        return [_number(float(each)) for each in value.ravel()]
    if isinstance(value, Mapping):
        return {_key(key): plain(each) for key, each in value.items()}
    if isinstance(value, Sequence):
        return [plain(each) for each in value]
    return {each.name: plain(getattr(value, each.name)) for each in fields(value)}


def _key(key: Any) -> str:
    return f"{key:g}" if isinstance(key, float) else str(getattr(key, "value", key))


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
