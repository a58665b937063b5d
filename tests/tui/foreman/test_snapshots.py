"""Every screen at the least and at a large size of terminal, as it was when somebody looked."""

from __future__ import annotations

from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.tui.foreman.fixed import FixedBridge
from tests.tui.foreman.shifts import morning
from tests.tui.foreman.still import seen_on, still
from tests.tui.foreman.story import Story
from tui.modes import MODES
from tui.reel import Reel
from tui.replay import ReplayBridge
from tui.standings import LOOKS

SIZES = [(80, 24), (200, 60)]
_LOOKED_AT = {"takeover": "rooms"}
"""Agents for screens that are about one; otherwise the one that asks for most."""


@pytest.fixture(scope="module")
def told() -> Story:
    """A shift in which every agent stands in a way of its own."""
    return morning()


@pytest.fixture(scope="module")
def folder(told: Story, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where it was recorded."""
    return told.write(tmp_path_factory.mktemp("runs") / "morning")


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same colours on every machine."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
@pytest.mark.parametrize("mode", sorted(set(MODES) - {"replay"}))
async def test_a_screen_is_as_it_was(
    mode: str, size: tuple[int, int], told: Story, folder: Path, snapshot: SnapshotAssertion
) -> None:
    selected = _LOOKED_AT.get(mode, "billing")
    async with still(FixedBridge(told, folder), mode, size, selected) as pilot:
        assert seen_on(pilot) == snapshot


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
async def test_a_recording_is_as_it_was(
    size: tuple[int, int], folder: Path, snapshot: SnapshotAssertion
) -> None:
    with ReplayBridge(Reel.read(folder), lambda: 0) as bridge:
        bridge.seek(0.6 * bridge.reel.end_ms)
        async with still(bridge, "replay", size) as pilot:
            assert seen_on(pilot) == snapshot


async def test_how_everybody_stands_is_said_without_colour(
    told: Story, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with still(FixedBridge(told, folder), "wall", (120, 34)) as pilot:
        shown = seen_on(pilot)
    for agent in told.agents:
        assert LOOKS[FixedBridge(told, folder).standing(agent)].mark in shown
        assert agent in shown
