"""What takes two presses: the second counts only from somebody who read what the first one said."""

from __future__ import annotations

from dataclasses import dataclass

from harness.hub.arming import QUIET_MS

READ_MS = 600
"""Time to read the question."""
FORGET_MS = 10_000


@dataclass(slots=True)
class Confirm:
    """The question that is open, if one is."""

    subject: str = ""
    since_ms: int = 0
    n_keys: int = 0
    """Pressed since."""

    def pressed(self) -> None:
        """Note a key, whatever it is for."""
        self.n_keys += 1

    def again(self, subject: str, now_ms: int, rest_ms: int) -> bool:
        """Say whether this is the second press for a subject; otherwise it is the first.

        A second press that comes too early to have read the question, or after another key, begins
        anew; one amid other keys is typing, and does not even begin.

        Args:
            subject: of the question.
            now_ms: when the key was pressed.
            rest_ms: for how long no other key was before it.
        """
        waited_ms, n_keys = now_ms - self.since_ms, self.n_keys
        is_next = self.subject == subject and n_keys == 1
        is_second = is_next and READ_MS <= waited_ms <= FORGET_MS
        is_typing = rest_ms < QUIET_MS
        self.subject = "" if is_second or is_typing else subject
        self.since_ms, self.n_keys = now_ms, 0
        return is_second and not is_typing
