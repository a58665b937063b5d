"""The terminal that commands write to."""

import sys

from rich.console import Console

_UNBOUNDED = 10_000  # nothing is cut that goes into a file or another program

out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else _UNBOUNDED)
err = Console(stderr=True, highlight=False)
