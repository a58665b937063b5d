"""The policy's benchmark: what deciding and training cost, next to a policy of public parts."""

from policy.bench.run import run
from policy.bench.table import table

__all__ = ["run", "table"]
