"""Pictures of screens that decisions rest on, each in a file that is called by its hash."""

from __future__ import annotations

import hashlib
import os
import struct
import tempfile
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.hub.errors import ProtocolError

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER = struct.Struct(">IIBBBBB")
_RGB_8_BIT = (8, 2, 0, 0, 0)
_MOST_PIXELS = 8192 * 8192
_FAST = 1  # compression: what a person waits for


def hash_of(pixels: NDArray[np.uint8]) -> str:
    """Return what stands for a frame: a hash of its size and its pixels, hexadecimal.

    Args:
        pixels: (H, W, 3) RGB.
    """
    found = hashlib.blake2b(digest_size=16)
    found.update(struct.pack(">II", *pixels.shape[:2]))
    found.update(np.ascontiguousarray(pixels).data)
    return found.hexdigest()


class Pictures:
    """The pictures of one run; written by its workers, read by whoever shows them.

    Args:
        folder: made when the first one is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, pixels: NDArray[np.uint8]) -> str:
        """Write a picture, unless it is there, and return its hash.

        Raises:
            OSError: the disk refused.
        """
        name = hash_of(pixels)
        path = self.path_of(name)
        if path.exists():
            return name
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file, part = tempfile.mkstemp(dir=self._folder)
        try:
            with os.fdopen(file, "wb") as out:
                out.write(to_png(pixels))
            Path(part).replace(path)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise
        return name

    def path_of(self, name: str) -> Path:
        """Return where the picture of a hash is, or would be."""
        return self._folder / f"{name}.png"

    def pixels(self, name: str) -> NDArray[np.uint8]:
        """Return the picture of a hash, (H, W, 3) RGB.

        Raises:
            ProtocolError: it is missing, damaged or another one.
        """
        try:
            pixels = from_png(self.path_of(name).read_bytes())
        except OSError as error:
            raise ProtocolError(f"no picture {name}: {error.strerror}") from error
        if hash_of(pixels) != name:
            raise ProtocolError(f"picture {name} holds another frame")
        return pixels


def to_png(pixels: NDArray[np.uint8]) -> bytes:
    """Return a frame, (H, W, 3) RGB, as a PNG file (ISO 15948) of unfiltered rows."""
    height, width = pixels.shape[:2]
    rows = np.zeros((height, 1 + 3 * width), np.uint8)
    rows[:, 1:] = pixels.reshape(height, 3 * width)
    header = _HEADER.pack(width, height, *_RGB_8_BIT)
    body = zlib.compress(rows.tobytes(), _FAST)
    return b"".join(
        (_SIGNATURE, _chunk(b"IHDR", header), _chunk(b"IDAT", body), _chunk(b"IEND", b""))
    )


def from_png(png: bytes) -> NDArray[np.uint8]:
    """Return the frame in a file that `to_png` made.

    Raises:
        ProtocolError: it is damaged, or made by something else.
    """
    header = png[16 : 16 + _HEADER.size]
    if not png.startswith(_SIGNATURE) or len(header) < _HEADER.size:
        raise ProtocolError("not a PNG file")
    width, height, *kind = _HEADER.unpack(header)
    if tuple(kind) != _RGB_8_BIT or not 0 < width * height <= _MOST_PIXELS:
        raise ProtocolError(f"a PNG file of {width}x{height}, kind {kind}; not one of ours")
    start = 16 + _HEADER.size + 4
    size = int.from_bytes(png[start : start + 4], "big")
    body = png[start + 8 : start + 8 + size]
    whole = height * (1 + 3 * width)
    try:
        # never more than the header promised, whatever was compressed
        rows = zlib.decompressobj().decompress(body, whole)
    except zlib.error as error:
        raise ProtocolError(f"a damaged PNG file: {error}") from error
    if len(rows) != whole:
        raise ProtocolError("a PNG file that was cut")
    table = np.frombuffer(rows, np.uint8).reshape(height, 1 + 3 * width)
    if table[:, 0].any():
        raise ProtocolError("a PNG file of filtered rows; not one of ours")
    return table[:, 1:].reshape(height, width, 3).copy()


def _chunk(kind: bytes, body: bytes) -> bytes:
    check = zlib.crc32(kind + body).to_bytes(4, "big")
    return len(body).to_bytes(4, "big") + kind + body + check
