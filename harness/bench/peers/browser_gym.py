"""BrowserGym's MiniWoB++ environment, as its documentation uses it.

Run as a script by an interpreter that has `browsergym-miniwob`: prints one line of JSON.
Arguments: seconds, first seed, the places to click, the browser, and the folder of the pages.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any


def main() -> None:
    """Play episodes for a while and print how many."""
    seconds, seed, places = float(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3])
    browser, pages = sys.argv[4], sys.argv[5]
    os.environ["MINIWOB_URL"] = f"file://{pages}/"
    import browsergym.miniwob  # noqa: F401, PLC0415  # pyright: ignore[reportMissingImports, reportUnusedImport]
    import gymnasium  # noqa: PLC0415 - only where a peer is measured
    from playwright.sync_api import BrowserType  # noqa: PLC0415 - as above

    launch: Any = BrowserType.launch

    # its chat window takes no path of a browser, and its own browser may not be to be had
    def launch_here(self: BrowserType, **options: Any) -> Any:
        return launch(self, **{**options, "executable_path": browser})

    BrowserType.launch = launch_here
    env = gymnasium.make("browsergym/miniwob.click-test", headless=True)

    def play(episode: int) -> None:
        env.reset(seed=episode)
        for x, y in places:
            env.step(f"mouse_click({x}, {y})")

    try:
        play(seed)
        episodes, start = 0, time.perf_counter()
        while time.perf_counter() - start < seconds:
            episodes += 1
            play(seed + episodes)
        took_s = time.perf_counter() - start
    finally:
        env.close()
    sys.stdout.write(json.dumps({"episodes": episodes, "seconds": took_s}) + "\n")


if __name__ == "__main__":
    main()
