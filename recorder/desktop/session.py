"""A desktop recording from start to stop: every source wired to one capture, in the right order."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Literal, Protocol, Self

from recorder.capture import Capture, Image
from recorder.clock import SystemClock
from recorder.desktop.focus import FocusWatcher
from recorder.desktop.inputs import X11Input
from recorder.desktop.screen import ScreenGrabber
from recorder.desktop.stock import StockInput
from recorder.desktop.viewport import Viewport
from recorder.desktop.windows import WindowWatcher
from recorder.desktop.x11 import refuse_wayland
from recorder.errors import ConsentError, UnsupportedError
from recorder.gate import Command, Gate, Hotkeys, Rules
from recorder.ledger import Ledger
from recorder.schema import Event, Geometry, HeldState
from recorder.store import Manifest, RecordingWriter
from recorder.video import VideoSettings

_FRAME_HOLD_S = 0.15  # news of a secret field takes up to 0.1 s; its frames wait for it


@dataclass(frozen=True)
class DesktopConfig:
    """What to record of a desktop, and how."""

    display: str | None = None
    """X display, such as `:1`; by default the one of this session."""
    fps: int = 10
    """How often to look at the screen per second, at most 60; unchanged frames cost nothing."""
    monitor: int = 0
    """Number of the one monitor to record, from 1; 0 records the whole desktop."""
    chroma: Literal["420", "444"] = "420"
    """Colour resolution of the video; 444 keeps coloured text sharp and costs more."""
    rules: Rules = field(default_factory=Rules)
    """What may be kept."""
    hotkeys: Hotkeys = field(default_factory=Hotkeys)
    """Keys that pause, stop and delete, with ctrl, alt and shift held."""
    panic_minutes: float = 5.0
    """How much the panic key deletes."""


class _Input(Protocol):
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def check(self) -> str | None: ...
    def held_state(self) -> HeldState | None: ...


class DesktopSession:
    """Records a desktop into `folder` between start and stop, or for the length of a `with` block.

    Args:
        folder: where the recording goes; new or empty.
        config: what to record.
        consent: the notice that the person agreed to; kept in the manifest.
        ledger: what our own executors inject on this display.

    Raises:
        ConsentError: there was no notice.
    """

    capture: Capture
    """The running recording: status, pause, resume and panic."""
    stopped: threading.Event
    """Set when a hotkey or a full disk ended the recording; `stop` is still to be called."""
    manifest: Manifest
    """What was recorded; there after `stop`."""

    def __init__(
        self,
        folder: Path,
        config: DesktopConfig | None = None,
        *,
        consent: str,
        ledger: Ledger | None = None,
    ) -> None:
        if not consent.strip():
            raise ConsentError("not recorded: no notice was shown, so nobody agreed to anything")
        self._folder = folder
        self._config = config or DesktopConfig()
        self._consent = consent
        self._ledger = ledger
        self._clock = SystemClock()
        self._viewport = Viewport()
        self._commands: SimpleQueue[Command | None] = SimpleQueue()
        self._focus: FocusWatcher | None = None
        self._running = ExitStack()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin to record.

        Raises:
            UnsupportedError: this machine or session cannot be recorded; nothing was written.
            ConfigError: there is no such monitor or rate; nothing was written.
        """
        refuse(sys.platform, self._config, os.environ)
        with ExitStack() as started:
            opened = started.enter_context(ExitStack())
            inputs = self._open_input()
            opened.callback(inputs.stop)
            grabber = self._open_grabber()
            opened.callback(grabber.stop)
            self._open_capture(inputs)
            started.callback(self._close_capture)
            if sys.platform == "linux":
                self._follow_windows(started, grabber)
            else:
                self._say_region(grabber)
            self._start_input(inputs)
            started.callback(inputs.stop)
            grabber.start()
            started.callback(grabber.stop)
            self.capture.add_check(grabber.check)
            self._obey_commands(started)
            opened.pop_all()  # from here on they are stopped before the capture closes
            self._running = started.pop_all()

    def stop(self) -> None:
        """End the recording; what happened until now is in it."""
        self._running.close()

    # Parts ------------------------------------------------------------------------------------

    def _open_input(self) -> _Input:
        def submit(event: Event) -> None:
            self.capture.submit(event)

        if sys.platform != "linux":
            return StockInput(
                submit, clock=self._clock, ledger=self._ledger, viewport=self._viewport
            )
        return X11Input(
            self._config.display,
            submit,
            clock=self._clock,
            ledger=self._ledger,
            viewport=self._viewport,
        )

    def _open_grabber(self) -> ScreenGrabber:
        return ScreenGrabber(
            self._config.display,
            fps=self._config.fps,
            submit=self._submit_image,
            note=lambda event: self.capture.submit(event),  # the gate: nothing while paused
            clock=self._clock,
            monitor=self._config.monitor,
        )

    def _submit_image(self, image: Image) -> bool:
        if self._focus:
            self._focus.screen_changed()
        return self.capture.submit_image(image)

    def _open_capture(self, inputs: _Input) -> None:
        gate = Gate(
            self._config.rules,
            hotkeys=self._config.hotkeys,
            on_command=self._commands.put,
            hold_keys=True,
        )
        manifest = Manifest(
            name=self._folder.name,
            source="desktop",
            started_realtime_ns=self._clock.realtime_ns(),
            started_ns=self._clock.now_ns(),
            consent=self._consent,
            settings=asdict(self._config),
        )
        self.capture = Capture(
            RecordingWriter(self._folder, manifest),
            gate,
            clock=self._clock,
            video=VideoSettings(chroma=f"yuv{self._config.chroma}p"),
            held_state=inputs.held_state,
            frame_hold_s=_FRAME_HOLD_S if gate.hold_keys else 0.0,
        )
        self.stopped = self.capture.stopped

    def _close_capture(self) -> None:
        self.manifest = self.capture.close()

    def _follow_windows(self, started: ExitStack, grabber: ScreenGrabber) -> None:
        windows = WindowWatcher(
            self._config.display, self.capture, self._viewport, monitor=self._config.monitor
        )
        windows.on_resize = grabber.geometry_changed
        windows.on_stale = grabber.refresh
        windows.start()
        started.callback(windows.stop)
        self.capture.add_check(windows.check)
        if self.capture.gate.hold_keys:
            focus = FocusWatcher(self._config.display, self.capture, windows, self._viewport)
            focus.start()
            self._focus = focus
            started.callback(focus.stop)
            self.capture.add_check(focus.check)

    def _say_region(self, grabber: ScreenGrabber) -> None:
        x, y, width, height = grabber.region
        self._viewport.origin = (x, y)
        self.capture.submit(
            Geometry(t_ns=self._clock.now_ns(), width=width, height=height, origin=(x, y))
        )

    def _start_input(self, inputs: _Input) -> None:
        inputs.start()
        self.capture.add_check(inputs.check)
        held = inputs.held_state()
        if held:
            self.capture.submit(held)

    # Commands ---------------------------------------------------------------------------------

    def _obey_commands(self, started: ExitStack) -> None:
        # a thread of its own: a panic takes seconds, and a listener must not wait for it
        thread = threading.Thread(target=self._obey, name="desktop-commands", daemon=True)
        thread.start()
        started.callback(thread.join)
        started.callback(self._commands.put, None)

    def _obey(self) -> None:
        while (command := self._commands.get()) is not None:
            match command:
                case Command.TOGGLE_PAUSE if self.capture.gate.paused:
                    self.capture.resume()
                case Command.TOGGLE_PAUSE:
                    self.capture.pause()
                case Command.PANIC:
                    self.capture.panic(self._config.panic_minutes)
                case Command.STOP:
                    self.stopped.set()


def refuse(platform: str, config: DesktopConfig, env: Mapping[str, str]) -> None:
    """Refuse what cannot be recorded faithfully and privately.

    Raises:
        UnsupportedError: it is a Wayland session, or a platform where the focus cannot be judged.
    """
    if platform == "linux":
        refuse_wayland(config.display, env)
    elif not config.rules.trust_display:
        raise UnsupportedError(
            f"on {platform} nothing tells which fields are secret, so only a display that is "
            "trusted whole can be recorded (--config.rules.trust-display); record a browser instead"
        )
