"""A terminal at which nobody sits: keys are pressed, and what comes back is counted and timed."""

from __future__ import annotations

import fcntl
import os
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from statistics import quantiles

from harness.errors import InfrastructureError

SIZE = (200, 60)
"""Columns and rows of the terminal."""
_CHUNK = 1 << 16
_PATIENCE_S = 60.0
_ANSWER_S = 30.0
_PAUSE_S = (0.15, 0.45)
"""Between two keys, at least and at most; they must not keep step with anything that redraws."""
_STYLES = re.compile(rb"\x1b\[[0-9;:?]*[A-Za-z]")
_CARRY = 256
"""Bytes of what came before that are searched again: words may come in two pieces."""


@dataclass(frozen=True, slots=True)
class Press:
    """A key, and what the screen says once it has been heard."""

    key: bytes
    says: str
    """Nothing else makes the program write this."""


@dataclass(frozen=True, slots=True)
class Sitting:
    """What a program did while keys were pressed."""

    core_percent: float
    """User and system time of its process, of one core."""
    stolen_percent: float
    """Time that the machine was not given by its host, of all its cores: keys wait for it, too."""
    memory_mb: float
    bytes_per_s: float
    first_ms: tuple[float, ...]
    """From each key to the first byte that came, whatever it was for."""
    key_ms: tuple[float, ...]
    """From each key to what it asked for."""

    def figures(self) -> dict[str, float]:
        """Return its figures by name; times as medians and 95th percentiles."""
        found = {
            "core_percent": self.core_percent,
            "stolen_percent": self.stolen_percent,
            "memory_mb": self.memory_mb,
            "bytes_per_s": self.bytes_per_s,
            "keys": float(len(self.key_ms)),
        }
        for name, times in (("first_byte_ms", self.first_ms), ("key_ms", self.key_ms)):
            shares = quantiles(times, n=20, method="inclusive")
            found |= {f"{name}_p50": shares[9], f"{name}_p95": shares[18]}
        return found


@contextmanager
def seated(command: Sequence[str], environment: Mapping[str, str]) -> Generator[Seat]:
    """Run a program in a terminal of its own, and end it."""
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE[::-1], 0, 0))
    # it is a controlling terminal so that the program sees what a shell would give it
    process = subprocess.Popen(
        command,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        env={**environment, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
    )
    os.close(slave)
    try:
        yield Seat(process, master)
    finally:
        process.kill()
        process.wait()
        os.close(master)


class Seat:
    """Presses keys and reads what comes.

    Args:
        process: the program.
        master: our end of its terminal.
    """

    def __init__(self, process: subprocess.Popen[bytes], master: int) -> None:
        self._process = process
        self._master = master
        self._n_bytes = 0
        self._tail = b""

    def wait_for(self, words: str) -> None:
        """Read until the program says something.

        Raises:
            InfrastructureError: it does not, or it ended.
        """
        deadline = time.monotonic() + _PATIENCE_S
        while words.encode() not in _STYLES.sub(b"", self._tail):
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise InfrastructureError(f"the program never said {words!r}: {self._tail!r}")
            self._read(time.monotonic() + _PAUSE_S[0])

    def measure(self, presses: Sequence[Press], seed: int) -> Sitting:
        """Press keys at times that are drawn, and return what it came to.

        Raises:
            InfrastructureError: the program ended, or does not answer a key.
        """
        import psutil  # noqa: PLC0415 - with the bench extra only

        process, draws = psutil.Process(self._process.pid), Random(seed)
        self._n_bytes = 0
        before, start, stolen_s = process.cpu_times(), time.monotonic(), _stolen_s()
        first: list[float] = []
        answers: list[float] = []
        for press in presses:
            self._idle(draws.uniform(*_PAUSE_S))
            came, answered = self._press(press)
            first.append(came)
            answers.append(answered)
        after, seconds = process.cpu_times(), time.monotonic() - start
        used_s = after.user + after.system - before.user - before.system
        return Sitting(
            core_percent=100 * used_s / seconds,
            stolen_percent=100 * (_stolen_s() - stolen_s) / seconds / (os.cpu_count() or 1),
            memory_mb=process.memory_info().rss / 1e6,
            bytes_per_s=self._n_bytes / seconds,
            first_ms=tuple(first),
            key_ms=tuple(answers),
        )

    def _press(self, press: Press) -> tuple[float, float]:
        self._tail = b""
        pressed, first = time.monotonic(), 0.0
        os.write(self._master, press.key)
        while True:
            if time.monotonic() > pressed + _ANSWER_S:
                raise InfrastructureError(f"no {press.says!r} after {press.key!r}")
            if not self._read(pressed + _ANSWER_S):
                continue
            now = time.monotonic()
            first = first or 1000 * (now - pressed)
            if press.says.encode() in _STYLES.sub(b"", self._tail):
                return first, 1000 * (now - pressed)

    def _idle(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._read(until)

    def _read(self, until: float) -> bool:
        """Read once, until some time at most; say whether anything came.

        Raises:
            InfrastructureError: the program ended.
        """
        ready, _, _ = select.select([self._master], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            return False
        try:
            came = os.read(self._master, _CHUNK)
        except OSError as error:
            raise InfrastructureError(f"the program ended: {self._tail!r}") from error
        self._n_bytes += len(came)
        self._tail = self._tail[-_CARRY:] + came
        return True


def _stolen_s() -> float:
    import psutil  # noqa: PLC0415 - with the bench extra only

    return getattr(psutil.cpu_times(), "steal", 0.0)  # Linux alone knows
