"""The line that steers a recording: where it is, how fast it goes, and what lies ahead."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from textual.content import Content
from textual.message import Message

from tui.plain import plain
from tui.reel import Mark, Moment, Reel
from tui.replay import ReplayBridge
from tui.widgets.lines import Lines

STEP_MS = 10_000
"""Of one press back or forward."""
_LEAST_TRACK = 10
_SIGNS = {Mark.REQUEST: ("◐", "$warning"), Mark.DISAGREEMENT: ("✖", "$error")}


class ReplayBar(Lines):
    """Shows where a recording is, and does what is pressed to steer it."""

    class Reached(Message):
        """A jump led to a moment.

        Args:
            agent: whose moment it is.
        """

        def __init__(self, agent: str) -> None:
            super().__init__()
            self.agent = agent

    def __init__(self, bridge: ReplayBridge) -> None:
        super().__init__()
        self._replay = bridge
        self._cells: list[Content] = []
        """Of the track, but for where it stands."""

    def show(self) -> None:
        """Draw it anew."""
        replay = self._replay
        state = "▶" if replay.is_playing else "‖"
        stops = "stops at ✖" if replay.stops else "goes on at ✖"
        words = (
            f" {state} {clock(replay.t_ms)}/{clock(replay.reel.end_ms)} {replay.speed}x {stops} "
        )
        track = self.size.width - len(words) - 1
        line = plain(words, "bold")
        if track >= _LEAST_TRACK:
            line = Content.assemble(line, self._track(track))
        self.say(line)

    def press(self, key: str) -> bool:
        """Do what a key says; say whether it is one of those that steer."""
        steer = _KEYS.get(key)
        if steer is None:
            return False
        found = steer(self._replay)
        if isinstance(found, Moment):
            self.post_message(self.Reached(found.agent))
        return True

    def _track(self, width: int) -> Content:
        if len(self._cells) != width:
            self._cells = _cells(self._replay.reel, width)
        here = min(width - 1, self._replay.t_ms * width // max(1, self._replay.reel.end_ms))
        return Content("").join(
            [
                *self._cells[:here],
                plain("█", "$accent bold"),
                *self._cells[here + 1 :],
            ]
        )


def _cells(reel: Reel, width: int) -> list[Content]:
    """Return the whole recording in that many cells, a disagreement before a request."""
    whole_ms = max(1, reel.end_ms)
    marks: dict[int, Mark] = {}
    for moment in reel.moments:
        at = min(width - 1, moment.t_ms * width // whole_ms)
        if marks.get(at) is not Mark.DISAGREEMENT:
            marks[at] = moment.mark
    return [
        plain(*_SIGNS[marks[at]]) if at in marks else plain("─", "$foreground-muted")
        for at in range(width)
    ]


def clock(t_ms: float) -> str:
    """Return a time of the run.

    >>> clock(65_900), clock(3_600_000)
    ('1:05', '1:00:00')
    """
    seconds = int(t_ms) // 1000
    minutes, hours = seconds // 60 % 60, seconds // 3600
    return f"{hours}:{minutes:02}:{seconds % 60:02}" if hours else f"{minutes}:{seconds % 60:02}"


def _turn(replay: ReplayBridge) -> None:
    if replay.is_playing:
        replay.pause()
    else:
        replay.play()


def _toggle_stops(replay: ReplayBridge) -> None:
    replay.stops = not replay.stops


_KEYS: Mapping[str, Callable[[ReplayBridge], object]] = {
    "space": _turn,
    "plus": ReplayBridge.faster,
    "equals_sign": ReplayBridge.faster,
    "minus": ReplayBridge.slower,
    "left_square_bracket": lambda it: it.seek(it.t_ms - STEP_MS),
    "right_square_bracket": lambda it: it.seek(it.t_ms + STEP_MS),
    "less_than_sign": lambda it: it.seek(0),
    "greater_than_sign": lambda it: it.seek(it.reel.end_ms),
    "d": lambda it: it.jump(Mark.DISAGREEMENT),
    "a": lambda it: it.jump(Mark.REQUEST),
    "s": _toggle_stops,
}
