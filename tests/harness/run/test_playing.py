"""A suite comes to the same whoever plays it, and goes on wherever it was cut off."""

from __future__ import annotations

import fcntl
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import psutil
import pytest

from harness.errors import ConfigError
from harness.measure.events import OnDuty
from harness.measure.log import read_log
from harness.run.checking import check
from harness.run.messages import Lost
from harness.run.playing import Crew, play
from harness.run.score import load_runs, score
from harness.run.standing import log_paths
from harness.run.suite import LOCK_FILE, SUITE_FILE, Request, Suite
from tests.harness.run import fakes
from tests.soak import SOAK_ONLY, repeats
from tests.waiting import until

_PATIENCE_S = 240.0  # a process takes its time to start on a machine that is busy

pytestmark = [pytest.mark.slow, pytest.mark.timeout(repeats(600, 7200))]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a big suite that was played in one go."""
    folder = tmp_path_factory.mktemp("suites") / "undisturbed"
    assert fakes.played(folder, fakes.big(), workers=2).missing == 0
    return folder


def test_one_worker_or_four_leave_the_same_events(tmp_path: Path, undisturbed: Path) -> None:
    fakes.played(tmp_path / "four", fakes.big(), workers=4)
    assert len(log_paths(tmp_path / "four" / "ours/N=2/fifo")) > 1
    assert fakes.events_in(tmp_path / "four") == fakes.events_in(undisturbed)
    assert score(tmp_path / "four").to_json() == score(undisturbed).to_json()
    assert not check(tmp_path / "four")


# Killed -------------------------------------------------------------------------------------------


def _parent(parent: psutil.Process) -> None:
    parent.kill()


def _everything(parent: psutil.Process) -> None:
    for process in [parent, *parent.children(recursive=True)]:
        process.kill()


def _by_ctrl_c(parent: psutil.Process) -> None:
    parent.send_signal(signal.SIGINT)


@pytest.mark.parametrize("kill", [pytest.param(_parent, marks=SOAK_ONLY), _everything, _by_ctrl_c])
def test_killed_at_any_moment_a_suite_goes_on_to_the_same_scores(
    tmp_path: Path, undisturbed: Path, kill: Callable[[psutil.Process], None]
) -> None:
    whole = sum(map(len, fakes.bytes_in(undisturbed).values()))
    for number in range(repeats(1, 20)):
        folder = tmp_path / str(number)
        _killed(folder, round(whole * random.Random(f"{kill} {number}").random()), kill)
        fakes.played(folder, fakes.big(), workers=2)
        assert load_runs(folder) == load_runs(undisturbed)
        assert score(folder).to_json() == score(undisturbed).to_json()
        assert not check(folder)
        _assert_left_alone(folder)


def _killed(folder: Path, size: int, kill: Callable[[psutil.Process], None]) -> None:
    """Start a suite and kill it when so many bytes of it are there, or at its end."""
    command = [sys.executable, "-m", "tests.harness.run.fakes", str(folder)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as started:
        parent = psutil.Process(started.pid)

        def is_far() -> bool:
            return started.poll() is not None or sum(map(len, _sizes(folder))) >= size

        until(is_far, "the suite to grow", patience_s=_PATIENCE_S)
        if started.poll() is None:
            family = parent.children(recursive=True)
            kill(parent)
            until(
                lambda: not any(map(_is_alive, family)),
                "workers that end with their parent",
                patience_s=_PATIENCE_S,
            )


def _sizes(folder: Path) -> list[bytes]:
    try:
        return list(fakes.bytes_in(folder).values())
    except FileNotFoundError:  # a file was just put in the place of another
        return []


def _is_alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def _assert_left_alone(folder: Path) -> None:
    before = fakes.bytes_in(folder)
    assert fakes.played(folder, fakes.big(), workers=2).cells == 0
    assert fakes.bytes_in(folder) == before


def test_a_shift_that_was_cut_off_while_it_was_logged_is_whole_again(tmp_path: Path) -> None:
    asked = fakes.request(fakes.shifts(n_shifts=1), rows=("ours/N=2/fifo",))
    fakes.played(tmp_path, asked)
    before = load_runs(tmp_path)
    (log,) = log_paths(tmp_path / "ours/N=2/fifo")
    lines = log.read_bytes().splitlines(keepends=True)
    cuts = [2, 3, *random.Random(5).sample(range(4, len(lines)), repeats(1, 40))]
    for cut in cuts:
        log.write_bytes(b"".join(lines[:-cut]))
        fakes.played(tmp_path, asked)
        assert load_runs(tmp_path) == before, cut
        assert sum(isinstance(event, OnDuty) for event in read_log(log)) == 1
        assert not check(tmp_path)


def test_one_worker_that_is_killed_leaves_its_cells_to_be_played(tmp_path: Path) -> None:
    class Killing(fakes.Silent):
        def settle(self, report: object) -> None:
            for child in psutil.Process().children():  # others' tests may have left some as well
                if "harness.run.worker" in child.cmdline():
                    child.kill()

    folder = tmp_path / "suite"
    killed = play(folder, fakes.big(), tools={}, crew=Crew(workers=1), told=Killing())
    assert killed.missing
    assert "worker 0 ended with code -9" in killed.ended
    assert score(folder).unfinished
    assert fakes.played(folder, fakes.big(), workers=2).missing == 0


# Broken browsers ----------------------------------------------------------------------------------


def test_what_broke_is_played_again_and_logged_whatever_came_of_it(tmp_path: Path) -> None:
    asked = msgspec.structs.replace(fakes.request(rows=("ours",)), cells=fakes.BROKEN)
    broken = fakes.played(tmp_path / "broken", asked)
    lost = {lost.cell for lost in broken.lost}
    assert lost == {plan for plan in _keys(asked) if plan.startswith(f"{fakes.TASKS[0]}/")}
    assert broken.missing == len(lost)
    assert broken.lost[0] == Lost(
        run="ours", cell=broken.lost[0].cell, reason="the browser is gone"
    )
    (log,) = log_paths(tmp_path / "broken" / "ours")
    assert log.read_bytes().count(b"it died") == len(_keys(asked)) - len(lost)
    assert str(score(tmp_path / "broken").unfinished[0]) == "ours"


def test_what_was_lost_is_played_when_the_browser_is_well_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = msgspec.structs.replace(fakes.request(rows=("ours",)), cells=fakes.BROKEN)
    assert fakes.played(tmp_path / "broken", asked).missing
    monkeypatch.setenv("UNDERSTUDY_TEST_IS_WELL", "1")
    assert fakes.played(tmp_path / "broken", asked).missing == 0
    sound = fakes.request(rows=("ours",))
    fakes.played(tmp_path / "sound", sound)
    ended = [load_runs(tmp_path / name) for name in ("broken", "sound")]
    (one,), (other,) = (runs.values() for runs in ended)
    assert one.ended == other.ended


def test_others_take_what_a_dead_worker_had_and_no_cell_kills_more_than_two(tmp_path: Path) -> None:
    asked = msgspec.structs.replace(fakes.request(rows=("ours",)), cells=fakes.DEADLY_CELLS)
    crew = Crew(workers=3, n_pages=1)
    played = play(tmp_path, asked, tools={}, crew=crew, told=fakes.Silent())
    assert len(played.ended) == 2
    (run,) = load_runs(tmp_path).values()
    assert set(_keys(asked)) - run.ended.keys() == {fakes.DEADLY}
    assert played.missing == 1


def _keys(asked: Request) -> list[str]:
    every = asked.manifest.work.all_episodes
    return [asked.manifest.planned(each).key for each in every]


# Refused ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"manifest": fakes.episodes(2)}, "manifest was small"),
        ({"policy": "tests.harness.run.fakes:Other"}, "policy was tests.*Clicker"),
        ({"rows": ("ours",)}, "rows was ours null, is ours"),
        ({"seed": 7}, "seed was 0, is 7"),
    ],
    ids=["manifest", "policy", "rows", "seed"],
)
def test_another_suite_in_the_same_folder_is_refused(
    tmp_path: Path, change: dict[str, object], words: str
) -> None:
    asked = fakes.request()
    (tmp_path / SUITE_FILE).write_bytes(_suite_of(asked))
    with pytest.raises(ConfigError, match=f"holds another suite: .*{words}"):
        fakes.played(tmp_path, msgspec.structs.replace(asked, **change))


def _suite_of(asked: Request) -> bytes:
    return msgspec.json.encode(Suite(request=asked, thresholds={}))


def test_a_folder_with_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ConfigError, match="holds something that is not ours"):
        fakes.played(tmp_path, fakes.request())


def test_a_suite_that_is_being_played_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.run.playing._LOCK_PATIENCE_S", 0.0)
    with (tmp_path / LOCK_FILE).open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(ConfigError, match="is being played right now"):
            fakes.played(tmp_path, fakes.request())


def test_a_policy_that_cannot_be_loaded_is_refused_in_a_sentence(tmp_path: Path) -> None:
    asked = msgspec.structs.replace(fakes.request(), policy="nobody:nothing")
    with pytest.raises(ConfigError, match="no policy 'nobody:nothing'"):
        fakes.played(tmp_path / "suite", asked)
    assert not (tmp_path / "suite" / SUITE_FILE).exists()


def test_no_worker_is_none_to_play_with() -> None:
    with pytest.raises(ConfigError, match="0 workers"):
        Crew(workers=0)
