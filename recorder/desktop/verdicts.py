"""What was known of the keyboard focus from when on, and to which keys it applies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from recorder.desktop.accessibility import Ref, Widget
from recorder.desktop.desk import Active
from recorder.gate import Secrecy

_MOVER_NS = 1_000_000_000  # a focus change within this time of a click or Tab came from that


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of the keyboard focus at one moment."""

    secrecy: Secrecy
    reason: str = ""
    window: Active | None = None
    widget: Widget | None = None

    @property
    def place(self) -> tuple[int, Ref | None, Secrecy, str]:
        """Return what makes it another verdict, rather than the same one seen again."""
        window = self.window.owner.window if self.window else 0
        return window, self.widget.ref if self.widget else None, self.secrecy, self.reason


@dataclass(frozen=True, slots=True)
class Change:
    """From when on a verdict holds."""

    at_ns: int
    verdict: Verdict
    doubt_ns: int
    """When the verdict before was last asked for and still true; news of a change is late."""


@dataclass(frozen=True, slots=True)
class Span:
    """The verdict on the keys pressed before a moment and after the span before."""

    verdict: Verdict
    windows: tuple[Active, ...]
    """Which may show what was typed."""
    before_ns: int


def spans(
    changes: Sequence[Change], before_ns: int, moved_focus: Callable[[int], int | None]
) -> list[Span]:
    """Return what is known of the keys pressed before a moment, oldest first.

    Args:
        changes: in order of time.
        before_ns: keys pressed later are not judged yet.
        moved_focus: returns when a click or key that may move the focus was last made.
    """
    found: list[Span] = []
    for number, change in enumerate(changes):
        after = changes[number + 1] if number + 1 < len(changes) else None
        end_ns = before_ns if after is None else _begins_ns(change, after, moved_focus)
        # text may have come before the first word of its window
        known = (each.verdict.window for each in changes[number:] if each.verdict.window)
        windows = tuple(window for window in [next(known, None)] if window)
        if after and after.verdict.window and after.verdict.secrecy is Secrecy.UNKNOWN:
            found.append(Span(change.verdict, windows, min(after.doubt_ns, end_ns, before_ns)))
            windows = (*windows, after.verdict.window)
        found.append(Span(change.verdict, windows, min(end_ns, before_ns)))
    return found


def _begins_ns(before: Change, change: Change, moved_focus: Callable[[int], int | None]) -> int:
    """Return from when on a verdict holds for keys.

    When the focus leaves a public field, keys pressed before the click or Tab that moved it still
    went there; when nothing of the kind moved it, any key not settled yet may have gone to the new
    place.
    """
    if change.verdict.secrecy is Secrecy.PUBLIC:
        return change.at_ns
    if before.verdict.secrecy is not Secrecy.PUBLIC:
        return change.at_ns
    moved_ns = moved_focus(change.at_ns)
    if moved_ns is not None and change.at_ns - moved_ns < _MOVER_NS:
        return moved_ns
    return before.at_ns
