"""Who is stopped stays stopped, for every process that looks, whatever becomes of the writers."""

from __future__ import annotations

import os
import random
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import ConfigError, LatchError
from harness.latch import Latch, Stops, default_path
from tests.soak import repeats
from tests.waiting import until

AGENTS = [f"agent-{number}" for number in range(6)]
NAMES = st.sampled_from([*AGENTS, "agent", "ä" * 31, "1"])
WRITER = """
import random, sys
from pathlib import Path
from harness.latch import Latch

latch, rng = Latch(Path(sys.argv[1])), random.Random(int(sys.argv[2]))
print(flush=True)
while True:
    agent = rng.choice([None, *sys.argv[3:]])
    rng.choice([latch.stop, latch.release])(agent)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "stop"


def test_a_new_latch_stops_nobody_and_is_the_persons_own(path: Path) -> None:
    with Latch(path) as latch:
        assert latch.stops() == Stops(everybody=False, agents=())
        assert not latch.is_stopped("agent-1")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["stop"]


@settings(max_examples=repeats(60, 1000))
@given(st.lists(st.tuples(st.sampled_from(["stop", "release"]), NAMES | st.none()), max_size=30))
def test_everyone_who_looks_sees_who_is_stopped(
    tmp_path_factory: pytest.TempPathFactory, orders: list[tuple[str, str | None]]
) -> None:
    path = tmp_path_factory.mktemp("run") / "stop"
    is_all_stopped, named = False, set[str]()
    with Latch(path) as latch, Latch(path) as other:
        for order, agent in orders:
            getattr(latch, order)(agent)
            if agent is None:
                is_all_stopped = order == "stop"
            else:
                (named.add if order == "stop" else named.discard)(agent)
            assert other.stops() == Stops(is_all_stopped, tuple(sorted(named)))
            for each in AGENTS:
                assert other.is_stopped(each) == (is_all_stopped or each in named)


def test_names_that_are_released_leave_room_and_too_many_are_refused(path: Path) -> None:
    with Latch(path) as latch:
        for number in range(600):
            latch.stop(f"old-{number}")
            latch.release(f"old-{number}")
        for number in range(255):
            latch.stop(f"new-{number}")
        with pytest.raises(LatchError, match="stop everybody"):
            latch.stop("one-more")
        assert latch.is_stopped("new-0")
        assert not latch.is_stopped("old-0")
        latch.stop()
        assert latch.is_stopped("old-0")


def test_a_writer_that_is_killed_leaves_a_latch_that_can_be_read_and_written(path: Path) -> None:
    rng = random.Random(5)
    Latch(path).close()
    for seed in range(repeats(8, 300)):
        command = [sys.executable, "-c", WRITER, str(path), str(seed), *AGENTS]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as writer, Latch(path) as latch:
            assert writer.stdout
            writer.stdout.readline()
            for _ in range(rng.randrange(200)):
                latch.stops()
            writer.send_signal(signal.SIGKILL)
            writer.wait()
            assert set(latch.stops().agents) <= set(AGENTS)
            latch.stop("agent-0")  # a lock that the dead held would keep us here
            latch.release("agent-1")
        with Latch(path) as fresh:
            assert fresh.is_stopped("agent-0")
            assert "agent-1" not in fresh.stops().agents
            fresh.release()
            assert not fresh.is_stopped("agent-1")


def cut(path: Path) -> None:
    os.truncate(path, 100)


def replaced(path: Path) -> None:
    path.unlink()
    Latch(path).close()


@pytest.mark.parametrize("harm", [cut, replaced, Path.unlink])
def test_a_latch_that_is_cut_replaced_or_deleted_stops_everybody(path: Path, harm: object) -> None:
    with Latch(path) as latch:
        harm(path)  # pyright: ignore[reportCallIssue]
        assert latch.is_stopped("agent-1")
        for order in (latch.stop, latch.release, latch.stops):
            with pytest.raises(LatchError, match="agents stand still"):
                order()


def others_may_write(path: Path) -> None:
    Latch(path).close()
    path.chmod(0o620)


def is_somewhere_else(path: Path) -> None:
    Latch(path.with_name("other")).close()
    path.symlink_to(path.with_name("other"))


def is_something_else(path: Path) -> None:
    Latch(path).close()
    path.write_bytes(b"x" * path.stat().st_size)


def is_empty(path: Path) -> None:
    path.parent.mkdir()
    path.touch(0o600)


def has_no_place(path: Path) -> None:
    path.parent.touch()


@pytest.mark.parametrize(
    "harm", [others_may_write, is_somewhere_else, is_something_else, is_empty, has_no_place]
)
def test_what_is_no_latch_of_ours_is_refused(path: Path, harm: object) -> None:
    harm(path)  # pyright: ignore[reportCallIssue]
    with pytest.raises(LatchError, match=str(path)):
        Latch(path)


@pytest.mark.parametrize("agent", ["", "x" * 63, "ä" * 32, "a\nb", "a\x1b[2J"])
def test_what_could_not_be_shown_is_no_name(path: Path, agent: str) -> None:
    with Latch(path) as latch:
        for order in (latch.stop, latch.release, latch.is_stopped):
            with pytest.raises(ConfigError, match="no agent can be called"):
                order(agent)


def test_a_shell_and_a_job_find_the_same_latch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UNDERSTUDY_HOME", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert default_path() == tmp_path / "understudy" / "stop"
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert default_path().name == "stop"
    monkeypatch.setenv("UNDERSTUDY_HOME", str(tmp_path / "home"))
    assert default_path() == tmp_path / "home" / "stop"


def test_many_who_make_it_at_once_have_the_same_one(path: Path) -> None:
    script = "import sys; from pathlib import Path; from harness.latch import Latch\n"
    script += "with Latch(Path(sys.argv[1])) as latch: latch.stop(sys.argv[2])"
    command = [sys.executable, "-c", script, str(path)]
    makers = [subprocess.Popen([*command, agent]) for agent in AGENTS[:3]]
    assert [maker.wait() for maker in makers] == [0] * 3
    with Latch(path) as latch:
        assert until(lambda: latch.stops().agents) == tuple(AGENTS[:3])
