"""A person's demonstrations are recorded as a person's."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from harness.demonstrate import Plan, Take, Unit, demonstrate_by_human
from harness.demonstrate.browser import RecordableChromium
from harness.demonstrate.by_human import FILMING_FPS, show_task
from harness.demonstrate.plan import open_folder
from harness.demonstrate.reading import demonstrations
from harness.demonstrate.stage import Filming, recorded_stage
from harness.demonstrate.takes import list_recording
from harness.env.browsers import Browsers
from recorder.desktop.xvfb import VirtualDisplay
from recorder.errors import UnsupportedError
from recorder.schema import Click, Controller
from recorder.store import Recording
from tests.waiting import until

PLAN = Plan(tasks=("miniwob-click-test",), episodes=1, by_human=True)
FILMING = Filming(consent="a test", fps=FILMING_FPS, settle_ms=20)


def until_shown(folder: Path) -> None:
    """Wait until a task is on the screen and in the recording."""
    events = folder / "recordings" / "0001" / "events.jsonl"
    until(
        lambda: (
            events.exists() and b"frame_same" in events.read_bytes().partition(b"task_start")[2]
        ),
        "a task is shown",
        patience_s=60,
    )


@pytest.mark.browser
@pytest.mark.slow
async def test_what_a_person_does_is_an_episode_of_a_human(tmp_path: Path) -> None:
    open_folder(tmp_path, PLAN)
    async with Browsers(RecordableChromium.start) as browsers:
        lease = await browsers.open()
        async with recorded_stage(tmp_path / "recordings" / "0001", lease, FILMING) as stage:
            shown = show_task(stage, Unit(0, PLAN.tasks[0]), PLAN, threading.Event())
            playing = asyncio.create_task(shown)
            await asyncio.to_thread(until_shown, tmp_path)
            await lease.tab.page.frame_locator("iframe").locator("#area button").click()
            await playing
        await lease.close()
    (take,) = list_recording(tmp_path, "0001")
    assert take.success
    (episode,) = demonstrations(tmp_path)
    (step,) = episode.steps
    assert isinstance(step.action, Click)
    assert step.controller is Controller.HUMAN
    assert step.observation.t_ns < step.t_ns


@pytest.mark.browser
@pytest.mark.display
@pytest.mark.slow
def test_a_window_opens_and_stops_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped, takes, folder = threading.Event(), list[Take](), tmp_path / "demos"

    def stop_when_shown() -> None:
        until_shown(folder)
        stopped.set()

    watching = threading.Thread(target=stop_when_shown)
    with VirtualDisplay((800, 600)) as display:
        monkeypatch.setenv("DISPLAY", display.name)
        watching.start()
        demonstrate_by_human(folder, PLAN, consent="a test", stopped=stopped, told=takes.append)
        watching.join()
    assert takes == []
    recording = Recording(folder / "recordings" / "0001")
    assert recording.manifest.consent == "a test"
    assert recording.manifest.counts["frame"] >= 1


def test_no_window_opens_without_a_display(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(UnsupportedError, match="no display"):
        demonstrate_by_human(tmp_path / "demos", PLAN, consent="a test", stopped=threading.Event())
