"""When what happened to an agent, how sure it was, and the last of it in words."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from tui.chronicle import GLYPHS, Happening, Kind
from tui.plain import plain
from tui.standings import aged
from tui.widgets.lines import Lines

_SPAN_MS = 120_000
"""Of the timeline."""
_BARS = "▁▂▃▄▅▆▇█"
_LABEL_CELLS = 12
_HEAD_ROWS = 2
_STYLES = {
    Kind.ASKED: "$warning bold",
    Kind.HUMAN: "$accent bold",
    Kind.TAKEN: "$accent bold",
    Kind.HELD: "$warning",
    Kind.ENDED: "$success bold",
    Kind.STEP: "$foreground-muted",
}


class Timeline(Lines):
    """The last two minutes of one agent."""

    def show(self, happenings: Sequence[Happening], t_ms: int) -> None:
        """Draw what happened until a time of the run."""
        width, height = max(self.size.width - _LABEL_CELLS - 1, 10), max(self.size.height, 4)
        lines = [
            Content.assemble(
                plain(f"{'last 2 min':>{_LABEL_CELLS}} ", "$foreground-muted"),
                _line(happenings, t_ms, width),
            ),
            Content.assemble(
                plain(f"{'unsure':>{_LABEL_CELLS}} ", "$foreground-muted"),
                plain(doubts(happenings, width), "$warning"),
            ),
        ]
        latest = list(happenings)[-(height - _HEAD_ROWS) :]
        lines += [_words(each, t_ms) for each in reversed(latest)]
        self.say(*lines)


def doubts(happenings: Sequence[Happening], width: int) -> str:
    """Return how unsure an agent was at its last decisions, one bar each.

    >>> step = Happening(0, "a", Kind.STEP, "click", p=1.0)
    >>> doubts([step, Happening(0, "a", Kind.ASKED, "click", p=0.0)], 10)
    '▁█'
    >>> doubts([step], 0)
    ''
    """
    known = [each.p for each in happenings if each.p is not None][-max(width, 1) :]
    top = len(_BARS) - 1
    bars = "".join(_BARS[round((1 - min(max(p, 0.0), 1.0)) * top)] for p in known)
    return bars if width > 0 else ""


def _line(happenings: Sequence[Happening], t_ms: int, width: int) -> Content:
    cells = [plain("─", "$foreground-muted")] * width
    for each in happenings:
        age_ms = t_ms - each.t_ms
        if 0 <= age_ms < _SPAN_MS:
            at = width - 1 - age_ms * width // _SPAN_MS
            cells[at] = plain(GLYPHS[each.kind], _STYLES.get(each.kind, ""))
    return Content("").join(cells)


def _words(happening: Happening, t_ms: int) -> Content:
    p = "" if happening.p is None else f"  p {happening.p:.2f}"
    age = f"{aged(t_ms - happening.t_ms)} ago"
    return Content.assemble(
        plain(f"{age:>{_LABEL_CELLS}} ", "$foreground-muted"),
        plain(GLYPHS[happening.kind], _STYLES.get(happening.kind, "")),
        plain(f" {happening.words}{p}"),
    )
