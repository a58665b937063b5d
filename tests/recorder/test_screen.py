"""Rules of the screen grabber."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import pytest

from recorder.capture import Image
from recorder.clock import SystemClock
from recorder.desktop.probe import BlackWatch, something_is_shown
from recorder.desktop.screen import Grab, MssScreen, Screen, ScreenGrabber
from recorder.desktop.x11 import connect
from recorder.desktop.xvfb import VirtualDisplay
from recorder.errors import CaptureError, ConfigError
from recorder.schema import Box, Event, FrameUnchanged
from tests.waiting import until

PATIENCE_S = 15.0
SECOND = 1_000_000_000


class LateClock(SystemClock):
    """The machine's clock, that can be put forward."""

    ahead_ns = 0

    def now_ns(self) -> int:
        """Return a later time."""
        return super().now_ns() + self.ahead_ns


@dataclass
class Sink:
    """Takes what a grabber gives, as a capture does."""

    takes: bool = True
    images: list[Image] = field(default_factory=list[Image])
    refused: list[Image] = field(default_factory=list[Image])
    events: list[Event] = field(default_factory=list[Event])

    def submit(self, image: Image) -> bool:
        """Take an image, or not."""
        (self.images if self.takes else self.refused).append(image)
        return self.takes


class PaintedScreen:
    """A screen that shows what a test wants."""

    def __init__(self, width: int = 128, height: int = 64) -> None:
        self.region: Box = (0, 0, width, height)
        self.image = np.zeros((height, width, 4), np.uint8)
        self.fails = False
        self.answers = threading.Event()
        self.answers.set()
        self.opened = 0

    def grab(self) -> Grab:
        """Return what was painted."""
        assert self.answers.wait(PATIENCE_S)
        if self.fails:
            raise CaptureError("the screen has changed its size")
        height, width = self.image.shape[:2]
        return Grab(bytearray(self.image.tobytes()), width, height)

    def paint(self, box: Box, value: int) -> None:
        """Show something else."""
        x, y, w, h = box
        image = self.image.copy()
        image[y : y + h, x : x + w] = value
        self.image = image

    def close(self) -> None:
        """Count it."""
        self.opened -= 1


class PaintedGrabber(ScreenGrabber):
    """A grabber of a painted screen."""

    screen: PaintedScreen

    def open_screen(self) -> Screen:
        """Return the painted screen."""
        self.screen.opened += 1
        return self.screen


@contextmanager
def grabbing(
    screen: PaintedScreen, sink: Sink, clock: SystemClock | None = None
) -> Generator[ScreenGrabber]:
    grabber_of = type("Grabber", (PaintedGrabber,), {"screen": screen})
    grabber: ScreenGrabber = grabber_of(
        None, fps=60, submit=sink.submit, note=sink.events.append, clock=clock or SystemClock()
    )
    grabber.start()
    try:
        yield grabber
    finally:
        screen.answers.set()
        grabber.stop()


def test_only_what_changed_is_submitted_and_only_that_is_dirty() -> None:
    screen, sink = PaintedScreen(), Sink()
    with grabbing(screen, sink):
        until(lambda: sink.images)
        screen.paint((70, 10, 3, 3), 255)
        until(lambda: len(sink.images) > 1)
        screen.paint((0, 0, 128, 64), 90)
        until(lambda: len(sink.images) > 2)
    assert [image.dirty for image in sink.images] == [(), ((64, 0, 64, 64),), ((0, 0, 128, 64),)]
    assert not any(image.cut for image in sink.images)
    for image in sink.images:
        assert image.start_ns <= image.t_ns <= image.end_ns


def test_once_a_second_it_says_that_nothing_changed() -> None:
    screen, sink, clock = PaintedScreen(), Sink(), LateClock()
    with grabbing(screen, sink, clock):
        until(lambda: sink.images)
        for count in range(1, 4):
            clock.ahead_ns += 1_000_000_000
            until(lambda count=count: len(sink.events) >= count)
    assert len(sink.images) == 1
    assert all(isinstance(event, FrameUnchanged) for event in sink.events)
    gaps = np.diff([sink.images[0].t_ns, *(event.t_ns for event in sink.events)])
    assert gaps.min() >= 999_000_000


def test_after_an_image_was_dropped_the_next_counts_as_all_new() -> None:
    screen, sink = PaintedScreen(), Sink()
    with grabbing(screen, sink):
        until(lambda: sink.images)
        sink.takes = False
        screen.paint((0, 0, 4, 4), 9)
        until(lambda: len(sink.refused) > 1)
        sink.takes = True
        until(lambda: len(sink.images) > 1)
    assert sink.images[1].dirty == ()
    assert sink.images[1].pixels[0, 0, 0] == 9


def test_the_same_picture_is_submitted_again_when_asked() -> None:
    screen, sink = PaintedScreen(), Sink()
    with grabbing(screen, sink) as grabber:
        until(lambda: sink.images)
        grabber.refresh()
        until(lambda: len(sink.images) > 1)
    assert not sink.images[1].cut


def test_a_new_geometry_starts_a_segment() -> None:
    screen, sink = PaintedScreen(), Sink()
    with grabbing(screen, sink) as grabber:
        until(lambda: sink.images)
        screen.image = np.full((96, 160, 4), 5, np.uint8)
        grabber.geometry_changed()
        until(lambda: len(sink.images) > 1 and sink.images[-1].cut)
    assert sink.images[-1].pixels.shape == (96, 160, 4)
    assert screen.opened == 0


def test_failing_grabs_are_a_fault_until_they_work_again() -> None:
    screen, sink, clock = PaintedScreen(), Sink(), LateClock()
    with grabbing(screen, sink, clock) as grabber:
        until(lambda: sink.images)
        assert grabber.check() is None
        screen.fails = True
        until(lambda: grabber.check() == "screen-failing: the screen has changed its size")
        screen.fails = False
        until(lambda: grabber.check() is None)
        until(lambda: len(sink.images) > 1)
    assert sink.images[1].cut
    assert grabber.check() is None


def test_a_display_that_does_not_answer_is_a_fault() -> None:
    screen, sink, clock = PaintedScreen(), Sink(), LateClock()
    with grabbing(screen, sink, clock) as grabber:
        until(lambda: sink.images)
        screen.answers.clear()
        clock.ahead_ns += 2_000_000_000
        until(lambda: grabber.check() == "screen-stalled: the display does not answer")


def test_a_process_that_was_stopped_is_no_fault() -> None:
    screen, sink, clock = PaintedScreen(), Sink(), LateClock()
    with grabbing(screen, sink, clock) as grabber:
        until(lambda: sink.images)
        grabber.check()
        screen.answers.clear()
        clock.ahead_ns += 3_000_000_000
        assert grabber.check() is None
        screen.answers.set()
        screen.paint((0, 0, 9, 9), 1)
        until(lambda: len(sink.images) > 1)
        assert grabber.check() is None


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_dead_thread_is_a_fault() -> None:
    screen, sink = PaintedScreen(), Sink()
    with grabbing(screen, sink) as grabber:
        until(lambda: sink.images)
        screen.image = np.zeros((64, 128, 3), np.uint8)  # too few bytes: makes it break
        until(lambda: str(grabber.check()).startswith("screen-dead"))


@pytest.mark.parametrize("fps", [0, -1, 61])
def test_rates_that_cannot_be_had_are_refused(fps: int) -> None:
    sink = Sink()
    with pytest.raises(ConfigError, match="allowed: up to 60"):
        ScreenGrabber(
            None, fps=fps, submit=sink.submit, note=sink.events.append, clock=SystemClock()
        )


# On a real display --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def display() -> Generator[VirtualDisplay]:
    with VirtualDisplay((320, 240), room=(640, 480)) as started:
        yield started


@contextmanager
def window(display: VirtualDisplay, box: Box, *, white: bool) -> Generator[None]:
    connection = connect(display.name)
    screen = connection.screen()
    shown = screen.root.create_window(
        *box,
        0,
        screen.root_depth,
        override_redirect=True,
        background_pixel=screen.white_pixel if white else screen.black_pixel,
    )
    shown.map()
    connection.sync()
    try:
        yield
    finally:
        shown.destroy()
        connection.close()


def real_grabber(display: VirtualDisplay, sink: Sink) -> ScreenGrabber:
    return ScreenGrabber(
        display.name, fps=30, submit=sink.submit, note=sink.events.append, clock=SystemClock()
    )


@pytest.mark.display
def test_a_window_that_comes_is_what_is_dirty(display: VirtualDisplay) -> None:
    sink = Sink()
    grabber = real_grabber(display, sink)
    grabber.start()
    try:
        until(lambda: sink.images)
        with window(display, (64, 64, 64, 64), white=True):
            until(lambda: len(sink.images) > 1)
    finally:
        grabber.stop()
    assert sink.images[1].dirty == ((64, 64, 64, 64),)
    assert (sink.images[1].pixels[64:128, 64:128, :3] == 255).all()
    assert grabber.region == (0, 0, 320, 240)


@pytest.mark.display
def test_a_screen_that_grows_and_shrinks_is_followed(
    display: VirtualDisplay,
) -> None:
    sink = Sink()
    grabber = real_grabber(display, sink)
    grabber.start()
    try:
        until(lambda: sink.images)
        for size in ((640, 480), (320, 240)):
            display.resize(*size)
            grabber.geometry_changed()
            shape = (size[1], size[0], 4)
            until(lambda shape=shape: sink.images[-1].pixels.shape == shape)
            assert sink.images[-1].cut
        assert grabber.check() is None
    finally:
        grabber.stop()


@pytest.mark.display
def test_black_grabs_of_windows_that_show_something_are_a_fault(display: VirtualDisplay) -> None:
    screen, sink, clock = PaintedScreen(), Sink(), LateClock()
    grabber_of = type("Grabber", (PaintedGrabber,), {"screen": screen})
    grabber: ScreenGrabber = grabber_of(
        display.name, fps=60, submit=sink.submit, note=sink.events.append, clock=clock
    )
    grabber.start()
    try:
        until(lambda: sink.images)
        assert grabber.check() is None, "a screen without windows may be black"
        with window(display, (10, 10, 50, 50), white=False):
            clock.ahead_ns += 1_000_000_000
            until(lambda: grabber.check() is None)
            assert something_is_shown(display.name) is False, "nor do black windows contradict it"
        with window(display, (10, 10, 50, 50), white=True):
            clock.ahead_ns += 1_000_000_000
            assert something_is_shown(display.name)
            with window(display, (0, 0, 100, 100), white=False):
                assert not something_is_shown(display.name), "what is covered is not shown"
            until(lambda: str(grabber.check()).startswith("black-screen: "))
            screen.paint((0, 0, 9, 9), 255)
            until(lambda: grabber.check() is None)
    finally:
        grabber.stop()


@pytest.mark.display
def test_a_window_that_has_just_come_is_no_contradiction(display: VirtualDisplay) -> None:
    watch, black = BlackWatch(display.name), bytearray(4 * 128)
    assert not watch.contradicted(black, 0, 1 * SECOND)
    with window(display, (10, 10, 50, 50), white=True):
        assert not watch.contradicted(black, 1 * SECOND, 2 * SECOND), "not looked at again yet"
        assert not watch.contradicted(black, 1 * SECOND, 3 * SECOND)
        assert watch.contradicted(black, 4 * SECOND, 5 * SECOND)
        assert not watch.contradicted(bytearray(b"\1" * 512), 5 * SECOND, 6 * SECOND)
        assert not watch.contradicted(black, 6 * SECOND, 7 * SECOND)
    assert not watch.contradicted(black, 8 * SECOND, 9 * SECOND)


@pytest.mark.display
def test_only_monitors_that_exist_can_be_recorded(display: VirtualDisplay) -> None:
    only = MssScreen(display.name, 1)
    assert (only.region, only.grab().width) == ((0, 0, 320, 240), 320)
    only.close()
    with pytest.raises(ConfigError, match="no monitor 7; allowed: 0 for all, or 1 to 1"):
        MssScreen(display.name, 7)


def test_no_display_is_said_so() -> None:
    with pytest.raises(CaptureError, match="cannot grab the screen of :9999"):
        MssScreen(":9999", 0)
    assert not something_is_shown(":9999")
