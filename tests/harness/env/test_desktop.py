"""The desktop environment: its contract, what may happen to it, and that it leaves nothing."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from harness.env.desktop import DesktopEnv
from harness.env.spaces import Sample, from_action
from harness.errors import ConfigError
from recorder.schema import (
    Action,
    Ask,
    Click,
    Done,
    Element,
    KeyChord,
    Move,
    ScrollBy,
    TypeText,
    Wait,
)
from tests.soak import repeats
from tests.waiting import until

FORM = "desktop-dialog-contact"
EDITOR = "desktop-mousepad-append"
FILES = "desktop-files-delete"

pytestmark = [pytest.mark.display, pytest.mark.slow]


@pytest.fixture
def form() -> Iterator[DesktopEnv]:
    """Yield the environment whose app opens the fastest."""
    env = DesktopEnv(FORM, render_mode="rgb_array", max_steps=20)
    yield env
    env.close()


def do(env: DesktopEnv, action: Action) -> tuple[Sample, float, bool, bool, dict[str, Any]]:
    return env.step(from_action(action))


def titles(elements: Sequence[Element]) -> list[str]:
    return [each.name for each in elements if each.role == "window"]


def descendants() -> dict[int, str]:
    """Return the running processes that were started from here, also those that left home."""
    parents: dict[int, int] = {}
    names: dict[int, str] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            head, _, tail = stat.read_text().rpartition(")")
        except (FileNotFoundError, ProcessLookupError):
            continue
        number, _, names_name = head.partition(" (")
        state, parent, *_ = tail.split()
        if state != "Z":
            parents[int(number)], names[int(number)] = int(parent), names_name
    ours = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in ours} - ours:
        ours |= more
    return {pid: names[pid] for pid in ours - {os.getpid()}} | {
        pid: name for pid, name in names.items() if belongs_to_a_display(pid)
    }


def belongs_to_a_display(pid: int) -> bool:
    """Return whether a process has the environment that apps on our displays have."""
    try:
        return OUR_MARK in Path(f"/proc/{pid}/environ").read_bytes()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False


OUR_MARK = b"UNDERSTUDY_TEST_OF_LEAKS=1"


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield a folder for temporary files that no other process writes to; sockets need it short."""
    with tempfile.TemporaryDirectory(prefix="t-") as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)


# Contract -----------------------------------------------------------------------------------------


# it recommends symmetric boxes to learners; pixels are what they are
@pytest.mark.filterwarnings("ignore:.*recommend using a symmetric:UserWarning")
def test_the_contract_of_gymnasium_holds(form: DesktopEnv) -> None:
    check_env(form)


def test_observations_never_change_later(form: DesktopEnv) -> None:
    first, _ = form.reset(seed=1)
    kept = first["pixels"].copy()
    second, *_ = do(form, TypeText(text="something else"))

    assert np.array_equal(first["pixels"], kept)
    assert not np.array_equal(second["pixels"], kept)


def test_a_claim_without_work_is_worth_nothing(form: DesktopEnv) -> None:
    form.reset(seed=1)
    _, reward, terminated, truncated, info = do(form, Done())

    assert (reward, terminated, truncated) == (0.0, True, False)
    assert (info["claim"], info["verified"]) == ("done", False)
    assert info["reason"]


def test_asking_ends_nothing(form: DesktopEnv) -> None:
    form.reset(seed=1)
    _, reward, terminated, truncated, info = do(form, Ask(question="Which city?"))

    assert (reward, terminated, truncated) == (0.0, False, False)
    assert "verified" not in info


def test_an_episode_is_truncated_at_its_limit(form: DesktopEnv) -> None:
    form.reset(seed=1)
    ends = [do(form, Wait(duration_ms=0))[2:4] for _ in range(20)]

    assert ends == [(False, False)] * 19 + [(False, True)]
    with pytest.raises(ConfigError, match="reset first"):
        do(form, Done())


def test_the_same_seed_gives_the_same_instance(form: DesktopEnv) -> None:
    first, _ = form.reset(seed=5)
    again, _ = form.reset(seed=5)
    other, _ = form.reset(seed=6)

    assert first["goal"] == again["goal"] != other["goal"]
    assert np.array_equal(first["pixels"], again["pixels"])
    assert [item["name"] for item in first["elements"]] == [
        item["name"] for item in again["elements"]
    ]


def test_elements_say_what_a_field_is_for_and_what_is_in_it(form: DesktopEnv) -> None:
    form.reset(seed=1)
    sample, *_ = do(form, TypeText(text="Ada"))
    fields = {item["name"]: item for item in sample["elements"] if item["role"] == "textbox"}

    assert fields["Name"]["value"] == "Ada"
    assert "focused" in fields["Name"]["states"]
    assert set(fields) == {"Name", "City", "Phone"}


# What agents may do -------------------------------------------------------------------------------


@pytest.mark.timeout(600)
def test_a_glance_shows_the_new_title_of_a_window() -> None:
    env = DesktopEnv(EDITOR)
    try:
        env.reset(seed=1)
        (before,) = titles(env.desk.elements())
        assert env.desk.hands.perform_if(TypeText(text="x"), lambda: "") == ""
        until(lambda: titles(env.desk.glance()) == [f"*{before}"], "the title says so")
    finally:
        env.close()


@pytest.mark.parametrize("task", [FORM, EDITOR])
def test_random_actions_break_nothing(task: str) -> None:
    env = DesktopEnv(task, max_steps=10_000)
    env.action_space.seed(3)
    try:
        env.reset(seed=3)
        for _ in range(repeats(6, 300)):
            sample, _, terminated, truncated, info = env.step(env.action_space.sample())
            assert sample in env.observation_space
            assert "infrastructure_error" not in info
            if terminated or truncated:
                env.reset()
    finally:
        env.close()


@pytest.mark.parametrize(
    "action",
    [
        KeyChord(key="F1", modifiers=("alt", "ctrl")),
        KeyChord(key="F4", modifiers=("alt",)),
        KeyChord(key="Tab", modifiers=("alt",)),
        KeyChord(key="Escape", modifiers=("ctrl",)),
        Click(x=799, y=599, button="right"),
        Click(x=799, y=599, button="middle"),
        ScrollBy(x=400, y=300, dy=10_000),
        TypeText(
            text="".join(map(chr, range(0x3B1, 0x3CA))) + "".join(map(chr, range(0x430, 0x450)))
        ),
    ],
    ids=["console", "close", "switch", "menu", "right", "middle", "wheel", "letters"],
)
def test_no_input_is_a_way_out(form: DesktopEnv, action: Action) -> None:
    form.reset(seed=1)
    _, _, terminated, truncated, info = do(form, action)
    _, _, still_terminated, still_truncated, _ = do(form, Move(x=10, y=10))

    assert not any((terminated, truncated, still_terminated, still_truncated))
    assert "infrastructure_error" not in info


def test_what_cannot_be_undone_ends_the_episode() -> None:
    env = DesktopEnv(FILES)
    try:
        env.reset(seed=1)
        folder = env.screen.folder
        name = env.screen.goal.split()[3].rstrip(",")
        next(path for path in folder.iterdir() if path.name != name).unlink()
        _, reward, terminated, _, info = do(env, Wait(duration_ms=0))
    finally:
        env.close()

    assert (reward, terminated, info["verified"]) == (0.0, True, False)
    assert "is gone" in info["reason"]
    assert "claim" not in info


# What may happen to it ----------------------------------------------------------------------------


@pytest.mark.parametrize("victim", ["zenity", "Xvfb"])
def test_a_death_costs_one_episode(form: DesktopEnv, victim: str) -> None:
    form.reset(seed=1)
    os.kill(next(pid for pid, name in descendants().items() if name == victim), signal.SIGKILL)
    _, reward, terminated, truncated, info = do(form, Wait(duration_ms=100))

    assert (reward, terminated, truncated) == (0.0, False, True)
    assert info["infrastructure_error"]
    assert info["verified"] is False
    assert form.reset(seed=2)[0] in form.observation_space


@pytest.mark.timeout(600)
@pytest.mark.parametrize("task", [FORM, FILES])
def test_resets_leave_no_process_and_no_file(
    task: str, room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(*OUR_MARK.decode().split("="))
    before = descendants()
    env = DesktopEnv(task)
    try:
        env.reset(seed=0)
        started, files_started = sorted(descendants().values()), len(list(room.iterdir()))
        for seed in range(repeats(2, 50)):
            env.reset(seed=seed)
            do(env, KeyChord(key="Tab"))
        assert sorted(descendants().values()) == started
        assert len(list(room.iterdir())) == files_started
    finally:
        env.close()

    assert descendants().keys() <= before.keys()
    assert list(room.iterdir()) == []
