"""Fragmented MP4, one H.264 frame per fragment, each on disk as soon as it is written.

FFmpeg's own muxer keeps a frame back until the next one tells how long it lasted: a recorder that
is killed while nothing moves would lose what is on the screen. Here a frame is written at once, and
how long it lasted is filled in when the next one comes.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

TIMESCALE = 1000  # units a second: times are milliseconds
_TRACK = 1
_KEY_SAMPLE = 0x0200_0000  # depends on no other
_OTHER_SAMPLE = 0x0101_0000  # depends on others, is no sync sample
_DEFAULT_BASE_IS_MOOF = 0x02_0000
_RUN = 0x0000_0701  # data offset, and duration, size and flags of each sample
_LAST_MS = 1  # what the newest frame is said to last
_DURATION_FROM_END = 12  # of a moof: duration, size and flags of its one sample come last
_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x4000_0000)


@dataclass(frozen=True, slots=True)
class Track:
    """What a player must know before the first frame."""

    width: int
    height: int
    avc_config: bytes
    """AVCDecoderConfigurationRecord: profile, and the parameter sets that frames refer to."""


class FragmentFile:
    """One MP4 file, written fragment by fragment."""

    def __init__(self, path: Path, track: Track) -> None:
        # no buffer: what `add` wrote is in the kernel's hands, and survives our own death
        self._file = path.open("wb", buffering=0)
        self._length = 0
        self._count = 0
        self._newest = (0, 0)  # when it begins, and where its duration is in the file
        self._header = _box(b"ftyp", b"iso5", _u32(512), b"iso5iso6mp41") + _moov(track)

    def add(self, frame: bytes, pts_ms: int, *, is_key: bool) -> None:
        """Write one frame: NAL units, each behind its length in four bytes.

        Raises:
            OSError: the disk refused it; nothing of it is left in the file.
        """
        head = b"" if self._count else self._header  # with a frame, or not at all
        head += _moof(self._count + 1, pts_ms, len(frame), is_key=is_key)
        duration_at = self._length + len(head) - _DURATION_FROM_END
        self._write(head + _box(b"mdat", frame))
        if self._count:
            since_ms, place = self._newest
            # players that seek look for the frame that lasts until the time they want
            self._file.seek(place)
            self._file.write(_u32(pts_ms - since_ms))
            self._file.seek(self._length)
        self._newest = (pts_ms, duration_at)
        self._count += 1

    def close(self) -> None:
        """Close the file; it is whole at any time, so this writes nothing."""
        self._file.close()

    def _write(self, body: bytes) -> None:
        left = memoryview(body)
        try:
            while left:
                left = left[self._file.write(left) :]
        except OSError:
            self._file.truncate(self._length)
            self._file.seek(self._length)
            raise
        self._length += len(body)


def _box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def _full_box(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    return _box(kind, _u32(version << 24 | flags), *parts)


def _u32(*values: int) -> bytes:
    return struct.pack(f">{len(values)}I", *values)


def _moof(number: int, pts_ms: int, size: int, *, is_key: bool) -> bytes:
    flags = _KEY_SAMPLE if is_key else _OTHER_SAMPLE

    def build(data_offset: int) -> bytes:
        return _box(
            b"moof",
            _full_box(b"mfhd", 0, 0, _u32(number)),
            _box(
                b"traf",
                _full_box(b"tfhd", 0, _DEFAULT_BASE_IS_MOOF, _u32(_TRACK)),
                _full_box(b"tfdt", 1, 0, struct.pack(">Q", pts_ms)),
                _full_box(b"trun", 0, _RUN, _u32(1, data_offset, _LAST_MS, size, flags)),
            ),
        )

    return build(len(build(0)) + 8)  # counted from the moof; the mdat's own header is 8 bytes


def _moov(track: Track) -> bytes:
    movie = _u32(0, 0, TIMESCALE, 0, 0x10000) + b"\1\0" + bytes(10) + _MATRIX
    return _box(
        b"moov",
        _full_box(b"mvhd", 0, 0, movie, bytes(24), _u32(_TRACK + 1)),
        _box(b"trak", _tkhd(track), _box(b"mdia", *_mdia(track))),
        _box(b"mvex", _full_box(b"trex", 0, 0, _u32(_TRACK, 1, 0, 0, 0))),
    )


def _tkhd(track: Track) -> bytes:
    place = _u32(0, 0, _TRACK, 0, 0, 0, 0, 0, 0)
    return _full_box(b"tkhd", 0, 3, place, _MATRIX, _u32(track.width << 16, track.height << 16))


def _mdia(track: Track) -> tuple[bytes, ...]:
    undetermined = 0x55C4_0000  # language "und"
    tables = (
        _full_box(b"stsd", 0, 0, _u32(1), _avc1(track)),
        *(_full_box(kind, 0, 0, _u32(0)) for kind in (b"stts", b"stsc")),
        _full_box(b"stsz", 0, 0, _u32(0, 0)),
        _full_box(b"stco", 0, 0, _u32(0)),
    )
    here = _full_box(b"dref", 0, 0, _u32(1), _full_box(b"url ", 0, 1))
    return (
        _full_box(b"mdhd", 0, 0, _u32(0, 0, TIMESCALE, 0, undetermined)),
        _full_box(b"hdlr", 0, 0, _u32(0), b"vide", bytes(12), b"screen\0"),
        _box(
            b"minf",
            _full_box(b"vmhd", 0, 1, bytes(8)),
            _box(b"dinf", here),
            _box(b"stbl", *tables),
        ),
    )


def _avc1(track: Track) -> bytes:
    return _box(
        b"avc1",
        bytes(6) + b"\0\1" + bytes(16),
        struct.pack(">HHIIIH", track.width, track.height, 72 << 16, 72 << 16, 0, 1),
        bytes(32),
        struct.pack(">Hh", 24, -1),
        _box(b"avcC", track.avc_config),
    )
