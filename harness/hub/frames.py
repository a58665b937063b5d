"""What an agent's screen shows now: a file mapped into memory, in which only the last frame is.

The worker writes, the hub and terminals look; nobody waits for anybody, and nothing queues. Layout:

    MAGIC, width, height, number begun, time in ns of the monotonic clock, number ended; then pixels

A reader that finds the two numbers different looked while the writer wrote, and looks again.
"""

from __future__ import annotations

import mmap
import os
import struct
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MAGIC = b"live 1\n\0"
_HEADER = struct.Struct("<8sIIQQQ")
_BEGUN = struct.Struct("<Q")
_BEGUN_AT, _ENDED_AT = 16, 32
_TRIES = 4
_MOST_BYTES = 8192 * 8192 * 3
_SAME_NS = 250_000_000
"""For which a file that was there is taken to be the same one."""


@dataclass(frozen=True, slots=True, eq=False)
class LiveFrame:
    """What a screen showed."""

    number: int
    """Of the frame, counted from 1 by the worker."""
    t_ns: int
    """When it was taken, by the monotonic clock of the machine."""
    pixels: NDArray[np.uint8]
    """(H, W, 3) RGB."""


class FrameWriter:
    """Shows the frames of one agent.

    Args:
        path: of the file, which is replaced.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._map: mmap.mmap | None = None
        self.number = 0

    def show(self, pixels: NDArray[np.uint8], t_ns: int) -> None:
        """Show a frame, (H, W, 3) RGB, taken at a time of the monotonic clock.

        Raises:
            OSError: there is no room for it.
        """
        height, width = pixels.shape[:2]
        self.number += 1
        size = _HEADER.size + pixels.size
        if self._map is None or len(self._map) != size:
            self._map = self._made(size)
        self._map[_BEGUN_AT : _BEGUN_AT + 8] = _BEGUN.pack(self.number)
        self._map[_HEADER.size :] = pixels.tobytes()
        head = _HEADER.pack(MAGIC, width, height, self.number, t_ns, 0)
        self._map[:_ENDED_AT] = head[:_ENDED_AT]
        self._map[_ENDED_AT : _ENDED_AT + 8] = _BEGUN.pack(self.number)

    def close(self) -> None:
        """Show nothing any more."""
        if self._map is not None:
            self._map.close()
            self._map = None
        self._path.unlink(missing_ok=True)

    def _made(self, size: int) -> mmap.mmap:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # a new file, for one that is cut while somebody looks would end them
        part = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        file = os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.ftruncate(file, size)
            made = mmap.mmap(file, size)
        finally:
            os.close(file)
        part.replace(self._path)
        return made


class FrameReader:
    """Looks at the frames of one agent, whoever shows them now."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._map: mmap.mmap | None = None
        self._inode = 0
        self._looked_ns = 0

    def taken_ns(self) -> int | None:
        """Return when the last frame was taken, by the monotonic clock; None if there is none.

        Another file at its place is noticed a quarter of a second late: this is asked often.
        """
        if self._map is None or time.monotonic_ns() - self._looked_ns > _SAME_NS:
            self._open()
        found = self._whole
        return _HEADER.unpack_from(found)[4] if found else None

    def read(self) -> LiveFrame | None:
        """Return the last frame; None if there is none, or too many come to catch one whole."""
        self._open()
        found = self._whole
        if found is None:
            return None
        for _ in range(_TRIES):
            _, width, height, begun, t_ns, ended = _HEADER.unpack_from(found)
            size = 3 * width * height
            if begun != ended or size != len(found) - _HEADER.size:
                continue
            pixels = np.frombuffer(found[_HEADER.size :], np.uint8).reshape(height, width, 3)
            if _HEADER.unpack_from(found)[3] == ended:
                return LiveFrame(ended, t_ns, pixels)
        return None

    def close(self) -> None:
        """Look no more."""
        if self._map is not None:
            self._map.close()
            self._map = None

    @property
    def _whole(self) -> mmap.mmap | None:
        """The file, if it is one of ours."""
        return self._map if self._map and self._map[: len(MAGIC)] == MAGIC else None

    def _open(self) -> None:
        """Map the file that is there now, if it is another one than before."""
        self._looked_ns = time.monotonic_ns()
        try:
            status = self._path.stat()
        except OSError:
            self.close()
            return
        if self._map is not None and status.st_ino == self._inode:
            return
        self.close()
        if not _HEADER.size < status.st_size <= _HEADER.size + _MOST_BYTES:
            return
        file = os.open(self._path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        try:
            self._map = mmap.mmap(file, 0, prot=mmap.PROT_READ)
        finally:
            os.close(file)
        self._inode = status.st_ino
