"""What the screens show: a shift as far as it is known, live from the hub or from a recording."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from harness.hub.client import HubClient
from harness.hub.errors import HubLostError, ProtocolError, RefusedError
from harness.hub.events import HubEvent
from harness.hub.frames import LiveFrame
from harness.hub.standing import Standing
from harness.hub.state import Shift

_PICTURES = 16
"""That are kept, of those that were looked at."""


class Access(StrEnum):
    """What the person at this terminal may do."""

    DRIVER = "driver"
    VIEWER = "viewer"
    REPLAY = "replay"
    LOST = "lost"
    """Nothing: the hub is gone, or sent this terminal away."""


class Bridge(Protocol):
    """What the screens show: a shift as far as it is known, live or replayed."""

    @property
    def shift(self) -> Shift:
        """The shift so far."""
        ...

    @property
    def t_ms(self) -> int:
        """Time of the run now."""
        ...

    @property
    def link_ms(self) -> float | None:
        """Since the hub was last heard; None in a replay."""
        ...

    @property
    def access(self) -> Access:
        """What may be done here."""
        ...

    def frame(self, agent: str) -> LiveFrame | None:
        """Return what an agent's screen shows; None if nothing."""
        ...

    def frame_age_ms(self, agent: str) -> float | None:
        """Return how old that is; None if there is nothing."""
        ...

    def standing(self, agent: str) -> Standing:
        """Return how to show an agent."""
        ...

    def picture(self, hash: str) -> NDArray[np.uint8] | None:  # noqa: A002 - that is what it is
        """Return the picture of a frame, (H, W, 3) RGB; None if it is not there."""
        ...

    def listen(self, callback: Callable[[HubEvent], None]) -> None:
        """Call somebody with each event from now on, after it was applied."""
        ...

    @property
    def folder(self) -> Path:
        """Of the run."""
        ...


def is_work_done(shift: Shift) -> bool:
    """Say whether all that was planned has ended."""
    plan = shift.manifest.plan if shift.manifest else ()
    ended = shift.run.ended
    return bool(plan) and len(ended) >= len(plan) and all(each.key in ended for each in plan)


def doubtful_ms(bridge: Bridge, agent: str) -> float | None:
    """Return the age for which what an agent's screen shows may be hidden.

    None in a recording, whose pictures are old and true.
    """
    return None if bridge.link_ms is None else bridge.frame_age_ms(agent)


class LiveBridge:
    """A live shift, through a connection that can be made anew.

    Args:
        client: that is connected.
        access: DRIVER or VIEWER, as it was connected.
        socket: of the hub; the user's own if not said.
    """

    def __init__(self, client: HubClient, access: Access, socket: Path | None = None) -> None:
        self.client = client
        self._access = access
        self._socket = socket
        self._listeners: list[Callable[[HubEvent], None]] = []
        self._pictures: dict[str, NDArray[np.uint8]] = {}
        """The last ones that were looked at, by their hashes."""

    @classmethod
    async def attach(
        cls, name: str, *, is_viewer: bool = False, takes_over: bool = False, socket: Path | None
    ) -> LiveBridge:
        """Return a bridge to the hub that listens there.

        Raises:
            HubLostError: no hub is there.
            RefusedError: somebody else drives.
        """
        if is_viewer:
            return cls(await HubClient.view(name, path=socket), Access.VIEWER, socket)
        client = await HubClient.drive(name, takes_over=takes_over, path=socket)
        return cls(client, Access.DRIVER, socket)

    async def reattach(self, name: str) -> None:
        """Connect again, after the connection was lost; whoever listened goes on to.

        Raises:
            HubLostError: no hub is there.
            RefusedError: somebody else drives.
        """
        is_viewer = self._access is Access.VIEWER
        fresh = await LiveBridge.attach(name, is_viewer=is_viewer, socket=self._socket)
        stale, self.client = self.client, fresh.client
        for each in self._listeners:
            self.client.listen(each)
        await stale.close()

    async def close(self) -> None:
        """Hang up; if this drove, all agents are held."""
        await self.client.close()

    @property
    def shift(self) -> Shift:
        """The shift so far."""
        return self.client.shift

    @property
    def t_ms(self) -> int:
        """Time of the run now."""
        return self.client.t_ms

    @property
    def link_ms(self) -> float | None:
        """Since the hub was last heard."""
        return float(self.client.hub_age_ms)

    @property
    def access(self) -> Access:
        """What may be done here."""
        return self._access if self.client.failure is None else Access.LOST

    @property
    def orders(self) -> HubClient:
        """Where orders go."""
        return self.client

    @property
    def failure(self) -> HubLostError | RefusedError | ProtocolError | None:
        """Why the connection is gone; None while it is there."""
        return self.client.failure

    def frame(self, agent: str) -> LiveFrame | None:
        """Return what an agent's screen shows; None if nothing."""
        return self.client.frame(agent)

    def frame_age_ms(self, agent: str) -> float | None:
        """Return how old that is; None if there is nothing."""
        return self.client.frame_age_ms(agent)

    def standing(self, agent: str) -> Standing:
        """Return how to show an agent; nobody knows while the connection is gone."""
        return self.client.standing(agent) if self.client.failure is None else Standing.STALE

    def picture(self, hash: str) -> NDArray[np.uint8] | None:  # noqa: A002 - as in the protocol
        """Return the picture of a frame, (H, W, 3) RGB; None if it is missing or damaged."""
        found = self._pictures.get(hash)
        if found is None:
            try:
                found = self._pictures[hash] = self.client.pictures.pixels(hash)
            except ProtocolError:
                return None
            if len(self._pictures) > _PICTURES:
                del self._pictures[next(iter(self._pictures))]
        return found

    def listen(self, callback: Callable[[HubEvent], None]) -> None:
        """Call somebody with each event from now on, also after a new connection."""
        self._listeners.append(callback)
        self.client.listen(callback)

    @property
    def folder(self) -> Path:
        """Of the run."""
        return self.client.folder
