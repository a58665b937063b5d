"""A recorder that is killed has lost next to nothing of what was done in the browser."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from recorder.recover import recover
from recorder.schema import Frame, Key
from recorder.store import Recording
from recorder.verify import verify
from tests.recorder.browser.servers import Site

pytestmark = [pytest.mark.browser, pytest.mark.slow]
RUNS = 20 if os.environ.get("UNDERSTUDY_SOAK") else 2

_SCRIPT = """
import asyncio, sys
from pathlib import Path
from recorder.browser.session import BrowserConfig, BrowserSession

async def main() -> None:
    config = BrowserConfig(url=sys.argv[2], headless=True, width=640, height=480)
    async with BrowserSession(Path(sys.argv[1]), config, consent="a test") as session:
        for number in range(100_000):
            await session.page.keyboard.press("k")
            print(number, flush=True)
            await asyncio.sleep(0.05)

asyncio.run(main())
"""


@pytest.mark.parametrize("run", range(RUNS))
async def test_a_killed_recorder_loses_at_most_one_event(site: Site, tmp_path: Path, run: int):
    url = site.put("/type", "<textarea autofocus></textarea>")
    folder = tmp_path / "r"
    process = subprocess.Popen(
        [sys.executable, "-c", _SCRIPT, str(folder), url],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout
    wanted = random.Random(run).randrange(20, 60)
    pressed = -1
    while pressed < wanted:
        pressed = int(process.stdout.readline())
    os.kill(process.pid, signal.SIGKILL)
    pressed = max([pressed, *map(int, process.stdout.read().split())])
    process.wait()
    process.stdout.close()
    await asyncio.to_thread(recover, folder)
    presses = [e for e in Recording(folder).events() if isinstance(e, Key) and e.down]
    assert len(presses) >= pressed + 1 - 1
    assert [e for e in Recording(folder).events() if isinstance(e, Frame)]
    assert not verify(folder)
    assert json.loads((folder / "manifest.json").read_text())["state"] == "recovered"
