"""A whole shift at the terminal: a person who only presses keys, and agents on real pages."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from harness.hub.events import HandedBack
from harness.hub.proposals import PickPoint
from harness.hub.reducer import fold
from harness.hub.requests import Approve, Correct, Stage, TakeOver
from harness.hub.shift_log import read_shift
from harness.measure.events import ContactKind
from harness.measure.log import read_log, verify
from harness.measure.report.findings import findings
from harness.measure.report.rows import OURS, RowName
from harness.measure.state import fold as fold_run
from harness.run.score import score
from tests.tui.foreman.apprentice import NOWHERE
from tests.tui.foreman.terminal import Terminal, command, terminal
from tests.waiting import until
from tui.chronicle import logged_so_far

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(240)]

F10 = b"\x1b[21~"
ESCAPE = b"\x1b"
_PATIENCE_S = 200.0
_ANSWER_S = 30.0
_LOOK_S = 0.05
_READ_S = 0.7
"""For which a card is read before a key counts."""


def shift(folder: Path) -> Callable[[], None]:
    """Return what runs the command on six agents and nine pages."""
    return command(
        "foreman",
        *("--policy", "tests.tui.foreman.apprentice:apprentice"),
        *("--agents", "6", "--items", "7", "--seed", "3"),
        *("--jobs", "miniwob-click-test", "miniwob-click-button", "miniwob-enter-text"),
        *("--run", str(folder / "run")),
        *("--socket", str(folder / "hub")),
        *("--latch", str(folder / "stop")),
    )


class Operator:
    """A person at a terminal: looks at it, and presses keys.

    Args:
        screen: of the terminal.
        folder: of the run, in which they look up what they have done so far.
    """

    def __init__(self, screen: Terminal, folder: Path) -> None:
        self._terminal = screen
        self._folder = folder

    def sees(self, pattern: str) -> re.Match[str] | None:
        """Return what the screen shows of something now."""
        return re.search(pattern, self._terminal.text())

    def press(self, keys: bytes) -> None:
        """Press keys, and rest, so that they are not taken for typing."""
        self._terminal.press(keys)
        time.sleep(_READ_S)

    def wait(self, pattern: str) -> None:
        """Wait until the screen shows something."""
        self._await(pattern)
        assert self.sees(pattern), f"no {pattern}:\n{self._terminal.text()}"

    def _await(self, pattern: str) -> None:
        deadline = time.monotonic() + _ANSWER_S
        while not self.sees(pattern) and time.monotonic() < deadline:
            time.sleep(_LOOK_S)

    def work(self) -> None:
        """Do what the screen asks for until nothing is left to be done, and end the shift."""
        deadline = time.monotonic() + _PATIENCE_S
        while not self.sees("all work is done"):
            assert time.monotonic() < deadline, f"still at work:\n{self._terminal.text()}"
            self._react()
        self.press(b"q")

    def _react(self) -> None:
        if self.sees("YOU HAVE"):
            self.press(b"\t")
            self.press(F10)
        elif self.sees("waits: left is how"):
            self.press(b"r")
            self.press(ESCAPE)
        elif self.sees("LOOKING AT|takeover"):
            self.press(ESCAPE)
        elif held := self.sees(r"(\d) ‖held"):
            # nobody drove for a while: a machine may be that slow
            for key in (held[1].encode(), b"r", b"r"):
                self.press(key)
        elif self.sees("x reject"):
            time.sleep(_READ_S)
            self._answer()
        elif self.sees("[0-9] ask,"):
            self.press(b"n")
            self._await("x reject|nobody asks|amid|connected anew")
        time.sleep(_LOOK_S)

    def _answer(self) -> None:
        """Give each kind of answer once, and then what is right."""
        done = self._answers()
        if self.sees(rf"wants  click \({NOWHERE.x}, {NOWHERE.y}\)"):
            keys = (b"c", b"2")
        elif TakeOver not in done:
            keys = (b"t",)
        elif PickPoint not in done:
            keys = (b"c", b"\r")
        else:
            keys = (b"y",)
        for key in keys:
            self.press(key)

    def _answers(self) -> set[type]:
        """Return the kinds of answers, and of corrections, that were carried out."""
        found = fold(logged_so_far(self._folder)).tickets.values()
        answers = [each.answer for each in found if each.stage is Stage.APPLIED]
        corrections = {type(each.correction) for each in answers if isinstance(each, Correct)}
        return {type(each) for each in answers} | corrections


@contextmanager
def crew_ended(screen: Terminal) -> Generator[None]:
    """End what a terminal started that outlives it, where a test fails."""
    try:
        yield
    except BaseException:
        for each in psutil.Process(screen.pid).children(recursive=True):
            each.terminate()
        raise


def test_a_shift_is_worked_through_by_keys_alone(tmp_path: Path) -> None:
    with terminal(shift(tmp_path), 120, 34) as screen, crew_ended(screen):
        operator = Operator(screen, tmp_path / "run")
        operator.wait("agents  +age")
        operator.work()
        until(lambda: not screen.process.is_alive(), "the end", patience_s=_PATIENCE_S)
        said = screen.text()
    assert screen.process.exitcode == 0
    folder = tmp_path / "run"
    events = list(read_shift(folder))
    found = fold(events)
    answers = {type(each.answer) for each in found.tickets.values()}
    assert {Approve, Correct, TakeOver} <= answers
    assert any(isinstance(each, HandedBack) for each in events)
    log = folder / "events-hub.jsonl"
    assert verify(log) is None
    run = fold_run(read_log(log))
    assert run.ended == found.run.ended
    assert all(each.end and each.end.is_verified for each in run.ended.values())
    kinds = {each.kind for it in run.ended.values() for each in it.contacts}
    assert {ContactKind.APPROVAL, ContactKind.CORRECTION, ContactKind.TAKEOVER} <= kinds
    scores = score(folder)
    assert not scores.unfinished
    (row,) = scores.findings.rows
    assert row.figures == findings({RowName(row=OURS): run}).rows[0].figures
    assert f"{row.figures.sums.interventions:,}" in said
    assert "the shift is over" in said
