"""The line that steers a recording: where it is, how fast it goes, and what lies ahead."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from textual.content import Content
from textual.widgets import Static

from tui.plain import plain
from tui.reel import Mark
from tui.replay import ReplayBridge

STEP_MS = 10_000
"""Of one press back or forward."""
_LEAST_TRACK = 10
_GLYPHS = {Mark.REQUEST: "◐", Mark.DISAGREEMENT: "✖"}


class ReplayBar(Static):
    """Shows where a recording is, and does what is pressed to steer it."""

    def __init__(self, bridge: ReplayBridge) -> None:
        super().__init__(markup=False)
        self._replay = bridge

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
        self.update(line)

    def press(self, key: str) -> bool:
        """Do what a key says; say whether it is one of those that steer."""
        steer = _KEYS.get(key)
        if steer is None:
            return False
        steer(self._replay)
        return True

    def _track(self, width: int) -> Content:
        reel = self._replay.reel
        whole_ms = max(1, reel.end_ms)
        cells = [("─", "$foreground-muted")] * width
        for moment in reel.moments:
            at = min(width - 1, moment.t_ms * width // whole_ms)
            if cells[at][0] != _GLYPHS[Mark.DISAGREEMENT]:
                style = "$error" if moment.mark is Mark.DISAGREEMENT else "$warning"
                cells[at] = _GLYPHS[moment.mark], style
        here = min(width - 1, int(self._replay.t_ms) * width // whole_ms)
        cells[here] = "█", "$accent bold"
        return Content("").join([plain(*each) for each in cells])


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
