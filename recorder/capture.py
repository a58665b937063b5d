"""Sources → gate → store: the running recording that both the desktop and the browser feed.

Events go through the gate into a queue and are on disk as soon as the writer thread gets to them;
images go through a short queue of their own to the encoder, and may be dropped (and counted) when
it cannot keep up. Events are never dropped: if the disk refuses them, the recording stops loudly
with everything before kept.
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Full, Queue, SimpleQueue

import av.error
import numpy as np
from numpy.typing import NDArray

from recorder.clock import Clock, SystemClock, anchor, missed_time
from recorder.gate import Gate
from recorder.masks import paint
from recorder.schema import (
    Box,
    Event,
    Fault,
    Frame,
    FrameUnchanged,
    Gap,
    HeldState,
    InputEvent,
    Redacted,
)
from recorder.store import Manifest, RecordingWriter
from recorder.surgery import remove_span
from recorder.video import VideoSettings, VideoWriter

log = logging.getLogger(__name__)

MAX_FPS = 60
_QUEUE_LIMIT = 100_000
_UNCHANGED_NS = 1_000_000_000
_ANCHOR_NS = 10_000_000_000
_LOW_DISK = 32 * 1024 * 1024
_BEAT_S = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """A grabbed image on its way to the encoder; nobody writes to its pixels any more."""

    pixels: NDArray[np.uint8]
    """(H, W, 4) BGRA."""
    start_ns: int
    t_ns: int
    end_ns: int
    dirty: tuple[Box, ...] = ()
    """What changed since the image submitted before; empty when that is not known."""
    page: str = ""
    cut: bool = False
    """True when it must start a new segment."""


@dataclass(frozen=True, slots=True)
class Status:
    """What a status line shows."""

    seconds: float
    events: int
    frames: int
    dropped_frames: int
    megabytes: float
    paused: bool
    warnings: tuple[str, ...]
    stopped: bool


@dataclass(slots=True)
class _Tally:
    events: int = 0
    frames: int = 0
    dropped: int = 0
    warnings: list[str] = field(default_factory=list[str])


class _Task:
    """Something to be done by the encoder thread between two images."""

    def __init__(self, act: Callable[[], None]) -> None:
        self._act = act
        self.outcome: Future[None] = Future()

    def run(self) -> None:
        try:
            self.outcome.set_result(self._act())
        except Exception as error:  # noqa: BLE001 - handed to whoever waits for the outcome
            self.outcome.set_exception(error)


class Capture:
    """One running recording. Sources call `submit` and `submit_image` from any thread."""

    def __init__(
        self,
        writer: RecordingWriter,
        gate: Gate,
        *,
        clock: Clock | None = None,
        video: VideoSettings | None = None,
        held_state: Callable[[], HeldState | None] = lambda: None,
        frame_hold_s: float = 0.0,
    ) -> None:
        """Start the writer, encoder and watchdog threads.

        Args:
            writer: the recording, open.
            gate: decides what may be kept.
            clock: where times come from.
            video: how frames are encoded.
            held_state: what is held down right now; asked after a pause.
            frame_hold_s: how long an image waits in memory before it is covered and encoded, so
                that late word of a secret field still covers it.
        """
        self.gate = gate
        self.clock = clock or SystemClock()
        self.stopped = threading.Event()
        self._writer = writer
        self._video = VideoWriter(writer.folder / "video", settings=video)
        self._held_state = held_state
        self._frame_hold_s = frame_hold_s
        self._tally = _Tally()
        self._unchanged_ns: dict[str, int] = {}
        self._started_ns = self.clock.now_ns()
        self._events: SimpleQueue[list[Event] | threading.Event | None] = SimpleQueue()
        self._images: Queue[Image | _Task | None] = Queue(maxsize=4)
        self._order = threading.Lock()
        self._threads = [
            threading.Thread(target=self._write_events, name="recorder-events"),
            threading.Thread(target=self._encode_images, name="recorder-video"),
        ]
        self._watchdog = threading.Thread(target=self._watch, name="recorder-watch", daemon=True)
        self._disk_full = False
        self._checks: list[Callable[[], str | None]] = []
        self._put([anchor(self.clock)])
        for thread in (*self._threads, self._watchdog):
            thread.start()

    # For sources --------------------------------------------------------------------------------

    def submit(self, event: Event) -> None:
        """Pass an event through the gate and keep what it lets through."""
        with self._order:  # what the gate decides and what is queued keep one order
            kept = self.gate.admit(event)
            if kept:
                self._put(kept)

    def submit_image(self, image: Image) -> bool:
        """Hand over an image; return False when it was dropped because the encoder is behind."""
        if self.gate.page_denied(image.page, image.start_ns) or self.stopped.is_set():
            return False
        try:
            self._images.put_nowait(image)
        except Full:
            self._tally.dropped += 1
            return False
        return True

    def drop_image(self) -> None:
        """Count an image that its source had to drop."""
        self._tally.dropped += 1

    def note(self, *events: Event) -> None:
        """Keep the recorder's own events, which the gate has no say in."""
        with self._order:
            self._put(list(events))

    def settle(self, decide: Callable[[], list[Event]]) -> None:
        """Run a gate decision that may release held events, and keep what it returns."""
        with self._order:
            self._put(decide())

    def fault(self, what: str, detail: str = "") -> None:
        """Say loudly that something failed: in the recording, the log and the status line."""
        log.error("recording fault: %s %s", what, detail)
        self._warn(f"{what}: {detail}" if detail else what)
        self.note(Fault(t_ns=self.clock.now_ns(), what=what, detail=detail))

    def add_check(self, check: Callable[[], str | None]) -> None:
        """Have `check` called four times a second; what it returns is a fault, said once."""
        self._checks.append(check)

    def cut(self, page: str | None = None) -> None:
        """End the current video segment once all images submitted so far are in it."""
        self._between_images(lambda: self._video.cut(page), wait=False)

    def flush(self) -> None:
        """Wait until all images submitted so far are on disk."""
        self._between_images(lambda: None)

    # For the person -----------------------------------------------------------------------------

    def pause(self, reason: str = "asked") -> None:
        """Keep nothing from now on."""
        with self._order:
            self._put(self.gate.pause(self.clock.now_ns(), reason))
        self._between_images(self._video.cut)

    def resume(self) -> None:
        """Go on after a pause, with a fresh segment and a snapshot of what is held down."""
        with self._order:
            events = self.gate.resume(self.clock.now_ns())
            held = self._held_state() if events else None
            self._put([*events, held] if held else events)

    def panic(self, minutes: float) -> None:
        """Delete what was recorded in the last `minutes`: the bytes are overwritten."""
        now_ns = self.clock.now_ns()
        from_ns = max(self._started_ns, now_ns - round(minutes * 60e9))

        def delete() -> None:
            self._video.cut()
            written = threading.Event()
            self._events.put(written)
            written.wait()
            self._writer.rewrite(
                lambda events: [
                    *remove_span(self._writer.folder, events, from_ns, now_ns),
                    Redacted(t_ns=from_ns, end_ns=now_ns, reason="panic"),
                ]
            )

        self._between_images(delete)

    def status(self) -> Status:
        """Return what a status line shows."""
        video = sum(path.stat().st_size for path in (self._writer.folder / "video").glob("*.mp4"))
        return Status(
            seconds=(self.clock.now_ns() - self._started_ns) / 1e9,
            events=self._tally.events,
            frames=self._tally.frames,
            dropped_frames=self._tally.dropped,
            megabytes=(video + self._writer.bytes_written) / 1e6,
            paused=self.gate.paused,
            warnings=tuple(self._tally.warnings),
            stopped=self.stopped.is_set(),
        )

    def close(self) -> Manifest:
        """Write out everything, end the recording and return its manifest. Sources stop first."""
        self.stopped.set()
        self._watchdog.join()
        with self._order:
            self._put(self.gate.finish(self.clock.now_ns()))
        self._images.put(None)
        self._threads[1].join()
        self._put([anchor(self.clock)])
        self._events.put(None)
        self._threads[0].join()
        return self._writer.close(
            self.clock.now_ns(),
            dropped_frames=self._tally.dropped,
            warnings=self._tally.warnings,
        )

    @property
    def folder(self) -> Path:
        """Return where the recording lies."""
        return self._writer.folder

    # Threads ------------------------------------------------------------------------------------

    def _put(self, events: list[Event]) -> None:
        if events:
            self._events.put(events)
            self._tally.events += sum(isinstance(event, InputEvent) for event in events)

    def _write_events(self) -> None:
        while (item := self._events.get()) is not None:
            if isinstance(item, threading.Event):
                item.set()
            elif not self._disk_full:
                try:
                    self._writer.append(item)
                except OSError as error:
                    self._disk_failed(error, item)

    def _encode_images(self) -> None:
        while (item := self._images.get()) is not None:
            try:
                self._encode(item) if isinstance(item, Image) else item.run()
            except (OSError, av.error.FFmpegError) as error:
                self._disk_failed(error, [])
        with suppress(OSError, av.error.FFmpegError):  # said already, by the frame that failed
            self._video.cut()

    def _encode(self, image: Image) -> None:
        wait_s = self._frame_hold_s - (self.clock.now_ns() - image.end_ns) / 1e9
        if wait_s > 0:
            time.sleep(wait_s)
        denied = self.gate.page_denied(image.page, image.start_ns)
        # what is dirty counts from the image before, so one left out ends the segment
        if image.cut or denied:
            self._video.cut(image.page)
        if not denied:
            self._encode_covered(image, self.gate.masks.since(image.start_ns, image.page))

    def _encode_covered(self, image: Image, boxes: Sequence[Box]) -> None:
        pixels, page, dirty, masked = image.pixels, image.page, image.dirty, ()
        if boxes:
            pixels = pixels.copy()  # the source still compares the next image with this one
            masked = paint(pixels, boxes)
            # frames in which only a secret changes would tell how much is typed, and when
            news = self._video.news(pixels, page, dirty=dirty, masked=masked)
            if news is None:
                self._say_unchanged(image)
                return
            dirty = news
        place = self._video.add(pixels, image.t_ns, page, dirty=dirty, masked=masked)
        height, width = pixels.shape[:2]
        self._tally.frames += 1
        self.note(
            Frame(
                t_ns=image.t_ns,
                start_ns=image.start_ns,
                end_ns=image.end_ns,
                segment=place.segment,
                index=place.index,
                pts_ms=place.pts_ms,
                width=width,
                height=height,
                dirty=dirty if place.index else (),
                masked=masked,
                page=page,
            )
        )

    def _say_unchanged(self, image: Image) -> None:
        if image.t_ns - self._unchanged_ns.get(image.page, 0) >= _UNCHANGED_NS:
            self._unchanged_ns[image.page] = image.t_ns
            self.note(FrameUnchanged(t_ns=image.t_ns, page=image.page))

    def _between_images(self, act: Callable[[], None], *, wait: bool = True) -> None:
        task = _Task(act)
        self._images.put(task)
        if wait:
            task.outcome.result()

    def _disk_failed(self, error: Exception, unwritten: list[Event]) -> None:
        if self._disk_full:
            return
        self._disk_full = True
        self._warn(f"cannot write: {error}; recording stopped, what was recorded is kept")
        self._writer.release_reserve()
        fault = Fault(t_ns=self.clock.now_ns(), what="disk-full", detail=str(error))
        with suppress(OSError):  # on a disk that takes nothing at all, the manifest says it
            self._writer.append([*unwritten, fault])
        self.stopped.set()

    def _warn(self, text: str) -> None:
        if text not in self._tally.warnings:
            log.warning("%s", text)
            self._tally.warnings.append(text)

    def _watch(self) -> None:
        last, last_anchor = anchor(self.clock), anchor(self.clock)
        said: set[str] = set()
        while not self.stopped.wait(_BEAT_S):
            now = anchor(self.clock)
            reason = missed_time(last, now)
            if reason:
                self.note(Gap(t_ns=last.t_ns, end_ns=now.t_ns, reason=reason), now)
                self.cut()
            if now.t_ns - last_anchor.t_ns >= _ANCHOR_NS:
                self.note(now)
                last_anchor = now
            last = now
            for fault in filter(None, [self._check_disk(), *(check() for check in self._checks)]):
                if fault not in said:
                    said.add(fault)
                    what, _, detail = fault.partition(": ")
                    self.fault(what, detail)

    def _check_disk(self) -> str | None:
        if shutil.disk_usage(self._writer.folder).free > _LOW_DISK:
            return None
        self.stopped.set()
        return f"disk-full: less than {_LOW_DISK >> 20} MB free; recording stopped, all kept"
