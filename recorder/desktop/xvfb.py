"""Virtual displays: an X server of our own, with or without window manager and accessibility."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import IO, Self

from recorder.desktop.will import Will
from recorder.desktop.x11 import connect, numbers
from recorder.errors import CaptureError, UnsupportedError

_PATIENCE_S = 20.0
_GRACE_S = 2.0
_POLL_S = 0.01
_AS_PARENT = 0  # the depth of a window


class VirtualDisplay:
    """An Xvfb with its own bus and processes; all of them end with the `with` block, or with us.

    Args:
        size: pixels of the screen.
        room: the largest size that `resize` may ask for; `size` when left out.
        window_manager: run openbox, with its settings from a file where one is named.
        accessibility: run a private D-Bus session with AT-SPI, so that GTK apps started here say
            what has the focus.
    """

    def __init__(
        self,
        size: tuple[int, int] = (1920, 1080),
        *,
        room: tuple[int, int] | None = None,
        window_manager: bool | Path = False,
        accessibility: bool = False,
    ) -> None:
        self.name = ""
        self.env: Mapping[str, str] = {}
        """The environment for apps: DISPLAY and, with accessibility, the session bus."""
        self._size = size
        self._room = room or size
        self._window_manager = window_manager
        self._accessibility = accessibility
        self._cleanup = ExitStack()

    def __enter__(self) -> Self:
        """Start everything and wait until it answers.

        Raises:
            UnsupportedError: a program that is needed is not installed.
            CaptureError: one of them does not start.
        """
        with ExitStack() as started:
            self._start(started)
            self._cleanup = started.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    def run(self, args: Sequence[str | Path], **env: str) -> subprocess.Popen[bytes]:
        """Start an app on this display; it is killed, with its children, at the end."""
        return self._spawn(self._cleanup, [str(arg) for arg in args], {**self.env, **env})

    def call(self, args: Sequence[str], *, text: str = "") -> str:
        """Run a command on this display to its end and return what it printed.

        Raises:
            CaptureError: it failed.
        """
        done = subprocess.run(
            [_find(args[0]), *args[1:]],
            env=self.env,
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise CaptureError(f"{' '.join(args)} failed on {self.name}: {done.stderr.strip()}")
        return done.stdout

    def resize(self, width: int, height: int) -> None:
        """Change the screen's size through RANDR, as plugging in another monitor would."""
        mode = f"{width}x{height}"
        output = next(
            line.split()[0] for line in self.call(["xrandr"]).splitlines() if " connected" in line
        )
        if not any(line.split()[:1] == [mode] for line in self.call(["xrandr"]).splitlines()):
            timings = ["0", str(width), "0", "0", "0", str(height), "0", "0", "0"]
            self.call(["xrandr", "--newmode", mode, *timings])
            self.call(["xrandr", "--addmode", output, mode])
        self.call(["xrandr", "--output", output, "--mode", mode])

    # Start ------------------------------------------------------------------------------------

    def _start(self, started: ExitStack) -> None:
        # short, because a unix socket's path may have 107 characters at most
        home = started.enter_context(tempfile.TemporaryDirectory(prefix="vd-"))
        self._will = started.enter_context(Will(Path(home)))
        self.name = self._start_server(started)
        self.env = {
            **{name: value for name, value in os.environ.items() if name not in _FOREIGN},
            "DISPLAY": self.name,
            "XDG_RUNTIME_DIR": home,
            "XDG_CONFIG_HOME": f"{home}/config",
            "XDG_CACHE_HOME": f"{home}/cache",
            "XDG_SESSION_TYPE": "x11",
            "GSETTINGS_BACKEND": "memory",
            "GDK_BACKEND": "x11",
            "NO_AT_BRIDGE": "1",
        }
        if self._size != self._room:
            self.resize(*self._size)
        if self._accessibility:
            self.env = {**self.env, **self._start_bus(started, Path(home))}
            del self.env["NO_AT_BRIDGE"]
        if self._window_manager:
            settings = self._window_manager
            chosen = ["--config-file", str(settings)] if isinstance(settings, Path) else []
            self._spawn(started, ["openbox", "--sm-disable", *chosen], self.env)
            self._wait_for_window_manager()

    def _start_server(self, started: ExitStack) -> str:
        read, write = os.pipe()
        with os.fdopen(read) as answer:
            width, height = self._room
            args = ["Xvfb", "-displayfd", str(write), "-nolisten", "tcp", "-noreset"]
            try:
                server = self._spawn(
                    started,
                    [*args, "-screen", "0", f"{width}x{height}x24", "+extension", "RANDR"],
                    os.environ,
                    pass_fd=write,
                )
            finally:
                os.close(write)
            return ":" + _first_line(answer, server, "Xvfb")

    def _start_bus(self, started: ExitStack, home: Path) -> dict[str, str]:
        read, write = os.pipe()
        with os.fdopen(read) as answer:
            args = ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--nosyslog"]
            try:
                daemon = self._spawn(
                    started,
                    [*args, f"--address=unix:path={home}/bus", f"--print-address={write}"],
                    {name: value for name, value in self.env.items() if name != "NO_AT_BRIDGE"},
                    pass_fd=write,
                )
            finally:
                os.close(write)
            address = _first_line(answer, daemon, "dbus-daemon")
        _wake_accessibility(address)
        return {"DBUS_SESSION_BUS_ADDRESS": address}

    def _wait_for_window_manager(self) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        with closing(connect(self.name)) as connection:
            root = connection.screen().root
            probe = root.create_window(0, 0, 9, 9, 0, _AS_PARENT)
            # it announces itself well before it manages windows, and loses those that open in
            # between: so we wait until it manages one of ours
            while not numbers(root, "_NET_CLIENT_LIST"):
                if time.monotonic() > deadline:
                    raise CaptureError(f"openbox did not start on {self.name}")
                if numbers(root, "_NET_SUPPORTING_WM_CHECK"):
                    probe.map()
                time.sleep(_POLL_S)
            probe.destroy()
            while numbers(root, "_NET_CLIENT_LIST") and time.monotonic() < deadline:
                time.sleep(_POLL_S)

    def _spawn(
        self,
        started: ExitStack,
        args: Sequence[str],
        env: Mapping[str, str],
        pass_fd: int | None = None,
    ) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [_find(args[0]), *args[1:]],
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=() if pass_fd is None else (pass_fd,),
            start_new_session=True,
        )
        started.callback(_end, process)
        self._will.add(process.pid)
        return process


# what would lead an app to the user's own session
_FOREIGN = frozenset(
    {
        "AT_SPI_BUS_ADDRESS",
        "DBUS_SESSION_BUS_ADDRESS",
        "NO_AT_BRIDGE",
        "SESSION_MANAGER",
        "WAYLAND_DISPLAY",
        "XAUTHORITY",
    }
)


def _find(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        raise UnsupportedError(
            f"{program} is not installed; on Debian or Ubuntu: apt-get install "
            f"{_PACKAGES.get(program, program.lower())}"
        )
    return found


_PACKAGES = {
    "xrandr": "x11-xserver-utils",
    "dbus-daemon": "dbus at-spi2-core",
}


def _first_line(answer: IO[str], process: subprocess.Popen[bytes], what: str) -> str:
    line = answer.readline().strip()  # ends at once when the process dies
    if not line:
        raise CaptureError(f"{what} did not start: exit code {process.wait(_PATIENCE_S)}")
    return line


def _wake_accessibility(address: str) -> None:
    # jeepney comes with the desktop extra only
    from jeepney import DBusAddress, Properties, new_method_call  # noqa: PLC0415
    from jeepney.io.blocking import open_dbus_connection  # noqa: PLC0415

    bus = DBusAddress("/org/a11y/bus", "org.a11y.Bus", "org.a11y.Bus")
    status = DBusAddress("/org/a11y/bus", "org.a11y.Bus", "org.a11y.Status")
    # browsers and Qt apps say nothing until they are told that somebody listens
    listens = Properties(status).set("IsEnabled", "b", value=True)
    with open_dbus_connection(address) as connection:
        for call in (new_method_call(bus, "GetAddress"), listens):
            connection.send_and_get_reply(call, timeout=_PATIENCE_S)


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(_GRACE_S)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    else:
        with suppress(ProcessLookupError):  # children that outlive their parent
            os.killpg(process.pid, signal.SIGKILL)
