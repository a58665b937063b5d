"""What a person orders: through the hub where they drive, and nowhere where they only look on."""

from __future__ import annotations

from typing import NoReturn, Protocol

from harness.hub.errors import RefusedError
from harness.hub.messages import Card
from harness.hub.requests import Answer, RequestMark
from recorder.schema import Action


class Orders(Protocol):
    """The orders of `harness.hub.client.HubClient`.

    Raises:
        RefusedError: from each of them: the hub says no, and why.
        HubLostError: likewise: nobody is there to say anything.
    """

    def beat(self) -> None:
        """Give a sign of life."""
        ...

    async def look(self, request: str) -> Card:
        """Put a request in front of the person."""
        ...

    async def look_away(self, request: str) -> None:
        """Take it away again."""
        ...

    async def decide(
        self,
        card: Card,
        answer: Answer,
        *,
        quiet_ms: int,
        focused_ms: int,
        digit: int | None = None,
    ) -> None:
        """Answer the request on a card."""
        ...

    async def mark_request(self, request: str, mark: RequestMark) -> None:
        """Label a request."""
        ...

    async def mark_moment(self, agent: str, mark: RequestMark) -> None:
        """Label what an agent does now."""
        ...

    async def hold(self, agent: str) -> None:
        """Stop one agent."""
        ...

    async def resume(self, agent: str) -> None:
        """Let one agent go on."""
        ...

    async def stop_all(self) -> None:
        """Set the latch through the hub."""
        ...

    async def release_latch(self) -> None:
        """Unset the latch; each agent stays held until it is resumed."""
        ...

    async def take_over(self, agent: str) -> None:
        """Take the controls of an agent."""
        ...

    async def act(self, agent: str, action: Action) -> None:
        """Do something with them."""
        ...

    async def hand_back(self, agent: str) -> None:
        """Let go of them."""
        ...

    async def close_shift(self) -> None:
        """End the shift."""
        ...


class NoOrders:
    """Refuses every order.

    Args:
        why: a sentence for the person, such as "this is a replay; nothing can be ordered".
    """

    def __init__(self, why: str) -> None:
        self._why = why

    def beat(self) -> None:
        """Nobody waits for a sign of life."""

    async def look(self, request: str) -> Card:
        """Refuse."""
        self._refuse()

    async def look_away(self, request: str) -> None:
        """Refuse."""
        self._refuse()

    async def decide(
        self,
        card: Card,
        answer: Answer,
        *,
        quiet_ms: int,
        focused_ms: int,
        digit: int | None = None,
    ) -> None:
        """Refuse."""
        self._refuse()

    async def mark_request(self, request: str, mark: RequestMark) -> None:
        """Refuse."""
        self._refuse()

    async def mark_moment(self, agent: str, mark: RequestMark) -> None:
        """Refuse."""
        self._refuse()

    async def hold(self, agent: str) -> None:
        """Refuse."""
        self._refuse()

    async def resume(self, agent: str) -> None:
        """Refuse."""
        self._refuse()

    async def stop_all(self) -> None:
        """Refuse."""
        self._refuse()

    async def release_latch(self) -> None:
        """Refuse."""
        self._refuse()

    async def take_over(self, agent: str) -> None:
        """Refuse."""
        self._refuse()

    async def act(self, agent: str, action: Action) -> None:
        """Refuse."""
        self._refuse()

    async def hand_back(self, agent: str) -> None:
        """Refuse."""
        self._refuse()

    async def close_shift(self) -> None:
        """Refuse."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise RefusedError(self._why)
