"""What a person's hands were doing before they answered, so that no answer is an accident."""

from __future__ import annotations

_LONG_MS = 3_600_000
"""What counts as for ever where nothing was pressed yet."""


class Hands:
    """Times of keys, and of the terminal's focus, in ms of the monotonic clock.

    Args:
        now_ms: from when on the terminal is taken to have the focus.
    """

    def __init__(self, now_ms: int) -> None:
        self.key_ms = now_ms
        """When a key was pressed last."""
        self._focused_ms: int | None = now_ms
        self._other_ms: int | None = None
        self._before_ms: int | None = None

    def pressed(self, key_ms: int) -> None:
        """Note a key: it was meant for something else, until somebody says that it was not."""
        self.key_ms = key_ms
        self._before_ms, self._other_ms = self._other_ms, key_ms
        if self._focused_ms is None:
            # a terminal that does not tell of its focus has it: a key came from it
            self._focused_ms = key_ms

    def own(self) -> None:
        """Take the last key for a part of an answer."""
        self._other_ms = self._before_ms

    @property
    def rest_ms(self) -> int:
        """For how long, before the last key, no other key was meant for something else."""
        return _LONG_MS if self._before_ms is None else self.key_ms - self._before_ms

    @property
    def quiet_ms(self) -> int:
        """For how long, up to the last key, no key was meant for something else."""
        return _LONG_MS if self._other_ms is None else self.key_ms - self._other_ms

    @property
    def is_away(self) -> bool:
        """The terminal does not have the focus."""
        return self._focused_ms is None

    @property
    def focused_ms(self) -> int:
        """For how long it had it when the last key came."""
        return 0 if self._focused_ms is None else self.key_ms - self._focused_ms

    def focus(self, now_ms: int) -> None:
        """Note that the terminal got the focus."""
        self._focused_ms = now_ms

    def blur(self) -> None:
        """Note that it lost it."""
        self._focused_ms = None
