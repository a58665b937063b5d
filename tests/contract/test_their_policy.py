"""Anybody's policy plays, known to the harness by its name alone."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.control import load_policy
from harness.measure.events import EpisodeEnded, HelpRequested, RunEvent
from harness.modes.episodes import EpisodeCell
from tests.harness.modes.rehearsal import Theatre, in_theatre, planned

EXAMPLE = Path(__file__).with_name("their_package.py")


@pytest.mark.slow
@pytest.mark.browser
def test_the_example_presses_the_button_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / EXAMPLE.name).write_text(EXAMPLE.read_text())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "their_package", raising=False)
    policy = load_policy("their_package:PressesWhatIsNamed")

    async def played(theatre: Theatre) -> list[RunEvent]:
        stage = replace(theatre.stage(None, tmp_path / "stop"), policy=policy)
        cells = [EpisodeCell(planned("miniwob-click-button", seed)) for seed in range(3)]
        return [event for cell in cells for event in await cell.play(stage)]

    events = in_theatre(played)
    ends = [event for event in events if isinstance(event, EpisodeEnded)]
    assert [end.is_verified for end in ends] == [True] * 3
    assert not any(isinstance(event, HelpRequested) for event in events)
