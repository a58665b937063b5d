"""The processes behind a shift that was started here: the hub, and workers that play."""

from __future__ import annotations

import subprocess
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.hub.errors import HubLostError
from harness.hub.launch import start_hub, start_player
from harness.hub.playing import PlayerConfig
from harness.hub.server import HubConfig
from harness.hub.untrusted import shown
from harness.latch import Latch

AGENTS_A_WORKER = 8
"""Pages of one browser, decided for by one process."""
_LAST_WORDS = 160
_PATIENCE_S = 20.0


def agent_names(n_agents: int) -> tuple[str, ...]:
    """Return the names of the agents of a shift."""
    return tuple(f"agent-{number}" for number in range(1, n_agents + 1))


@dataclass(frozen=True, slots=True)
class Share:
    """What one worker is given."""

    config: PlayerConfig
    said: Path
    """File for what it says."""


def shares(config: PlayerConfig, folder: Path) -> list[Share]:
    """Return what each worker is given of the agents and the work of all.

    Args:
        config: of a worker that had it all.
        folder: of the run.
    """
    n_workers = -(-len(config.agents) // AGENTS_A_WORKER)
    return [
        Share(
            PlayerConfig(
                policy=config.policy,
                agents=config.agents[number::n_workers],
                items=config.items[number::n_workers],
                seed=config.seed,
                patience_ms=config.patience_ms,
                socket=config.socket,
                latch=config.latch,
            ),
            folder / f"worker-{number + 1}.txt",
        )
        for number in range(n_workers)
    ]


class Crew:
    """A hub that listens, and the workers that were given to it.

    Args:
        config: of the hub, which is started.

    Raises:
        HubLostError: it did not come up, and why.
    """

    def __init__(self, config: HubConfig) -> None:
        config.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        said = config.folder / "hub.txt"
        try:
            self._hub = start_hub(config, said=said)
        except HubLostError as error:
            raise HubLostError(f"{error}: {_last_words(said)}") from error
        self._latch = config.latch
        self._workers: list[tuple[Share, subprocess.Popen[bytes]]] = []
        self._told: set[int] = set()

    def employ(self, work: Sequence[Share]) -> None:
        """Start the workers; somebody has to drive by then."""
        for share in work:
            self._workers.append((share, start_player(share.config, said=share.said)))

    def news(self) -> str:
        """Return a sentence about a process that ended before its work was done; once for each."""
        if self._hub.poll() is not None and self._hub.pid not in self._told:
            self._told.add(self._hub.pid)
            return "the hub has ended; agents stand still"
        for share, process in self._workers:
            if process.poll() and process.pid not in self._told:
                self._told.add(process.pid)
                agents = ", ".join(share.config.agents)
                return f"the worker of {agents} has ended: {_last_words(share.said)}"
        return ""

    @contextmanager
    def ended_on_failure(self) -> Generator[None]:
        """End all of them where a shift does not come about; who only left finds them held."""
        try:
            yield
        except BaseException:
            self.end()
            raise

    def wait(self) -> None:
        """Wait until all have ended in order, as they do when a shift is over; end who does not."""
        for process in (self._hub, *(each for _, each in self._workers)):
            try:
                process.wait(_PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def disband(self) -> None:
        """Wait until all have ended, and let others have the names of the agents.

        Each agent was stopped by its name when the shift ended; it cannot act any more in any case.
        """
        self.wait()
        with Latch(self._latch) as latch:
            for share, _ in self._workers:
                for name in share.config.agents:
                    latch.release(name)

    def end(self) -> None:
        """End all of them."""
        for process in (*(each for _, each in self._workers), self._hub):
            process.terminate()
        self.wait()


def _last_words(said: Path) -> str:
    try:
        lines = said.read_text(errors="replace").split("\n")
    except OSError:
        lines = []
    last = next((each for each in reversed(lines) if each.strip()), "it said nothing")
    return shown(last, _LAST_WORDS).text
