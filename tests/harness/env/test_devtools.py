"""The pipe to a browser says what happened to it, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from harness.env.chromium import Chromium
from harness.env.devtools import Devtools
from harness.errors import InfrastructureError
from tests.harness.crew import chromium
from tests.waiting import until

pytestmark = pytest.mark.browser

NOWHERE = "http://127.0.0.1:9"
BLANK = "data:text/html,blank"
FOREVER = {"expression": "new Promise(() => {})", "awaitPromise": True}


async def test_a_command_that_is_refused_says_why() -> None:
    browser = await Chromium.start(NOWHERE)
    tab = await browser.open(BLANK)
    with pytest.raises(InfrastructureError, match="wasn't found"):
        await tab.send("Page.flyAway")
    await browser.close()


async def test_whoever_waits_is_told_when_the_browser_dies() -> None:
    browser = await Chromium.start(NOWHERE)
    tab = await browser.open(BLANK)
    waiting = asyncio.create_task(tab.send("Runtime.evaluate", FOREVER))
    await tab.send("Runtime.evaluate", {"expression": "1"})
    chromium().kill()
    with pytest.raises(InfrastructureError, match="browser is gone"):
        await waiting
    assert not browser.is_open
    with pytest.raises(InfrastructureError, match="browser is gone"):
        await browser.open(BLANK)
    await browser.close()


async def test_whoever_waits_is_told_when_the_page_dies_and_others_go_on() -> None:
    browser = await Chromium.start(NOWHERE)
    other = await browser.open(BLANK)
    before = {one.pid for one in psutil.Process().children(recursive=True)}
    tab = await browser.open("data:text/html,another")
    waiting = asyncio.create_task(tab.send("Runtime.evaluate", FOREVER))
    await tab.send("Runtime.evaluate", {"expression": "1"})
    renderers = [
        one
        for one in psutil.Process().children(recursive=True)
        if one.pid not in before and "--type=renderer" in one.cmdline()
    ]
    for renderer in renderers:
        renderer.kill()
    with pytest.raises(InfrastructureError, match="page is gone"):
        await waiting
    answer = await other.send("Runtime.evaluate", {"expression": "40 + 2"})
    assert answer["result"]["value"] == 42
    await browser.close()


async def test_a_browser_that_ends_at_once_leaves_its_last_words() -> None:
    devtools = await Devtools.start(["sh", "-c", "echo I lost my way >&2; exit 3"], {})
    with pytest.raises(InfrastructureError, match=r"is gone: exit code 3, .* 'I lost my way'"):
        await devtools.send("Browser.getVersion")
    await devtools.close()


async def test_a_browser_starts_where_temporary_files_have_long_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / ("long" * 20)
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    browser = await Chromium.start(NOWHERE)
    await browser.open(BLANK)
    await browser.close()


START = f"""
import asyncio
from harness.env.chromium import Chromium
async def main():
    browser = await Chromium.start({NOWHERE!r})
    await browser.open({BLANK!r})
    print("open", flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


@pytest.mark.slow
def test_a_browser_ends_with_us_even_when_we_are_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", START],
        stdout=subprocess.PIPE,
        env={"TMPDIR": str(tmp_path), "PATH": "/usr/local/bin:/usr/bin:/bin"},
        cwd=Path(__file__).parents[3],
    ) as ours:
        assert ours.stdout
        assert ours.stdout.readline() == b"open\n"
        browsers = psutil.Process(ours.pid).children(recursive=True)
        assert browsers
        ours.kill()
    until(lambda: not [one for one in browsers if one.is_running()])
