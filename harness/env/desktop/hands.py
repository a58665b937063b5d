"""Hands that act on a display only while it is as it should be."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager

from harness.actions import points_of
from recorder.desktop.actor import DesktopActor
from recorder.desktop.keys import keysym_of, symbol_number
from recorder.desktop.x11 import Connection
from recorder.schema import Action

_MEANINGLESS = "ISO_Level3_Shift"


class GuardedHands(DesktopActor):
    """An actor that can look and act in one moment, in which no other program does anything."""

    @property
    def connection(self) -> Connection:
        """The one that it acts by; others are not heard while the display stands still."""
        return self._connection

    @contextmanager
    def stillness(self) -> Generator[None]:
        """Have the X server carry out nothing but what comes from here.

        So no window opens, moves, closes or takes the focus between a look and what is done after.
        """
        self._connection.grab_server()
        try:
            yield
        finally:
            self._connection.ungrab_server()
            self._connection.flush()

    def perform_if(self, action: Action, objection: Callable[[], str]) -> str:
        """Do an action if nothing speaks against it at that very moment; return what does.

        Args:
            action: what is done; a text must not need keys that the keyboard lacks.
            objection: asked with the display standing still; empty where nothing is amiss.
        """
        with self.stillness():
            found = objection()
            if not found:
                with self._past_window_manager(action):
                    self.perform(action)
        return found

    @contextmanager
    def _past_window_manager(self, action: Action) -> Generator[None]:
        """Hold a key that neither window managers nor apps know a meaning of with a click.

        Some window managers intercept each plain click, to see whether it goes to another window,
        and let it go later, to whatever is there by then.
        """
        found = self._keymap.find(symbol_number(_MEANINGLESS))
        if found is None or not points_of(action):
            yield
            return
        self._key(found[0], down=True)
        try:
            yield
        finally:
            self._key(found[0], down=False)

    def has_keys_for(self, text: str) -> bool:
        """Say whether the keyboard has a key for each character: others take a moment to lend."""
        return all(self._keymap.find(keysym_of(each)) is not None for each in text)
