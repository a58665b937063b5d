"""`understudy record`: consent, then a recording with a live status line until it is stopped."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Annotated

import tyro
from rich.live import Live
from rich.markup import escape
from rich.panel import Panel
from rich.text import Text

from recorder.browser.session import BrowserConfig, BrowserSession
from recorder.capture import MAX_FPS, Capture, Status
from recorder.desktop.session import DesktopConfig, DesktopSession
from recorder.errors import ConfigError, ConsentError
from recorder.gate import Rules
from recorder.store import Manifest, new_folder
from tui.console import err, out
from tui.keys import keys_pressed

_HELD = "ctrl+alt+shift"


@dataclass(frozen=True)
class Desktop:
    """Record the screen, the pointer and the keyboard of a desktop (X11, macOS, Windows)."""

    name: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="NAME")] = ""
    """What to call the recording; by default the date and time."""
    config: DesktopConfig = field(default_factory=DesktopConfig)
    yes: bool = False
    """Agree to be recorded without being asked; the notice is still shown and stored."""
    seconds: float = 0.0
    """Stop after this many seconds; 0 records until you stop it."""


@dataclass(frozen=True)
class Browser:
    """Record the pages of a browser that is opened for it, with all its popups and frames."""

    name: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="NAME")] = ""
    """What to call the recording; by default the date and time."""
    config: BrowserConfig = field(default_factory=BrowserConfig)
    yes: bool = False
    """Agree to be recorded without being asked; the notice is still shown and stored."""
    seconds: float = 0.0
    """Stop after this many seconds; 0 records until you stop it."""


def record(
    source: Annotated[Desktop, tyro.conf.subcommand("desktop")]
    | Annotated[Browser, tyro.conf.subcommand("browser")],
) -> int:
    """Record a person's work on a desktop or in a browser, with their consent."""
    kind = "desktop" if isinstance(source, Desktop) else "browser"
    name = source.name or f"{kind}-{datetime.now().astimezone():%Y%m%d-%H%M%S}"
    folder = new_folder(name)
    check(source)
    notice = consent_notice(source, folder)
    ask_consent(notice, agreed=source.yes)
    if isinstance(source, Desktop):
        manifest = _record_desktop(folder, source, notice)
    else:
        manifest = asyncio.run(_record_browser(folder, source, notice))
    return _say_goodbye(folder, manifest)


def check(source: Desktop | Browser) -> None:
    """Refuse what cannot be done, before anybody is asked for anything.

    Raises:
        ConfigError: a rate or a rule that this source cannot keep.
    """
    fps, rules = source.config.fps, source.config.rules
    if not 1 <= fps <= MAX_FPS:
        raise ConfigError(f"cannot record {fps} frames a second; allowed: 1 to {MAX_FPS}")
    if isinstance(source, Desktop) and (rules.allow_domains or rules.deny_domains):
        raise ConfigError(
            "a desktop recording cannot tell which site a browser shows; name the browser with "
            "--deny-apps, or use `understudy record browser`"
        )
    if isinstance(source, Browser) and (rules.names_apps or rules.trust_apps):
        raise ConfigError(
            "a browser recording holds no other apps; use --allow-domains and --deny-domains"
        )


def consent_notice(source: Desktop | Browser, folder: Path) -> str:
    """Return the words a person agrees to before anything is captured."""
    config, rules = source.config, source.config.rules
    if isinstance(source, Browser):
        screen = "the pages of the browser that opens now"
        typed = "Typed text is kept, but not in password, one-time-code and card fields."
    elif rules.trust_display:
        screen, typed = "the screen", "All typed text is kept: this display is trusted."
    else:
        screen = "the screen"
        trusted = f", and in {', '.join(rules.trust_apps)}" if rules.trust_apps else ""
        typed = f"Typed text is kept only where an app says that the field is no secret{trusted}."
    keys, minutes = config.hotkeys, f"{config.panic_minutes:g}"
    covered = "Secret and unknown fields are painted over. The clipboard is never kept."
    return "\n".join(
        [
            f"understudy will record {screen}, the pointer and the keyboard.",
            typed if rules.trust_display else f"{typed}\n{covered}",
            *_lists(rules),
            f"It stays on this machine: {folder}",
            "",
            f"pause   {_HELD}+{keys.pause}, or p in this terminal",
            f"stop    {_HELD}+{keys.stop}, or q, or Ctrl-C: all is kept",
            f"panic   {_HELD}+{keys.panic}, or d: deletes the last {minutes} minutes for good",
        ]
    )


def _lists(rules: Rules) -> list[str]:
    named = {
        "Only these apps": rules.allow_apps,
        "Never these apps": rules.deny_apps,
        "Only these sites": rules.allow_domains,
        "Never these sites": rules.deny_domains,
    }
    return [f"{label}: {', '.join(names)}." for label, names in named.items() if names]


def ask_consent(notice: str, *, agreed: bool) -> None:
    """Show the notice, and wait for the person to agree.

    Raises:
        ConsentError: they did not, or there is nobody to ask.
    """
    out.print(Panel(escape(notice), title="Recording", border_style="red", expand=False))
    if agreed:
        return
    if not sys.stdin.isatty():
        raise ConsentError("nobody to ask for consent: stdin is no terminal; agree with --yes")
    try:
        answer = input("Press Enter to agree and begin, or type no: ")
    except EOFError:
        answer = "no"
    if answer.strip().casefold() not in ("", "y", "yes"):
        raise ConsentError("not recorded: you did not agree")


def status_line(status: Status) -> Text:
    """Return one line on how the recording goes; warnings follow on lines of their own."""
    minutes, seconds = divmod(int(status.seconds), 60)
    rate = status.events / status.seconds if status.seconds else 0.0
    line = Text.assemble(
        ("‖ paused " if status.paused else "● ", "bold yellow" if status.paused else "bold red"),
        f"{minutes:02}:{seconds:02}  {status.events} events ({rate:.1f}/s)  "
        f"{status.frames} frames  {status.megabytes:.1f} MB",
        (f"  {status.dropped_frames} dropped" if status.dropped_frames else "", "yellow"),
        ("   p pause · d delete last minutes · q stop", "dim"),
    )
    for warning in status.warnings:
        line.append(f"\n! {warning}", "bold red")
    return line


def _record_desktop(folder: Path, source: Desktop, notice: str) -> Manifest:
    with (
        DesktopSession(folder, source.config, consent=notice) as session,
        _stopped_by_signals(session.stopped.set),
    ):
        _supervise(session.capture, session.stopped, source)
    return session.manifest


async def _record_browser(folder: Path, source: Browser, notice: str) -> Manifest:
    async with BrowserSession(folder, source.config, consent=notice) as session:
        loop = asyncio.get_running_loop()
        with _stopped_by_signals(lambda: loop.call_soon_threadsafe(session.stop)):
            watching = asyncio.to_thread(_supervise, session.capture, session.stopped, source)
            tasks = [asyncio.create_task(watching), asyncio.create_task(session.wait())]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            session.stop()
            await asyncio.gather(*tasks)
    return session.manifest


def _supervise(capture: Capture, stopped: threading.Event, source: Desktop | Browser) -> None:
    acts: dict[str, Callable[[], object]] = {
        "p": lambda: capture.resume() if capture.gate.paused else capture.pause(),
        "d": lambda: capture.panic(source.config.panic_minutes),
        "q": stopped.set,
    }
    with keys_pressed(stopped) as read_key, Live(console=err, auto_refresh=False) as live:
        while not stopped.is_set():
            status = capture.status()
            if source.seconds and status.seconds >= source.seconds:
                stopped.set()
            live.update(status_line(status), refresh=True)
            act = acts.get(read_key(1.0))
            if act:
                act()


@contextmanager
def _stopped_by_signals(stop: Callable[[], object]) -> Generator[None]:
    # Ctrl-C, a closed terminal and `kill` all mean: stop, and keep everything
    names = ("SIGINT", "SIGTERM", "SIGHUP")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]

    def handle(number: int, frame: FrameType | None) -> None:
        stop()

    before = [signal.signal(number, handle) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _say_goodbye(folder: Path, manifest: Manifest) -> int:
    frames, events = manifest.counts.get("frame", 0), sum(manifest.counts.values())
    size = sum(entry.bytes for entry in manifest.files.values()) / 1e6
    out.print(f"kept {events} events and {frames} frames, {size:.1f} MB, in {escape(str(folder))}")
    out.print(f"look at it: understudy show {escape(folder.name)}")
    for warning in manifest.warnings:
        err.print(f"[bold red]{escape(warning)}[/]")
    return 1 if manifest.warnings else 0
