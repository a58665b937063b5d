"""The environments' benchmark: episodes per minute and memory, next to what others use."""

from harness.bench.run import run
from harness.bench.table import table

__all__ = ["run", "table"]
