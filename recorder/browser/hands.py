"""What acts on a page: a mouse and a keyboard, as Playwright's pages have them."""

from __future__ import annotations

from typing import Literal, Protocol, TypeAlias

MouseButton: TypeAlias = Literal["left", "middle", "right"]


class Mouse(Protocol):
    """A mouse over one page, as Playwright's."""

    async def move(self, x: float, y: float) -> None:
        """Move to a place, in px."""
        ...

    async def down(self, *, button: MouseButton, click_count: int) -> None:
        """Press a button."""
        ...

    async def up(self, *, button: MouseButton, click_count: int) -> None:
        """Release a button."""
        ...

    async def wheel(self, delta_x: float, delta_y: float) -> None:
        """Turn the wheel, by px."""
        ...


class Keyboard(Protocol):
    """A keyboard for one page, as Playwright's."""

    async def down(self, key: str) -> None:
        """Press a key, by its DOM `key`."""
        ...

    async def up(self, key: str) -> None:
        """Release a key."""
        ...

    async def insert_text(self, text: str) -> None:
        """Write what no key gives."""
        ...


class Hands(Protocol):
    """A mouse and a keyboard over one page; a page of Playwright's is such a thing."""

    @property
    def mouse(self) -> Mouse:
        """Its mouse."""
        ...

    @property
    def keyboard(self) -> Keyboard:
        """Its keyboard."""
        ...
