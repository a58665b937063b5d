"""Figures come from the logs alone, and from no log that was touched."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.control import Policy, load_policy
from harness.env.browsers import Browsers
from harness.env.chromium import Chromium
from harness.errors import ConfigError
from harness.measure.errors import LogError
from harness.measure.events import RunEvent, open_run
from harness.measure.log import RunLog
from harness.measure.report.findings import findings
from harness.measure.report.rows import RowName
from harness.measure.state import fold
from harness.modes.cell import Cell, Stage
from harness.modes.operators import OperatorConfig
from harness.run import derive as tables
from harness.run.checking import check, is_checkable
from harness.run.compare import compare
from harness.run.player import Player
from harness.run.score import Scores, load_runs, score
from harness.run.standing import close_logs, log_paths, missing_cells, standing
from harness.run.suite import Request, RunPlan, Suite, policies_of, run_plans, write_suite
from recorder.schema import Thresholds
from tests.harness.measure.stories import MANY
from tests.harness.run import fakes

THRESHOLDS = Thresholds(ask_below=0.3, resume_above=0.3, novel_below=0, irreversible_below=0.9)


def write(folder: Path, asked: Request) -> Path:
    """Play a suite here, without a worker."""
    suite = Suite(request=asked, thresholds=dict.fromkeys(policies_of(asked), THRESHOLDS))
    write_suite(folder, suite)
    policies = {name: load_policy(name) for name in suite.thresholds}

    async def play(plan: RunPlan) -> None:
        cells = {cell.key: cell for cell in fakes.cells(asked.manifest, plan.name, plan.casting)}
        found = standing(folder / plan.folder, plan.manifest)
        orders = missing_cells(plan, list(cells.values()), found)
        async with Browsers(Chromium.start) as browsers:
            with Player(suite, folder, "0", policies, browsers) as player:
                await asyncio.gather(
                    *(player.play(each, plan, cells[each.cell]) for each in orders)
                )

    for plan in run_plans(suite):
        asyncio.run(play(plan))
        close_logs(standing(folder / plan.folder, plan.manifest))
    return folder


async def told(cells: Sequence[Cell], policy: Policy, seed: int = 0) -> list[RunEvent]:
    """Return the events of cells, one after another, with no log between."""
    async with Browsers(Chromium.start) as browsers:
        stage = Stage(
            policy=policy,
            browsers=browsers,
            thresholds=THRESHOLDS,
            operator=OperatorConfig(),
            seed=seed,
        )
        return [event for cell in cells for event in await cell.play(stage)]


def plan_of(asked: Request) -> RunPlan:
    """Return the only run of a suite."""
    thresholds = dict.fromkeys(policies_of(asked), THRESHOLDS)
    (plan,) = run_plans(Suite(request=asked, thresholds=thresholds))
    return plan


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a suite of single episodes with two rows."""
    return write(tmp_path_factory.mktemp("suites") / "single", fakes.request())


@pytest.fixture(scope="module")
def shifts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a suite of shifts with two conditions."""
    rows = ("ours/N=1/fifo", "ours/N=2/fifo")
    return write(tmp_path_factory.mktemp("suites") / "shifts", fakes.request(fakes.shifts(), rows))


@pytest.mark.parametrize(
    "asked",
    [
        fakes.request(rows=("ours",)),
        fakes.request(fakes.shifts(n_shifts=3), rows=("ours/N=4/random",)),
    ],
    ids=["episodes", "shifts"],
)
def test_the_score_of_the_log_is_the_live_score_to_the_last_digit(
    tmp_path: Path, asked: Request
) -> None:
    plan = plan_of(asked)
    cells = fakes.cells(asked.manifest, plan.name, plan.casting)
    events = asyncio.run(told(cells, fakes.Clicker()))
    live = findings({plan.name: fold([open_run("live", plan.manifest), *events])})
    assert score(write(tmp_path, asked)).to_json() == Scores(live, ()).to_json()


def test_a_run_says_how_its_person_was_simulated(shifts: Path) -> None:
    run = load_runs(shifts)[RowName.parse("ours/N=2/fifo")]
    assert run.manifest
    assert run.manifest.operator == OperatorConfig().to_mapping()
    assert run.manifest.settings["allocator"] == "fifo"
    assert run.manifest.settings["n_agents"] == "2"
    assert run.manifest.thresholds["ask_below"] == THRESHOLDS.ask_below


def test_a_row_can_be_scored_alone(suite: Path) -> None:
    assert [str(row.name) for row in score(suite).findings.rows] == ["ours", "null"]
    assert [str(row.name) for row in score(suite / "null").findings.rows] == ["null"]


def test_what_is_no_suite_has_no_score(tmp_path: Path, suite: Path) -> None:
    with pytest.raises(ConfigError, match="no suite in"):
        score(tmp_path)
    with pytest.raises(ConfigError, match="no row of the suite"):
        score(suite / "mine")


def test_a_run_that_is_in_no_suite_is_scored_as_well(suite: Path, tmp_path: Path) -> None:
    alone = Path(shutil.copytree(suite / "ours", tmp_path / "alone"))
    assert not check(alone)
    assert score(alone).to_json() == score(suite / "ours").to_json()
    (alone / "manifest.json").write_text("{}")
    with pytest.raises(ConfigError, match="damaged"):
        score(alone)


# Touched ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def copy(shifts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a suite that a test may spoil."""
    return Path(shutil.copytree(shifts, tmp_path_factory.mktemp("suites") / "copy"))


def spoilt(copy: Path, shifts: Path) -> Iterator[tuple[Path, list[bytes]]]:
    """Yield each log of a suite with its lines as they were."""
    for path in log_paths(shifts / "ours/N=2/fifo"):
        yield copy / path.relative_to(shifts), path.read_bytes().splitlines(keepends=True)


@MANY
@given(place=st.floats(0, 1, exclude_max=True), mask=st.integers(1, 255))
def test_a_flipped_byte_is_found_in_its_file_and_line(
    copy: Path, shifts: Path, place: float, mask: int
) -> None:
    ((log, lines),) = spoilt(copy, shifts)
    body = bytearray(b"".join(lines))
    at = int(place * len(body))
    body[at] ^= mask
    log.write_bytes(body)
    line = bytes(body[:at]).count(b"\n") + 1
    (found,) = check(copy)
    assert found.where == str(log)
    assert found.what.startswith(f"line {line} ")
    if line < len(lines):  # a last line that is torn is what a crash leaves
        with pytest.raises(LogError, match=rf"{log.name} line {line} "):
            score(copy)


@MANY
@given(out=st.integers(0, 10_000))
def test_a_dropped_line_is_found(copy: Path, shifts: Path, out: int) -> None:
    ((log, lines),) = spoilt(copy, shifts)
    out %= len(lines)
    log.write_bytes(b"".join(lines[:out] + lines[out + 1 :]))
    (found,) = check(copy)
    assert (found.where, found.what.split()[1]) == (str(log), str(out + 1))
    if out == len(lines) - 1:
        assert [str(name) for name in score(copy).unfinished] == ["ours/N=2/fifo"]
    else:
        with pytest.raises(LogError, match=rf"{log.name} line {out + 1} "):
            score(copy)


@MANY
@given(one=st.integers(0, 10_000), other=st.integers(0, 10_000))
def test_lines_in_another_order_are_found(copy: Path, shifts: Path, one: int, other: int) -> None:
    ((log, lines),) = spoilt(copy, shifts)
    one, other = sorted((one % len(lines), other % len(lines)))
    if one == other:
        return
    lines[one], lines[other] = lines[other], lines[one]
    log.write_bytes(b"".join(lines))
    (found,) = check(copy)
    assert (found.where, found.what.split()[1]) == (str(log), str(one + 1))
    with pytest.raises(LogError, match=rf"{log.name} line {one + 1} "):
        score(copy)


def test_a_log_of_another_suite_is_found(tmp_path: Path, suite: Path) -> None:
    folder = Path(shutil.copytree(suite, tmp_path / "suite"))
    (log,) = log_paths(suite / "null")
    shutil.copy(log, folder / "ours" / "events-9.jsonl")
    (found,) = check(folder)
    assert found.where == str(folder / "ours")
    assert "different manifests" in found.what


def test_an_episode_that_was_played_twice_is_found(tmp_path: Path, suite: Path) -> None:
    folder = Path(shutil.copytree(suite, tmp_path / "suite"))
    (log,) = log_paths(folder / "ours")
    shutil.copy(log, folder / "ours" / "events-9.jsonl")
    assert "an episode counts once" in str(check(folder)[0])


def test_an_unfinished_run_says_how_much_is_missing(tmp_path: Path) -> None:
    asked = fakes.request(rows=("ours",))
    write_suite(tmp_path, Suite(request=asked, thresholds={asked.policy: THRESHOLDS}))
    assert [found.what for found in check(tmp_path)] == ["12 episodes are still to be played"]


def test_a_suite_a_row_and_a_log_can_be_checked(suite: Path, tmp_path: Path) -> None:
    (log,) = log_paths(suite / "ours")
    for path in (suite, suite / "ours", log):
        assert is_checkable(path)
        assert not check(path)
    assert not is_checkable(tmp_path)
    assert not is_checkable(suite / "suite.json")


# Compared -----------------------------------------------------------------------------------------


def test_a_run_is_as_good_as_itself(suite: Path) -> None:
    (pair,) = compare(suite / "ours", suite / "ours")
    assert (pair.net_s.value, pair.net_s.low, pair.net_s.high) == (0, 0, 0)
    assert pair.leverage
    assert pair.leverage.value == 1


def test_suites_are_compared_row_by_row(suite: Path, tmp_path: Path) -> None:
    asked = msgspec.structs.replace(fakes.request(), rows=("null", "ours"), seed=8)
    other = write(tmp_path, asked)
    assert [(str(pair.a), str(pair.b)) for pair in compare(suite, other)] == [
        ("ours", "ours"),
        ("null", "null"),
    ]


def test_what_was_played_on_another_manifest_cannot_be_compared(
    suite: Path, tmp_path: Path
) -> None:
    other = write(tmp_path, fakes.request(fakes.episodes(2)))
    with pytest.raises(ConfigError, match="different manifests"):
        compare(suite / "ours", other / "ours")


def test_a_suite_cannot_be_compared_with_a_row(suite: Path) -> None:
    with pytest.raises(ConfigError, match="two suites, or two rows"):
        compare(suite, suite / "ours")


def test_suites_without_a_row_in_common_cannot_be_compared(suite: Path, shifts: Path) -> None:
    with pytest.raises(ConfigError, match="no row in common"):
        compare(suite, shifts)


# Tables -------------------------------------------------------------------------------------------


def test_tables_say_what_the_logs_say(shifts: Path) -> None:
    paths = tables.derive(shifts)
    assert [path.name for path in paths] == [f"{name}.parquet" for name in tables.TABLES]
    runs = load_runs(shifts)
    ended = [episode for run in runs.values() for episode in run.ended.values()]
    with duckdb.connect() as db:

        def ask(query: str) -> object:
            return db.execute(query.replace("SUITE", str(shifts))).fetchone()

        assert ask("SELECT count(*), sum(steps) FROM 'SUITE/episodes.parquet'") == (
            len(ended),
            sum(episode.n_steps for episode in ended),
        )
        assert ask("SELECT count(*) FROM 'SUITE/steps.parquet'") == (
            sum(episode.n_steps for episode in ended),
        )
        assert ask("SELECT sum(interventions) FROM 'SUITE/episodes.parquet'") == ask(
            "SELECT count(*) FROM 'SUITE/interventions.parquet'"
        )


def test_the_query_in_the_manual_gives_output_per_intervention(shifts: Path) -> None:
    tables.derive(shifts)
    manual = tables.__doc__ or ""
    query = " ".join(line.strip() for line in manual.splitlines() if line.startswith("    "))
    with duckdb.connect() as db:
        found = dict(db.execute(query.replace("SUITE", str(shifts))).fetchall())
    for row in score(shifts).findings.rows:
        sums = row.figures.sums
        assert found[str(row.name)] == pytest.approx(sums.output_s / sums.interventions)


def test_steps_of_an_episode_that_was_begun_twice_count_once(tmp_path: Path) -> None:
    asked = fakes.request(rows=("ours",))
    write(tmp_path, asked)
    plan = plan_of(asked)
    cell = fakes.FakeCell("cut", plan.manifest.plan[:1], has_duty=False)
    *cut_off, _ = asyncio.run(told([cell], fakes.Clicker()))
    with RunLog(tmp_path / "ours" / "events-9.jsonl", open_run("9", plan.manifest)) as log:
        for event in cut_off:
            log.append(event)
    tables.derive(tmp_path)
    with duckdb.connect() as db:
        found = db.execute(f"SELECT count(*) FROM '{tmp_path}/steps.parquet'").fetchone()
    (run,) = load_runs(tmp_path).values()
    assert found == (sum(episode.n_steps for episode in run.ended.values()),)
