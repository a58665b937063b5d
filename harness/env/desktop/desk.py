"""One virtual desktop: a display that stays, and on it the apps of one episode after another."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from importlib.resources import as_file, files
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from harness.env.desktop.apps import Apps
from harness.env.desktop.elements import AccessibilityTree
from harness.env.desktop.hands import GuardedHands
from harness.errors import InfrastructureError
from harness.tasks.desktop.task import DesktopTask, Launch, Scene
from recorder.desktop.screen import Grab, MssScreen
from recorder.desktop.x11 import Connection, connect, lost, numbers
from recorder.desktop.xvfb import VirtualDisplay
from recorder.errors import CaptureError, UnsupportedError
from recorder.ledger import Ledger
from recorder.schema import Action, Controller, Element, Move, ScrollBy, TypeText, Wait

_POLL_S = 0.01
_OPENS_S = 40.0
# an app answers most input within a frame or two; what takes longer is waited for up to the bound
_QUIET_S = 0.06
_SETTLES_S = 1.0
_LONGEST_WAIT_MS = 2000
_MOST_NOTCHES = 50.0
_PIXELS_PER_NOTCH = 120.0
# fewer strange characters than there are keys to borrow for them
_TYPED_AT_ONCE = 16
_WINDOWS = ("alert", "dialog", "window")


class VirtualDesk:
    """A display with its window manager, buses and screen, and the episode that runs on it.

    Args:
        size: of the screen, in px.
        controller: who acts.
        agent: its name.
        ledger: shared with whoever records the display; one per episode when left out.

    Raises:
        InfrastructureError: something that is needed does not start.
    """

    def __init__(
        self,
        size: tuple[int, int],
        *,
        controller: Controller,
        agent: str,
        ledger: Ledger | None = None,
    ) -> None:
        self._size, self._controller, self._agent, self._ledger = size, controller, agent, ledger
        self._parts = ExitStack()
        self._episode = ExitStack()
        self._apps: Apps | None = None
        with _telling_losses(), ExitStack() as started:
            settings = started.enter_context(as_file(files("harness.env.desktop") / "openbox.xml"))
            self.display = started.enter_context(
                VirtualDisplay(size, window_manager=settings, accessibility=True)
            )
            self._connection: Connection = connect(self.display.name)
            started.callback(_leave, self._connection)
            self._screen = MssScreen(self.display.name, 0)
            started.callback(self._screen.close)
            self._tree = AccessibilityTree(self.display.name)
            started.callback(self._tree.close)
            self._parts = started.pop_all()

    def close(self) -> None:
        """End everything that was started and delete every file that was made."""
        self._episode.close()
        self._parts.close()

    @property
    def folder(self) -> Path:
        """The files of the episode's task."""
        assert self._apps
        return self._apps.folder

    # Episodes -------------------------------------------------------------------------------------

    def begin(self, task: DesktopTask, rng: np.random.Generator) -> Scene:
        """End the episode before, and open the apps of a new one.

        Raises:
            InfrastructureError: the display is gone, or an app does not open.
        """
        self._episode.close()
        with ExitStack() as begun:
            apps = self._apps = Apps(self.display.env)
            begun.callback(apps.close)
            scene = task.prepare(apps.folder, rng)
            with _telling_losses():
                self._until(self._is_empty, "the windows of the episode before close")
                self.hands = GuardedHands(
                    self.display.name, self._ledger or Ledger(), self._controller, self._agent
                )
                begun.callback(_leave, self.hands)
                width, height = self._size
                self.hands.perform(Move(x=width - 1, y=height - 1))
                for number, launch in enumerate(scene.launches, 1):
                    self._open(launch, number)
                self.settle()
            self._episode = begun.pop_all()
        return scene

    def _open(self, launch: Launch, number: int) -> None:
        """Start an app and wait until it has the keyboard and describes itself."""
        assert self._apps
        self._apps.start(launch)
        self._until(lambda: self._has_windows(number), f"{launch.args[0]} opens a window")
        self._until(
            lambda: sum(element.role in _WINDOWS for element in self.elements()) >= number,
            f"{launch.args[0]} is on the accessibility bus",
        )

    def _has_windows(self, count: int) -> bool:
        root = self._connection.screen().root
        windows = numbers(root, "_NET_CLIENT_LIST")
        return len(windows) >= count and numbers(root, "_NET_ACTIVE_WINDOW") == windows[-1:]

    def _is_empty(self) -> bool:
        return not numbers(self._connection.screen().root, "_NET_CLIENT_LIST")

    def _until(self, look: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + _OPENS_S
        while not look():
            self.check()
            if time.monotonic() > deadline:
                raise InfrastructureError(f"not within {_OPENS_S:.0f} s: {what}")
            time.sleep(_POLL_S)

    def check(self) -> None:
        """Raise if an app of the episode has died.

        Raises:
            InfrastructureError: it has.
        """
        if self._apps and (reason := self._apps.died()):
            raise InfrastructureError(reason)

    # Acting and looking ---------------------------------------------------------------------------

    def perform(self, action: Action) -> None:
        """Do an action, cut to what makes sense on one screen, and wait until the screen is still.

        Raises:
            InfrastructureError: the display or an app is gone.
        """
        with _telling_losses():
            for part in _bounded(action):
                self.hands.perform(part)
            self.settle()
            self.check()

    def settle(self) -> None:
        """Wait until the screen has not changed for a moment, or for as long as is patient."""
        with _telling_losses():
            begun_s = still_since_s = time.monotonic()
            before = self._screen.grab()
            while True:
                time.sleep(_POLL_S)
                after, now_s = self._screen.grab(), time.monotonic()
                if after != before:
                    before, still_since_s = after, now_s
                if now_s - still_since_s >= _QUIET_S or now_s - begun_s >= _SETTLES_S:
                    return

    def pixels(self) -> NDArray[np.uint8]:
        """Return the screen as (H, W, 3) RGB, in an array of its own."""
        with _telling_losses():
            return _rgb(self._screen.grab())

    def cursor(self) -> tuple[int, int]:
        """Return where the pointer is."""
        with _telling_losses():
            pointer = self._connection.screen().root.query_pointer()
        return int(pointer.root_x), int(pointer.root_y)

    def elements(self) -> tuple[Element, ...]:
        """Return what the accessibility tree shows."""
        return self._tree.elements(self._size)

    def glance(self) -> tuple[Element, ...]:
        """Return the elements that were listed last as they are now, without those that came."""
        return self._tree.glance(self._size)


class _Closable(Protocol):
    def close(self) -> None: ...


def _leave(part: _Closable) -> None:
    """Close what may have lost its display."""
    with suppress(*lost()):
        part.close()


@contextmanager
def _telling_losses() -> Generator[None]:
    """Raise InfrastructureError for whatever says that the display is gone."""
    try:
        yield
    except (CaptureError, UnsupportedError, *lost()) as error:
        raise InfrastructureError(f"the display is gone: {error!r}") from error


def _bounded(action: Action) -> Iterator[Action]:
    """Yield an action in parts, none of which takes more time or keys than there are."""
    match action:
        case Wait():
            yield Wait(duration_ms=min(action.duration_ms, _LONGEST_WAIT_MS))
        case ScrollBy():
            most = _MOST_NOTCHES * (1 if action.unit == "notch" else _PIXELS_PER_NOTCH)
            dx, dy = (max(-most, min(most, turn)) for turn in (action.dx, action.dy))
            yield replace(action, dx=dx, dy=dy)
        case TypeText():
            for start in range(0, len(action.text), _TYPED_AT_ONCE):
                yield TypeText(text=action.text[start : start + _TYPED_AT_ONCE])
        case _:
            yield action


def _rgb(grab: Grab) -> NDArray[np.uint8]:
    pixels = np.frombuffer(grab.raw, np.uint8).reshape(grab.height, grab.width, 4)
    return np.ascontiguousarray(pixels[..., 2::-1])
