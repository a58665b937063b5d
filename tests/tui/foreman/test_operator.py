"""A whole shift at the terminal: a person who only presses keys, and agents on real pages."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.hub.events import HandedBack, TookOver
from harness.hub.reducer import fold
from harness.hub.requests import Approve, Correct, Reject, Stage
from harness.hub.shift_log import read_shift
from harness.measure.events import ContactKind
from harness.measure.log import read_log, verify
from harness.measure.state import fold as fold_run
from harness.run.score import score
from tests.tui.foreman.apprentice import NOWHERE
from tests.tui.foreman.terminal import Terminal, terminal
from tests.waiting import until
from tui.cli import main

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(240)]

F10 = b"\x1b[21~"
ESCAPE = b"\x1b"
_PATIENCE_S = 120.0
_READ_S = 0.7
"""For which a card is read before a key counts."""


def shift(folder: Path) -> Callable[[], None]:
    """Return what runs the command on six agents and nine pages."""
    arguments = [
        "foreman",
        *("--policy", "tests.tui.foreman.apprentice:apprentice"),
        *("--agents", "6", "--items", "9", "--seed", "3"),
        *("--jobs", "miniwob-click-test", "miniwob-click-button", "miniwob-enter-text"),
        *("--run", str(folder / "run")),
        *("--socket", str(folder / "hub")),
        *("--latch", str(folder / "stop")),
    ]
    return lambda: sys.exit(main(arguments))


class Operator:
    """A person at a terminal: looks at it, and presses keys.

    Args:
        screen: of the terminal.
    """

    def __init__(self, screen: Terminal) -> None:
        self._terminal = screen
        self.did: list[str] = []

    def sees(self, pattern: str) -> bool:
        """Say whether the screen shows something now."""
        return re.search(pattern, self._terminal.text()) is not None

    def press(self, keys: bytes) -> None:
        """Press keys, and rest, so that they are not taken for typing."""
        self._terminal.press(keys)
        time.sleep(_READ_S)

    def wait(self, pattern: str) -> None:
        """Wait until the screen shows something."""
        until(
            lambda: self.sees(pattern),
            f"{pattern} on the screen:\n{self._terminal.text()}",
            patience_s=_PATIENCE_S,
        )

    def turn_to_request(self) -> None:
        """Give the keys to a card, and read it."""
        self.press(b"n")
        self.wait("approve")
        time.sleep(_READ_S)

    def help_somebody(self) -> None:
        """Answer what is asked: each kind of answer once, then whatever is right."""
        self.turn_to_request()
        is_wrong = self.sees(re.escape(f"click ({NOWHERE.x}, {NOWHERE.y}) p"))
        if "hand back" not in self.did:
            self.take_over_and_hand_back()
        elif is_wrong:
            self.press(b"c")
            self.press(b"2")
            self.did.append("correct")
        elif "pick" not in self.did:
            self.press(b"c")
            self.press(b"\r")
            self.did.append("pick")
        else:
            self.press(b"y")
            self.did.append("approve")
        self.wait("nothing to decide|no request|n gives")

    def take_over_and_hand_back(self) -> None:
        """Take the controls, press a key on the page, hand back and let the agent go on."""
        self.press(b"t")
        self.wait("YOU HAVE")
        self.press(b"\t")
        self.press(F10)
        self.wait("waits: left is how")
        self.press(b"r")
        self.press(ESCAPE)
        self.wait("agents  +age")
        self.did.append("hand back")

    def work(self) -> None:
        """Help until nothing is left to be done, and end the shift."""
        while not self.sees("all work is done"):
            if self.sees("[0-9] ask,"):
                self.help_somebody()
            time.sleep(0.1)
        self.press(b"q")


def test_a_shift_is_worked_through_by_keys_alone(tmp_path: Path) -> None:
    with terminal(shift(tmp_path), 120, 34) as screen:
        operator = Operator(screen)
        operator.wait("[0-9] ask,")
        operator.work()
        until(lambda: not screen.process.is_alive(), "the end", patience_s=_PATIENCE_S)
        said = screen.text()
    assert screen.process.exitcode == 0
    folder = tmp_path / "run"
    assert f"understudy foreman --replay {folder}"[:40] in said.replace("\n", "")
    assert {"hand back", "approve", "pick"} <= set(operator.did)
    events = list(read_shift(folder))
    found = fold(events)
    answers = {type(each.answer) for each in found.tickets.values()}
    assert {Approve, Correct} <= answers
    assert Reject not in answers
    assert sum(isinstance(each, TookOver) for each in events) <= 1
    assert sum(isinstance(each, HandedBack) for each in events) == 1
    assert all(
        each.stage in (Stage.APPLIED, Stage.SUPERSEDED, Stage.WITHDRAWN, Stage.DROPPED)
        for each in found.tickets.values()
    )
    log = folder / "events-hub.jsonl"
    assert verify(log) is None
    run = fold_run(read_log(log))
    assert run.ended == found.run.ended
    kinds = {each.kind for it in run.ended.values() for each in it.contacts}
    assert {ContactKind.APPROVAL, ContactKind.CORRECTION, ContactKind.TAKEOVER} <= kinds
    scores = score(folder)
    assert not scores.unfinished
    (row,) = scores.findings.rows
    assert str(row.figures.sums.interventions) in said
