"""Recording on the machines of a Ray cluster: each recording is made there and kept here."""

from __future__ import annotations

import shutil
from collections import deque
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from harness.cluster import actors, load_ray
from harness.demonstrate.browser import RecordableChromium, RecordableTab
from harness.demonstrate.crew import Crew, RecorderLostError
from harness.demonstrate.pages import EPISODES_A_RECORDING, PageRecorder
from harness.demonstrate.plan import Plan, Unit
from harness.env.browsers import Browsers
from harness.errors import InfrastructureError

_PAGES = 2
"""Side by side in a browser; a page waits for itself half of the time."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recording on its way."""

    played: tuple[Unit, ...]
    files: dict[str, bytes]
    """By their paths in the recording."""


class Studio:
    """A browser in which units are recorded, wherever Ray puts it; an asynchronous actor."""

    def __init__(self) -> None:
        self._place = TemporaryDirectory(prefix="understudy-studio-")
        self._stack = AsyncExitStack()
        self._browsers: Browsers[RecordableTab] | None = None

    async def record(self, name: str, plan: Plan, units: tuple[Unit, ...]) -> Recorded | str:
        """Return a recording of some units, or what went wrong."""
        folder = Path(self._place.name)
        recording = folder / "recordings" / name
        try:
            if self._browsers is None:
                self._browsers = Browsers(RecordableChromium.start)
                await self._stack.enter_async_context(self._browsers)
            played = await PageRecorder(folder, plan, self._browsers).record(name, deque(units))
            return Recorded(tuple(played), _files(recording))
        except InfrastructureError as error:
            return str(error)
        finally:
            shutil.rmtree(recording, ignore_errors=True)


class ClusterRecorder:
    """A studio as the head sees it."""

    def __init__(self, folder: Path, plan: Plan, studio: Any, pages: int) -> None:
        self._folder = folder
        self._plan = plan
        self._studio = studio
        self._pages = pages
        """That share what waits."""

    async def record(self, name: str, waiting: deque[Unit]) -> list[Unit]:
        """Have units recorded, and keep the recording.

        Raises:
            RecorderLostError: the studio is gone; what it had waits again.
            InfrastructureError: there is no browser where it is.
        """
        share = min(EPISODES_A_RECORDING, -(-len(waiting) // self._pages))
        units = [waiting.popleft() for _ in range(share)]
        try:
            recorded = await self._studio.record.remote(name, self._plan, tuple(units))
        except load_ray().exceptions.RayActorError as error:
            waiting.extendleft(reversed(units))
            raise RecorderLostError(str(error).strip().splitlines()[0]) from error
        if isinstance(recorded, str):
            raise InfrastructureError(f"a machine of the cluster cannot record: {recorded}")
        for path, body in recorded.files.items():
            place = self._folder / "recordings" / name / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(body)
        waiting.extendleft(unit for unit in reversed(units) if unit not in recorded.played)
        return [*recorded.played]


async def work(folder: Path, plan: Plan, crew: Crew, workers: int) -> None:
    """Have a crew's units recorded by so many pages, on as many machines as there are.

    Raises:
        ConfigError: Ray is not installed, or the cluster has no room.
        InfrastructureError: there is no browser on one of its machines.
    """
    async with actors(Studio, -(-workers // _PAGES)) as studios:
        pages = [studio for _ in range(_PAGES) for studio in studios][:workers]
        await crew.work([ClusterRecorder(folder, plan, each, workers) for each in pages])


def _files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
