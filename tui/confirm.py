"""What takes two presses: the second counts only from somebody who read what the first one said."""

from __future__ import annotations

from dataclasses import dataclass

READ_MS = 600
"""Time to read the question."""
FORGET_MS = 10_000


@dataclass(slots=True)
class Confirm:
    """The question that is open, if one is."""

    subject: str = ""
    since_ms: int = 0

    def again(self, subject: str, now_ms: int) -> bool:
        """Say whether this is the second press for a subject; otherwise it is the first.

        A second press that comes too early to have read the question begins anew.
        """
        waited_ms = now_ms - self.since_ms
        is_second = self.subject == subject and READ_MS <= waited_ms <= FORGET_MS
        self.subject, self.since_ms = ("", 0) if is_second else (subject, now_ms)
        return is_second

    def drop(self) -> None:
        """Forget the question: another key was pressed."""
        self.subject = ""
