"""The recorder under test, as a process: `python -m recorder.bench.subject FOLDER FPS`.

It records `$DISPLAY` until its standard input closes.
"""

from __future__ import annotations

import sys
from pathlib import Path

from recorder.desktop.session import DesktopConfig, DesktopSession
from recorder.gate import Rules


def main(folder: Path, fps: int) -> None:
    """Record until standard input closes."""
    config = DesktopConfig(fps=fps, rules=Rules(trust_display=True))
    with DesktopSession(folder, config, consent="benchmark of a display of its own"):
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
