"""A stock pynput listener, as a process: stamps pointer moves as other recorders do, on receipt.

It prints what it heard, as JSON, when its standard input closes.
"""

from __future__ import annotations

import json
import sys
import time


def main() -> None:
    """Listen until standard input closes."""
    from pynput import mouse  # noqa: PLC0415 - needs a display to be imported

    heard: list[tuple[str, int]] = []
    with mouse.Listener(
        on_move=lambda x, y: heard.append((f"move {x} {y}", time.monotonic_ns()))
    ) as listener:
        listener.wait()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.read()
    sys.stdout.write(json.dumps(heard))


if __name__ == "__main__":
    main()
