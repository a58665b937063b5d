"""The terminal that commands write to."""

import os
import sys

from rich.console import Console

_UNBOUNDED = 10_000  # nothing is cut that goes into a file or another program

# of the processes that torchrun starts, one speaks
_IS_QUIET = os.environ.get("RANK", "0") != "0"

out = Console(
    highlight=False,
    soft_wrap=True,
    width=None if sys.stdout.isatty() else _UNBOUNDED,
    quiet=_IS_QUIET,
)
err = Console(stderr=True, highlight=False, quiet=_IS_QUIET)
