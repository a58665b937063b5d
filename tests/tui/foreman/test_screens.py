"""What the screens beside the foreman's do when keys are pressed, live and in a recording."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from random import Random

import pytest
from textual.widgets import OptionList, Static

from harness.hub.shift_log import log_path
from tests.soak import repeats
from tests.tui.foreman.fixed import FixedBridge
from tests.tui.foreman.shifts import morning
from tests.tui.foreman.still import StillApp, seen_on, settle, still
from tests.tui.foreman.story import Story
from tui.audit import chain_status
from tui.bridge import Access
from tui.checkup import of_latch
from tui.jump import targets_of
from tui.modes import MODES
from tui.palette import entries
from tui.reel import Mark, Reel
from tui.replay import ReplayBridge
from tui.standings import LOOKS
from tui.themes import THEMES
from tui.widgets.thumbnails import Thumbnails, by_attention


@pytest.fixture(scope="module")
def told() -> Story:
    """A shift in which every agent stands in a way of its own."""
    return morning()


@pytest.fixture(scope="module")
def folder(told: Story, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where it was recorded."""
    return told.write(tmp_path_factory.mktemp("runs") / "morning")


@pytest.fixture
def recording(folder: Path) -> Generator[ReplayBridge]:
    """Its replay, at a clock that stands."""
    with ReplayBridge(Reel.read(folder), lambda: 0) as bridge:
        yield bridge


@pytest.mark.slow
async def test_every_screen_can_be_seen_at_any_moment_of_a_recording(
    recording: ReplayBridge,
) -> None:
    chance = Random(1)
    async with still(recording, "foreman", (100, 30)) as pilot:
        app = pilot.app
        assert isinstance(app, StillApp)
        for mode in sorted(set(MODES) - {"takeover", "doctor"}):
            await app.switch_mode(mode)
            for _ in range(repeats(3, 60)):
                recording.seek(chance.random() * recording.reel.end_ms)
                app.selected = chance.choice([*recording.shift.agents])
                await settle(pilot)
                assert "no picture for" not in seen_on(pilot)  # old, and true all the same
        assert app.crash is None


async def test_keys_steer_a_recording_on_every_screen(recording: ReplayBridge) -> None:
    async with still(recording, "wall", (100, 30)) as pilot:
        await pilot.press("a")
        first = recording.reel.next_moment(Mark.REQUEST, 0)
        assert first is not None
        assert recording.t_ms == first.t_ms
        await pilot.pause()
        assert isinstance(pilot.app, StillApp)
        assert pilot.app.selected == first.agent
        await pilot.press("right_square_bracket")
        assert recording.t_ms == first.t_ms + 10_000
        await pilot.press("plus", "plus", "minus")
        assert recording.speed == 2
        await pilot.press("space")
        assert recording.is_playing
        await pilot.press("space", "s")
        assert (recording.is_playing, recording.stops) == (False, False)
        await pilot.press("greater_than_sign")
        assert recording.is_over


async def test_choosing_a_moment_goes_there(recording: ReplayBridge) -> None:
    async with still(recording, "replay", (100, 30)) as pilot:
        await pilot.press("down", "down", "enter")
        await pilot.pause()
        moments = pilot.app.screen.query_one(OptionList)
        assert moments.highlighted is not None
        chosen = recording.reel.moments[moments.highlighted]
        assert recording.t_ms in (chosen.t_ms, chosen.t_ms - 1)


async def test_the_wall_shows_first_who_needs_somebody(told: Story, folder: Path) -> None:
    bridge = FixedBridge(told, folder)
    order = by_attention(bridge)
    needs = [LOOKS[bridge.standing(each)].attention for each in order]
    assert needs == sorted(needs)
    assert order[:2] == ["billing", "crm"]
    async with still(bridge, "wall", (80, 24), "billing") as pilot:
        app = pilot.app
        assert isinstance(app, StillApp)
        assert pilot.app.screen.query_one(Thumbnails).shown == order
        await pilot.press("right")
        assert app.selected == "crm"
        await pilot.press("enter")
        assert app.current_mode == "agent"


async def test_the_log_screen_explains_the_request_that_is_chosen(
    told: Story, folder: Path
) -> None:
    async with still(FixedBridge(told, folder), "audit", (120, 34)) as pilot:
        await pilot.press("down")
        await pilot.pause()
        latest = [*told.shift.tickets.values()][-2]
        assert latest.request.id in seen_on(pilot)
        assert "each as it was written" in str(pilot.app.screen.query_one("#chains", Static).visual)


def test_an_altered_log_is_found_where_it_was_altered(told: Story, tmp_path: Path) -> None:
    folder = told.write(tmp_path / "run")
    assert not any(each.fault for each in chain_status(folder, is_closed=False))
    lines = log_path(folder).read_bytes().splitlines(keepends=True)
    lines[40] = lines[40].replace(b"1", b"2", 1)
    log_path(folder).write_bytes(b"".join(lines))
    found = {each.name: each for each in chain_status(folder, is_closed=False)}
    assert found["shift.jsonl"].lines == 40
    assert "line 41" in found["shift.jsonl"].fault
    assert not found["events-hub.jsonl"].fault


def test_a_run_log_without_its_end_is_found_once_the_shift_is_over(
    told: Story, tmp_path: Path
) -> None:
    folder = told.write(tmp_path / "run")
    found = {each.name: each.fault for each in chain_status(folder, is_closed=True)}
    assert "was not closed" in found["events-hub.jsonl"]


def test_the_latch_is_tried_where_nobody_looks() -> None:
    assert of_latch().verdict == "ok"


@pytest.mark.parametrize("access", [Access.DRIVER, Access.VIEWER])
async def test_the_palette_offers_what_can_be_done_and_nothing_else(
    access: Access, told: Story, folder: Path
) -> None:
    async with still(FixedBridge(told, folder, access), "wall", (80, 24)) as pilot:
        app = pilot.app
        assert isinstance(app, StillApp)
        names = {each.name for each in entries(app)}
    drives = {
        "Hold crm",
        "Resume reports",
        "Take over mail",
        "Hand back rooms",
        "Release the latch",
    }
    assert "Stop all" in names
    assert (drives & names) == (drives if access is Access.DRIVER else set())
    assert "Replay controls" not in names
    assert not any("pprove" in each for each in names)


async def test_the_palette_of_a_recording_orders_nothing(recording: ReplayBridge) -> None:
    async with still(recording, "foreman", (80, 24)) as pilot:
        app = pilot.app
        assert isinstance(app, StillApp)
        found = {each.name: each for each in entries(app)}
        assert not {"Stop all", "End the shift", "Hold crm"} & set(found)
        await found["Go to the next disagreement"].do(app)
        assert recording.reel.next_moment(Mark.DISAGREEMENT, recording.t_ms) is not None
        for theme in THEMES:
            await found[f"Theme: {theme.name}"].do(app)
            assert app.theme == theme.name


async def test_the_palette_leads_to_screens(told: Story, folder: Path) -> None:
    async with still(FixedBridge(told, folder), "wall", (80, 24)) as pilot:
        app = pilot.app
        assert isinstance(app, StillApp)
        for entry in [each for each in entries(app) if each.name in ("Wall", "Metrics", "Doctor")]:
            await entry.do(app)
            await settle(pilot)
        assert app.current_mode == "doctor"


async def test_a_letter_leads_to_a_panel(told: Story, folder: Path) -> None:
    async with still(FixedBridge(told, folder), "wall", (120, 34), "mail") as pilot:
        app = pilot.app
        assert isinstance(app, StillApp)
        assert app.shown is not None
        letters = targets_of(app.shown)
        await pilot.press("ctrl+o")
        await pilot.pause()
        await pilot.press(next(iter(letters)))
        await pilot.pause()
        assert app.selected == by_attention(app.bridge)[0]
