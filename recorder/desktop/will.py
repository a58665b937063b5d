"""What happens to the processes of a display when its owner dies, kill -9 included."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Self

# reads process groups until its standard input ends, which it does with whoever holds the other end
_EXECUTOR = """
groups=
while read -r group; do groups="$groups -$group"; done
[ -z "$groups" ] || kill -s KILL -- $groups
rm -rf -- "$1"
"""


class Will:
    """Ends process groups and deletes a folder if this process dies within the `with` block.

    After the block nothing more is done: then who made them has ended them.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Self:
        self._executor = subprocess.Popen(
            ["/bin/sh", "-c", _EXECUTOR, "sh", self._folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C is not for it
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.kill()
        self._executor.communicate()

    def add(self, group: int) -> None:
        """Let a process group end with us."""
        assert self._executor.stdin
        self._executor.stdin.write(f"{group}\n".encode())
        self._executor.stdin.flush()
