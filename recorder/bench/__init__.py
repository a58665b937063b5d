"""The recorder's benchmark: what a recording costs, and how true its times are."""

from recorder.bench.run import run
from recorder.bench.table import table

__all__ = ["run", "table"]
