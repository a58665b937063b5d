"""Programs of our own that help with a measurement."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import recorder
from recorder.errors import CaptureError


class Helper:
    """A module run as a process that ends with the block.

    By agreement it prints a first line once it is ready, and ends when its input closes.
    """

    def __init__(self, env: Mapping[str, str], module: str, *args: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *args],
            env={**env, "PYTHONPATH": str(Path(recorder.__file__).parents[1])},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        with self._process:  # closes its pipes and waits for it
            pass

    @property
    def pid(self) -> int:
        """Return the number of the process."""
        return self._process.pid

    def wait_until_ready(self) -> None:
        """Wait for its first line.

        Raises:
            CaptureError: it ended before that.
        """
        if self._process.stdout is None or not self._process.stdout.readline():
            self.finish()

    def finish(self) -> str:
        """Close its input, wait for its end, and return what it printed.

        Raises:
            CaptureError: it failed.
        """
        out, error = self._process.communicate()
        if self._process.returncode:
            raise CaptureError(f"{self._process.args!r} failed: {error.strip()}")
        return out
