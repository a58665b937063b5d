"""The desktop tasks: every instance can be solved, none by doing nothing, and seeds matter."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import assert_never

import numpy as np
import pytest

from harness.env.desktop import DesktopEnv
from harness.env.spaces import from_action
from harness.errors import UnknownTaskError
from harness.tasks.desktop import DesktopTask, desktop_task, desktop_tasks, solve
from harness.tasks.desktop.folder import compare, write
from harness.tasks.desktop.sheets import read_sheet, write_sheet
from recorder.schema import (
    Action,
    Ask,
    Click,
    Done,
    Drag,
    KeyChord,
    Move,
    ScrollBy,
    TypeText,
    Wait,
)
from tests.soak import repeats

SEEDS = range(1000, 1000 + repeats(1, 20))

each_task = pytest.mark.parametrize("task", desktop_tasks(), ids=lambda task: task.name)


def rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


async def played(env: DesktopEnv) -> tuple[list[Action], float, str]:
    """Let the expert act to the end; return what it did, the reward and what is amiss."""
    actions: list[Action] = []
    async for action in solve(env.screen):
        actions.append(action)
        _, reward, terminated, truncated, info = env.step(from_action(action))
        if terminated or truncated:
            return actions, reward, str(info)
    return actions, 0.0, "the expert did not say Done"


@pytest.mark.display
@pytest.mark.slow
@pytest.mark.timeout(900)
@each_task
def test_experts_solve_every_instance(task: DesktopTask) -> None:
    env = DesktopEnv(task)
    try:
        for seed in SEEDS:
            env.reset(seed=seed)
            actions, reward, amiss = asyncio.run(played(env))
            assert reward == 1.0, f"seed {seed}: {amiss}"
            assert len(actions) <= task.max_steps
            assert 0.4 < keystroke_seconds(actions) / task.human.seconds < 2.5
    finally:
        env.close()


@pytest.mark.display
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("desktop-mousepad-append", [KeyChord(key="h", modifiers=("ctrl",))]),
        ("desktop-mousepad-line", [TypeText(text="oops"), KeyChord(key="f", modifiers=("alt",))]),
        ("desktop-mousepad-note", [TypeText(text="x"), KeyChord(key="s", modifiers=("ctrl",))]),
        ("desktop-dialog-contact", [TypeText(text="nobody"), KeyChord(key="Tab")]),
    ],
)
def test_an_expert_can_go_on_from_where_somebody_stopped(name: str, start: list[Action]) -> None:
    env = DesktopEnv(name)
    try:
        env.reset(seed=4)
        for action in start:
            env.step(from_action(action))
        _, reward, amiss = asyncio.run(played(env))
    finally:
        env.close()

    assert reward == 1.0, amiss


@each_task
def test_doing_nothing_achieves_nothing(task: DesktopTask, tmp_path: Path) -> None:
    for seed in range(30):
        folder = tmp_path / str(seed)
        folder.mkdir()
        scene = task.prepare(folder, rng(seed))

        assert not scene.check(folder).achieved
        assert scene.spoiled(folder).achieved


@each_task
def test_each_seed_is_another_instance(task: DesktopTask, tmp_path: Path) -> None:
    instances: list[object] = []
    for number, seed in enumerate([*range(20), *range(20)]):
        folder = tmp_path / str(number)
        folder.mkdir()
        goal = task.prepare(folder, rng(seed)).goal
        texts = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        instances.append((goal, texts))

    assert instances[:20] == instances[20:]
    assert len({str(instance) for instance in instances}) >= 18


def test_a_task_is_found_by_its_name_and_its_id() -> None:
    task = desktop_task("desktop-files-move")

    assert desktop_task("understudy/desktop-files-move-v0") == task
    with pytest.raises(UnknownTaskError, match="desktop-files-move"):
        desktop_task("desktop-file-move")


@pytest.mark.parametrize(
    ("found", "amiss"),
    [
        ({"a.txt": "one\ntwo"}, ""),
        ({"a.txt": "one\ntwo\n"}, ""),
        ({"a.txt": "one\n two"}, "does not say"),
        ({"b.txt": "one\ntwo"}, "no a.txt"),
        ({"a.txt": "one\ntwo", "sub/b.txt": ""}, "no sub/b.txt"),
    ],
)
def test_a_folder_must_be_exactly_right(found: dict[str, str], amiss: str, tmp_path: Path) -> None:
    write(tmp_path, found)
    verdict = compare(tmp_path, {"a.txt": "one\ntwo\n"})

    assert verdict.achieved == (not amiss)
    assert amiss in verdict.reason


def test_a_sheet_that_is_half_written_has_no_cells(tmp_path: Path) -> None:
    path = tmp_path / "a.gnumeric"
    cells = {(0, 0): "item", (1, 2): "17"}
    write_sheet(path, cells)
    assert read_sheet(path) == cells

    path.write_bytes(path.read_bytes()[:-20])
    assert read_sheet(path) == {}
    assert read_sheet(tmp_path / "none") == {}


# How long people take -----------------------------------------------------------------------------

# the keystroke-level model's times in seconds (Card, Moran and Newell 1983): a key, to point, to
# press or release a button, to move the hand between keyboard and mouse, to think
KEY_S, POINT_S, BUTTON_S, HOMING_S, THINK_S = 0.28, 1.1, 0.1, 0.4, 1.35
# practised people are faster by this much, judged by MiniWoB++ tasks that people were timed on
PRACTISED = 0.67


def keystroke_seconds(actions: Iterable[Action]) -> float:
    """Return how long the model says a practised person takes for what an expert did."""
    seconds, on_mouse = 0.0, False
    for action in actions:
        uses_mouse = isinstance(action, Click | Drag | Move | ScrollBy)
        if not isinstance(action, Done | Ask | Wait):
            seconds += THINK_S + HOMING_S * (uses_mouse != on_mouse)
            on_mouse = uses_mouse
        seconds += _acting_s(action)
    return PRACTISED * seconds


def _acting_s(action: Action) -> float:
    match action:
        case Click():
            return POINT_S + 2 * BUTTON_S * action.count + KEY_S * len(action.modifiers)
        case Drag():
            return 2 * POINT_S + 2 * BUTTON_S
        case Move():
            return POINT_S
        case ScrollBy():
            return POINT_S + KEY_S
        case KeyChord():
            return KEY_S * (action.count + len(action.modifiers))
        case TypeText():
            return KEY_S * len(action.text)
        case Wait() | Done() | Ask():
            return 0.0
        case _:
            assert_never(action)
