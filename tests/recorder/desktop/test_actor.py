"""The actor: what it does, and that nobody takes it for a person."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from recorder.desktop.actor import DesktopActor
from recorder.desktop.viewport import Viewport
from recorder.desktop.xvfb import VirtualDisplay
from recorder.errors import ConfigError
from recorder.ledger import Ledger
from recorder.schema import (
    Action,
    Ask,
    Click,
    Controller,
    Done,
    Drag,
    Key,
    KeyChord,
    Move,
    PointerButton,
    PointerMove,
    Scroll,
    ScrollBy,
    TypeText,
    Wait,
)
from tests.recorder.desktop.stage import acts, injector, listening, of
from tests.soak import repeats

pytestmark = pytest.mark.display

HUMAN_X = range(10, 300)
SCRIPT_X = range(400, 700)
PRESS, RELEASE, MOTION = 4, 5, 6


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def actor(bare: VirtualDisplay, ledger: Ledger) -> Iterator[DesktopActor]:
    acting = DesktopActor(bare.name, ledger, Controller.SCRIPT, "job-7")
    yield acting
    acting.close()


@pytest.mark.slow
def test_human_and_script_clicks_are_told_apart(
    bare: VirtualDisplay, ledger: Ledger, actor: DesktopActor
) -> None:
    rng = random.Random(4)
    pairs = repeats(150, 3000)
    turn = threading.Lock()

    def click_as_human() -> None:
        with injector(bare) as inject:
            for _ in range(pairs):
                with turn:  # the server ignores a press of a button that is down already
                    inject(MOTION, x=rng.choice(HUMAN_X), y=50)
                    inject(PRESS, 1)
                    inject(RELEASE, 1)

    with listening(bare, ledger) as got:
        human = threading.Thread(target=click_as_human)
        human.start()
        for _ in range(pairs):
            with turn:
                actor.perform(Click(x=rng.choice(SCRIPT_X), y=400))
        human.join()
    presses = [event for event in of(PointerButton, got) if event.down]
    by = [event.controller for event in presses]
    assert (by.count(Controller.HUMAN), by.count(Controller.SCRIPT)) == (pairs, pairs)
    assert {event.agent for event in got if event.controller is Controller.SCRIPT} == {"job-7"}
    # a motion's place tells who made it, without asking the recorder
    for move in of(PointerMove, got):
        assert move.controller is (Controller.SCRIPT if move.x >= 400 else Controller.HUMAN)


@pytest.mark.slow
def test_a_person_who_clicks_within_the_same_millisecond_stays_a_person(
    bare: VirtualDisplay, ledger: Ledger, actor: DesktopActor
) -> None:
    rng = random.Random(5)
    made: list[Controller] = []
    with listening(bare, ledger) as got, injector(bare) as inject:
        inject(MOTION, x=450, y=400)
        for _ in range(repeats(150, 3000)):
            who = rng.choice([Controller.HUMAN, Controller.SCRIPT])
            made.append(who)
            if who is Controller.HUMAN:
                inject(PRESS, 1)
                inject(RELEASE, 1)
            else:
                actor.perform(Click(x=450, y=400))
    pressed = [event.controller for event in of(PointerButton, got) if event.down]
    assert pressed == made


def test_an_actor_of_another_process_is_known_through_the_file(
    bare: VirtualDisplay, tmp_path: Path
) -> None:
    written, read = Ledger(tmp_path / "ledger"), Ledger(tmp_path / "ledger")
    actor = DesktopActor(bare.name, written, Controller.POLICY, "p1")
    with listening(bare, read) as got:
        actor.perform(Click(x=450, y=400, button="back", count=2))
    actor.close()
    written.close()
    read.close()
    assert {event.controller for event in acts(got)} == {Controller.POLICY}
    assert [event.KIND for event in acts(got)] == ["button"] * 4


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (Move(x=5, y=6), ["move 5 6"]),
        (Move(x=-50, y=99_999), ["move 0 719"]),
        (
            Click(x=7, y=8, button="right", modifiers=("ctrl",)),
            ["move 7 8", "ControlLeft+", "right+", "right-", "ControlLeft-"],
        ),
        (
            Drag(path=((1, 1), (2, 2), (3, 3))),
            ["move 1 1", "left+", "move 2 2", "move 3 3", "left-"],
        ),
        (
            ScrollBy(x=9, y=9, dy=2, dx=-1),
            ["move 9 9", "scroll 0 1", "scroll 0 1", "scroll -1 0"],
        ),
        (ScrollBy(x=9, y=9, dy=-120, unit="pixel"), ["move 9 9", "scroll 0 -1"]),
        (KeyChord(key="Enter", count=2), ["Enter+", "Enter-", "Enter+", "Enter-"]),
        (
            KeyChord(key="a", modifiers=("alt", "shift")),
            ["AltLeft+", "ShiftLeft+", "KeyA+", "KeyA-", "ShiftLeft-", "AltLeft-"],
        ),
        (TypeText(text="aB"), ["KeyA+", "KeyA-", "ShiftLeft+", "KeyB+", "KeyB-", "ShiftLeft-"]),
        (Wait(duration_ms=1), []),
        (Done(), []),
        (Ask(question="?"), []),
    ],
)
def test_an_action_becomes_its_events(
    bare: VirtualDisplay,
    ledger: Ledger,
    actor: DesktopActor,
    action: Action,
    expected: list[str],
) -> None:
    bare.call(["setxkbmap", "us"])
    with listening(bare, ledger) as got:
        done = actor.perform(action)
    assert [_name(event) for event in got] == expected
    assert {event.controller for event in got} <= {Controller.SCRIPT}
    assert (done.action, done.agent, done.controller) == (action, "job-7", Controller.SCRIPT)
    assert all(done.t_ns - 2_000_000 <= e.t_ns <= done.end_ns + 2_000_000 for e in got)


def test_characters_that_no_key_has_are_typed_all_the_same(
    bare: VirtualDisplay, ledger: Ledger, actor: DesktopActor
) -> None:
    with listening(bare, ledger) as got:
        actor.perform(TypeText(text="é漢"))
    presses = [key for key in of(Key, got) if key.down]
    assert len(presses) == 2
    assert {key.controller for key in presses} == {Controller.SCRIPT}


@pytest.mark.parametrize(
    ("action", "said"),
    [
        (KeyChord(key="NoSuchKey"), "there is no key 'NoSuchKey'"),
        (KeyChord(key="a", modifiers=("hyper",)), "no modifier 'hyper'"),
        (TypeText(text="".join(chr(0x4E00 + n) for n in range(300))), "cannot type 300 different"),
    ],
)
def test_what_cannot_be_typed_is_refused(actor: DesktopActor, action: Action, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        actor.perform(action)


def test_actions_are_in_pixels_of_the_image(bare: VirtualDisplay, ledger: Ledger) -> None:
    actor = DesktopActor(bare.name, ledger, Controller.SCRIPT, "s", viewport=Viewport((100, 50)))
    with listening(bare) as got:
        actor.perform(Move(x=1, y=2))
    actor.close()
    assert [(move.x, move.y) for move in of(PointerMove, got)] == [(101, 52)]


def _name(event: object) -> str:
    match event:
        case PointerMove():
            return f"move {event.x} {event.y}"
        case PointerButton():
            return event.button + ("+" if event.down else "-")
        case Key():
            return event.code + ("+" if event.down else "-")
        case Scroll():
            return f"scroll {event.dx:g} {event.dy:g}"
        case _:
            return "?"
