"""`understudy foreman`: watch agents at work, help those that ask, and see what it came to."""

from __future__ import annotations

import asyncio
import os
import sys
import time
import traceback
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from rich.markup import escape

from harness.errors import ConfigError
from tui.commands.demo import JOB, TASKS
from tui.commands.suite import policy_spec, show_scores
from tui.console import err, out
from tui.playing import task_names

if TYPE_CHECKING:
    from harness.hub.playing import PlayerConfig
    from harness.measure.events import Manifest
    from tui.session import Ending

_USUAL_POLICY = Path("demo/policy/checkpoint")
"""What `understudy demo` has taught."""
_RUNS = Path("shifts")
_FIRST_SEED = 8_300_000
_SEEDS_A_SHIFT = 10_000
_MOST_AGENTS = 64
_DRAWS_A_SECOND = "240"
"""At most; there is none where nothing has changed."""


@dataclass(frozen=True)
class Foreman:
    """Which shift, and with whom."""

    agents: int = 6
    """How many work at once."""
    policy: str = ""
    """What decides for them: a checkpoint's folder, or package:factory; by default what
    `understudy demo` has taught."""
    items: int = 24
    """Pieces of work."""
    jobs: tuple[str, ...] = ()
    """Tasks that the work is drawn from; by default those of the demo."""
    seed: int = 0
    """Of the draw, and of the pages."""
    patience: float = 300.0
    """Seconds after which a request expires, and its agent is held."""
    run: Path | None = None
    """Folder for all that happens; a shift that was cut off there goes on."""
    attach: bool = False
    """Join the shift that runs already."""
    view: bool = False
    """Join it, and only look on."""
    take_over: bool = False
    """Join it, and drive in place of whoever does."""
    replay: Path | None = None
    """Play the folder of a run again."""
    socket: Path | None = None
    """Where the hub listens; your own if not said."""
    latch: Path | None = None
    """File that stops the agents; your own if not said."""


def foreman(what: Foreman) -> int:
    """Watch agents at work, help those that ask, and see what it came to.

    Starts a hub that lives on when this terminal does not, agents on a shift of real web jobs, and
    a terminal over them. `?` lists the keys; F12 stops all agents, as `understudy stop` does from
    anywhere.

    For example:

        understudy foreman --policy run/checkpoint --agents 6
        understudy foreman --attach
        understudy foreman --replay shifts/20260102-030405
    """
    _check(what)
    # read once, when Textual is loaded: after a key, it waits for up to two frames
    os.environ.setdefault("TEXTUAL_FPS", _DRAWS_A_SECOND)
    if what.replay is not None:
        return _replay(what.replay)
    if what.attach or what.view or what.take_over:
        return _join(what)
    return _start(what)


# What is asked for --------------------------------------------------------------------------------


def _check(what: Foreman) -> None:
    """Refuse what cannot be.

    Raises:
        ConfigError: it cannot, and why.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConfigError("the foreman needs a terminal; its input or output is something else")
    if sum((what.attach, what.view, what.take_over, what.replay is not None)) > 1:
        raise ConfigError("--attach, --view, --take-over and --replay exclude each other; name one")
    if not 1 <= what.agents <= _MOST_AGENTS:
        raise ConfigError(f"{what.agents} agents; allowed: 1 to {_MOST_AGENTS}")
    if what.items < 1:
        raise ConfigError(f"{what.items} pieces of work; allowed: 1 or more")
    if find_spec("textual") is None:
        raise ConfigError("the foreman needs textual: pip install 'understudy[tui]'")


def _policy(what: Foreman) -> str:
    """Return the policy as workers load it.

    Raises:
        ConfigError: there is none.
    """
    if what.policy:
        return policy_spec(what.policy)
    if _USUAL_POLICY.is_dir():
        return policy_spec(str(_USUAL_POLICY))
    raise ConfigError(
        f"no policy in {_USUAL_POLICY}; name one with --policy: a checkpoint's folder, or "
        "package:factory. `understudy demo` teaches one"
    )


def _planned(what: Foreman) -> Manifest:
    """Return the work of a shift; the same for the same jobs, items and seed."""
    from harness.measure.events import Manifest, PlannedEpisode  # noqa: PLC0415 - SciPy is slow
    from harness.tasks.registry import web_task  # noqa: PLC0415 - reads all tasks

    names = task_names(what.jobs or (JOB, *TASKS))
    chance = Random(f"foreman {what.seed}")
    first = _FIRST_SEED + _SEEDS_A_SHIFT * what.seed
    plan = tuple(
        PlannedEpisode(task=name, seed=first + number, human=web_task(name).human)
        for number, name in enumerate(chance.choices(names, k=what.items))
    )
    settings = {"agents": str(what.agents), "seed": str(what.seed), "trigger": "own"}
    return Manifest(plan=plan, policy=_policy(what), settings=settings)


# What is played and shown -------------------------------------------------------------------------


def _start(what: Foreman) -> int:
    """Start a shift, or go on with one that was cut off."""
    from harness.hub.launch import manifest_path, read_manifest  # noqa: PLC0415 - SciPy is slow
    from harness.hub.protocol import default_socket  # noqa: PLC0415 - as above
    from harness.hub.server import HubConfig  # noqa: PLC0415 - as above
    from tui.crew import Crew, shares  # noqa: PLC0415 - as above
    from tui.session import Seat, sit_down  # noqa: PLC0415 - Textual is an extra

    folder = what.run or _RUNS / time.strftime("%Y%m%d-%H%M%S")
    is_there = manifest_path(folder).exists()
    manifest = read_manifest(folder) if is_there else _planned(what)
    socket = what.socket or default_socket()
    crew = Crew(HubConfig(folder=folder, manifest=manifest, socket=socket, latch=what.latch))
    work = shares(_player(what, manifest, socket, _done_in(folder)), folder)
    with crew.ended_on_failure():
        ending = asyncio.run(sit_down(Seat(socket=socket, latch=what.latch), crew, work))
    if ending.is_over:
        crew.disband()
    return _farewell(ending)


def _join(what: Foreman) -> int:
    from tui.session import Seat, sit_down  # noqa: PLC0415 - Textual is an extra

    seat = Seat(
        socket=what.socket, latch=what.latch, is_viewer=what.view, takes_over=what.take_over
    )
    return _farewell(asyncio.run(sit_down(seat)))


def _replay(folder: Path) -> int:
    from tui.reel import Reel  # noqa: PLC0415 - SciPy is slow
    from tui.session import watch  # noqa: PLC0415 - Textual is an extra

    with err.status("reading the run"):
        reel = Reel.read(folder)
    return _farewell(asyncio.run(watch(reel)))


def _done_in(folder: Path) -> frozenset[str]:
    """Return the keys of what has ended already, in a run that goes on."""
    from harness.hub.reducer import fold  # noqa: PLC0415 - SciPy is slow
    from harness.hub.shift_log import read_shift  # noqa: PLC0415 - as above

    return frozenset(fold(read_shift(folder)).run.ended)


def _player(what: Foreman, manifest: Manifest, socket: Path, done: frozenset[str]) -> PlayerConfig:
    """Return what one worker would be started with that had all the agents and all that is left."""
    from harness.hub.playing import PlayerConfig  # noqa: PLC0415 - SciPy is slow
    from tui.crew import agent_names  # noqa: PLC0415 - as above

    return PlayerConfig(
        policy=manifest.policy,
        agents=agent_names(what.agents),
        items=tuple(each for each in manifest.plan if each.key not in done),
        seed=what.seed,
        patience_ms=round(1000 * what.patience),
        socket=str(socket),
        latch="" if what.latch is None else str(what.latch),
    )


def _farewell(ending: Ending) -> int:
    """Say where the run is, what it came to, and how to go on; 1 where the terminal broke."""
    folder = escape(str(ending.folder))
    if ending.crash is not None:
        path = ending.folder / "terminal-crash.txt"
        path.write_text("".join(traceback.format_exception(ending.crash)))
        err.print(
            f"[bold red]the terminal broke[/] ({type(ending.crash).__name__}; "
            f"{escape(str(path))}); the hub holds the agents. "
            "To go on: understudy foreman --attach"
        )
        return 1
    if not ending.is_over:
        out.print(f"the run is in {folder}")
        return 0
    from harness.run.score import score  # noqa: PLC0415 - SciPy is slow

    out.print(f"the shift is over; the run is in {folder}")
    try:
        show_scores(score(ending.folder))
    except ConfigError as error:
        out.print(escape(str(error)))
    out.print(f"to see it again: understudy foreman --replay {folder}")
    return 0
