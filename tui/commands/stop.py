"""`understudy stop`: stops agents at once, from any shell."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from rich.markup import escape
from tyro.conf import Positional

from harness.errors import ConfigError
from harness.latch import Latch
from tui.console import out
from tui.halt import said


@dataclass(frozen=True)
class Stopping:
    """Whom to stop."""

    agent: Annotated[Positional[str], tyro.conf.arg(metavar="AGENT")] = ""
    """Name of the agent; all of them if not said."""
    release: bool = False
    """Let act again whom this would stop; all means those who were not stopped by name."""
    show: bool = False
    """Change nothing, say who is stopped."""
    latch: Path | None = None
    """File that the agents look at; your own if not said."""


def stop(what: Stopping) -> int:
    """Stop agents before their next action, in whatever process of yours they run.

    They stay stopped, also those that are started later, until they are released. What was given up
    for it can be resumed.

    For example:

        understudy stop
        understudy stop --release
    """
    if what.release and what.show:
        raise ConfigError("--release changes who is stopped, --show changes nothing; name one")
    agent = what.agent or None
    with Latch(what.latch) as latch:
        if what.release:
            latch.release(agent)
        elif not what.show:
            latch.stop(agent)
        stops = latch.stops()
    stopped = stops.everybody or stops.agents
    out.print(escape(said(stops)), style="bold red" if stopped else "")
    return 0
