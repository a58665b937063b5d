"""Farama's own Selenium environment of MiniWoB++, as its documentation uses it.

Run as a script: prints one line of JSON. Arguments: seconds, first seed, and the places to click.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any


def main() -> None:
    """Play episodes for a while and print how many."""
    import gymnasium  # noqa: PLC0415 - only where a peer is measured
    import miniwob  # noqa: PLC0415 - registers environments when it is imported
    from miniwob.action import ActionTypes  # noqa: PLC0415 - as above

    seconds, seed, places = float(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3])
    gymnasium.register_envs(miniwob)
    env = gymnasium.make("miniwob/click-test-v1")
    inner: Any = env.unwrapped

    def play(episode: int) -> None:
        env.reset(seed=episode)
        for place in places:
            env.step(inner.create_action(ActionTypes.CLICK_COORDS, coords=[*map(float, place)]))

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
