"""A browser recording from start to stop: a Chromium of its own, recorded until it is closed."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from recorder.browser.chromium import find_chromium, launch_arguments, launch_environment
from recorder.browser.recorder import DEFAULT_FPS, BrowserRecorder
from recorder.browser.urls import clean_url
from recorder.capture import Capture
from recorder.clock import Clock, SystemClock
from recorder.errors import ConfigError, ConsentError, UnsupportedError
from recorder.gate import Command, Gate, Hotkeys, Rules
from recorder.ledger import Ledger
from recorder.schema import HeldState
from recorder.store import Manifest, RecordingWriter, remove

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, Page, Playwright

_POLL_S = 0.1
_SCHEMES = ("http", "https", "file", "data", "about")


@dataclass(frozen=True)
class BrowserConfig:
    """Which browser to open and what to record of it."""

    url: str = "about:blank"
    """Page to open."""
    headless: bool = False
    """Open no window: for scripts."""
    fps: int = DEFAULT_FPS
    """Images per second of each page, at most 60; pages that do not change cost nothing."""
    width: int = 1280
    """Width of the window, or of the page where there is no window."""
    height: int = 720
    """Height of the window, or of the page where there is no window."""
    executable: str = ""
    """Browser to start, a Chromium; by default one is found."""
    user_data_dir: Path | None = None
    """Folder of a browser profile to use and keep; by default a fresh one that is thrown away."""
    rules: Rules = field(default_factory=Rules)
    """What may be kept."""
    hotkeys: Hotkeys = field(default_factory=Hotkeys)
    """Keys that pause, stop and delete, with ctrl, alt and shift held."""
    panic_minutes: float = 5.0
    """How much the panic key deletes."""


class BrowserSession:
    """Records a Chromium of its own into `folder` for the length of an `async with` block.

    Args:
        folder: where the recording goes; new or empty.
        config: what to record.
        consent: the notice that the person agreed to; kept in the manifest.
        ledger: what our own executors do in this browser; by default one is made.
        clock: where times come from.

    Raises:
        ConsentError: there was no notice.
    """

    capture: Capture
    """The running recording: status, pause, resume and panic."""
    recorder: BrowserRecorder
    """Knows the pages by their names in the recording."""
    context: BrowserContext
    page: Page
    """The page that was opened first."""
    stopped: threading.Event
    """Set when a hotkey, a full disk or `stop` ended the recording."""
    manifest: Manifest
    """What was recorded; there after the block."""

    def __init__(
        self,
        folder: Path,
        config: BrowserConfig | None = None,
        *,
        consent: str,
        ledger: Ledger | None = None,
        clock: Clock | None = None,
    ) -> None:
        if not consent.strip():
            raise ConsentError("not recorded: no notice was shown, so nobody agreed to anything")
        self.ledger = ledger or Ledger()
        self._folder = folder
        self._config = config or BrowserConfig()
        self._consent = consent
        self._clock = clock or SystemClock()
        self._running = AsyncExitStack()
        self._is_begun = False
        self._commands: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        """Open the browser and begin.

        Raises:
            UnsupportedError: there is no Chromium, no display for it, or it does not start;
                nothing was written.
            ConfigError: there is no such browser, or the page cannot be opened; nothing was
                written.
        """
        if urlsplit(self._config.url).scheme not in _SCHEMES:
            raise ConfigError(
                f"cannot open {self._config.url!r}; allowed: an address that begins with "
                f"{', '.join(f'{scheme}:' for scheme in _SCHEMES)}"
            )
        async with AsyncExitStack() as started:
            self.context = await self._launch(started)
            self._open_capture()
            started.push_async_callback(self._close_capture)
            self.recorder = BrowserRecorder(
                self.context, self.capture, ledger=self.ledger, fps=self._config.fps
            )
            await started.enter_async_context(self.recorder)
            self.page = (
                self.context.pages[0] if self.context.pages else await self.context.new_page()
            )
            await self.recorder.ready()
            await self._go()
            self._is_begun = True
            self._running = started.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._running.aclose()

    async def wait(self) -> None:
        """Return when the person closed the last window, or something else ended the recording."""
        while not self.stopped.is_set() and self.context.pages:
            await asyncio.sleep(_POLL_S)

    def stop(self) -> None:
        """Let `wait` return."""
        self.stopped.set()

    # Parts ----------------------------------------------------------------------------------------

    async def _launch(self, started: AsyncExitStack) -> BrowserContext:
        config = self._config
        executable = find_chromium(headless=config.headless, executable=config.executable)
        refuse_no_display(sys.platform, dict(os.environ), headless=config.headless)
        try:
            from playwright.async_api import Error, async_playwright  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise UnsupportedError(
                "recording a browser needs Playwright; install it with "
                "pip install 'understudy[browser]'"
            ) from error
        playwright = await started.enter_async_context(async_playwright())
        try:
            context = await self._open(playwright, executable)
        except Error as error:
            reason = str(error).strip().splitlines()[0]
            raise UnsupportedError(f"{executable} does not start: {reason}") from error
        started.push_async_callback(_close, context)
        if not config.headless:
            # Playwright answers dialogs itself unless somebody listens; here the person does
            context.on("dialog", lambda _: None)
        return context

    async def _open(self, playwright: Playwright, executable: Path) -> BrowserContext:
        config = self._config
        arguments = [*launch_arguments(), f"--window-size={config.width},{config.height}"]
        # a window may be resized; without one the page has the size that was asked for
        if config.user_data_dir is None:
            browser = await playwright.chromium.launch(
                executable_path=executable,
                headless=config.headless,
                args=arguments,
                env=launch_environment(),
            )
            if not config.headless:
                return await browser.new_context(no_viewport=True)
            return await browser.new_context(
                viewport={"width": config.width, "height": config.height}
            )
        return await playwright.chromium.launch_persistent_context(
            config.user_data_dir,
            executable_path=executable,
            headless=config.headless,
            args=arguments,
            env=launch_environment(),
            no_viewport=True,
        )

    def _open_capture(self) -> None:
        loop = asyncio.get_running_loop()
        settings = asdict(self._config) | {
            "url": clean_url(self._config.url),
            "user_data_dir": "" if self._config.user_data_dir is None else "kept",
        }
        manifest = Manifest(
            name=self._folder.name,
            source="browser",
            started_realtime_ns=self._clock.realtime_ns(),
            started_ns=self._clock.now_ns(),
            consent=self._consent,
            settings=settings,
        )
        self.capture = Capture(
            RecordingWriter(self._folder, manifest),
            Gate(
                self._config.rules,
                hotkeys=self._config.hotkeys,
                on_command=lambda command: loop.call_soon_threadsafe(self._obey, command),
            ),
            clock=self._clock,
            held_state=self._held_state,
        )
        self.stopped = self.capture.stopped

    def _held_state(self) -> HeldState:
        return self.recorder.held_state()

    async def _close_capture(self) -> None:
        await asyncio.gather(*self._commands)
        self.manifest = await asyncio.to_thread(self.capture.close)
        if not self._is_begun:
            remove(self._folder)

    async def _go(self) -> None:
        from playwright.async_api import Error  # noqa: PLC0415 - an optional extra

        if self._config.url == "about:blank":
            return
        try:
            await self.page.goto(self._config.url, wait_until="commit")
        except Error as error:
            reason = str(error).strip().splitlines()[0]
            raise ConfigError(f"cannot open {self._config.url}: {reason}") from error

    # Commands -------------------------------------------------------------------------------------

    def _obey(self, command: Command) -> None:
        if command is Command.STOP:
            self.stop()
            return
        # beside the loop: a pause waits for the encoder, and a panic takes seconds
        task = asyncio.ensure_future(asyncio.to_thread(self._command, command))
        self._commands.add(task)
        task.add_done_callback(self._commands.discard)

    def _command(self, command: Command) -> None:
        if command is Command.PANIC:
            self.capture.panic(self._config.panic_minutes)
        elif self.capture.gate.paused:
            self.capture.resume()
        else:
            self.capture.pause()


def refuse_no_display(platform: str, env: dict[str, str], *, headless: bool) -> None:
    """Refuse to open a window where there is nowhere to open it.

    Raises:
        UnsupportedError: there is no display.
    """
    if headless or platform != "linux" or env.get("DISPLAY") or env.get("WAYLAND_DISPLAY"):
        return
    raise UnsupportedError(
        "no display to open a browser on: set DISPLAY, or record without a window (--headless)"
    )


async def _close(context: BrowserContext) -> None:
    from playwright.async_api import Error  # noqa: PLC0415 - an optional extra

    browser = context.browser
    try:
        await context.close()
        if browser:
            await browser.close()
    except Error:  # the person closed it
        return
