"""Who records what is missing of a plan: pages here, or on the machines of a cluster."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Protocol

from harness.demonstrate.plan import Unit
from harness.demonstrate.takes import Take, list_recording
from harness.errors import InfrastructureError

Told = Callable[[Take], object]

_ATTEMPTS = 3
_WAITING_S = 0.2


class Recorder(Protocol):
    """Makes recordings, one at a time."""

    async def record(self, name: str, waiting: deque[Unit]) -> list[Unit]:
        """Take units from those that wait, and leave a closed recording of them in the folder.

        Returns:
            What was played.

        Raises:
            RecorderLostError: it is gone, and what it had taken waits again.
        """
        ...


class RecorderLostError(InfrastructureError):
    """Raised when whoever recorded is gone, with the machine it was on."""


class Crew:
    """Has units recorded until none waits.

    Args:
        folder: of the demonstrations.
        units: to be recorded.
        told: called with each take.
    """

    def __init__(self, folder: Path, units: Iterable[Unit], told: Told) -> None:
        self.lost: list[Unit] = []
        self._folder = folder
        self._waiting = deque(units)
        self._told = told
        self._attempts: Counter[Unit] = Counter()
        self._names = free_names(folder)
        self._busy = 0

    async def work(self, recorders: Sequence[Recorder]) -> None:
        """Record everything, with each recorder at its own pace."""
        group = [asyncio.create_task(self._record_all(each)) for each in recorders]
        try:
            await asyncio.gather(*group)
        finally:
            for task in group:
                task.cancel()
            await asyncio.gather(*group, return_exceptions=True)
        self.lost += self._waiting  # nobody is left to record them

    async def _record_all(self, recorder: Recorder) -> None:
        while self._waiting or self._busy:
            if not self._waiting:  # what others have in hand may come back
                await asyncio.sleep(_WAITING_S)
                continue
            self._busy += 1
            try:
                await self._record(recorder)
            except RecorderLostError:
                return
            finally:
                self._busy -= 1

    async def _record(self, recorder: Recorder) -> None:
        name = next(self._names)
        played = await recorder.record(name, self._waiting)
        takes = await asyncio.to_thread(list_recording, self._folder, name)
        for take in takes:
            self._told(take)
        sound = {take.unit for take in takes}
        for unit in played:
            if unit not in sound:
                self._try_again(unit)

    def _try_again(self, unit: Unit) -> None:
        self._attempts[unit] += 1
        is_lost = self._attempts[unit] >= _ATTEMPTS
        (self.lost if is_lost else self._waiting).append(unit)


def free_names(folder: Path) -> Iterator[str]:
    """Yield names for new recordings."""
    taken = {path.name for path in (folder / "recordings").iterdir()}
    return (name for number in count(1) if (name := f"{number:04}") not in taken)
