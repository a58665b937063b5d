"""The apps of one episode: started in a home of their own, and ended without a trace."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from importlib.resources import as_file, files
from pathlib import Path
from subprocess import DEVNULL
from typing import IO

from harness.errors import InfrastructureError
from harness.tasks.desktop.task import Launch

_PATIENCE_S = 5.0
_MARK = "UNDERSTUDY_EPISODE"
_LOCALE = {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "LANGUAGE": "en", "TZ": "UTC"}


class Apps:
    """Processes and files of one episode; `close` ends the ones and deletes the others.

    Args:
        env: the environment that reaches the display and its buses.
    """

    def __init__(self, env: Mapping[str, str]) -> None:
        self._root = Path(tempfile.mkdtemp(prefix="desktop-"))
        self._processes: list[subprocess.Popen[bytes]] = []
        # the same last part everywhere, because file dialogs show it
        home = self._root / "home"
        self.folder = home / "Documents"
        """What the task is about."""
        self.folder.mkdir(parents=True)
        run = self._root / "run"
        run.mkdir(mode=0o700)
        config = home / ".config"
        with as_file(files("harness.env.desktop") / "config") as defaults:
            shutil.copytree(defaults, config)
        self._env = {
            **env,
            **_LOCALE,
            _MARK: str(self._root),
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(config),
            "XDG_CACHE_HOME": str(home / ".cache"),
            "XDG_DATA_HOME": str(home / ".local"),
            "XDG_RUNTIME_DIR": str(run),
            "GTK2_RC_FILES": str(config / "gtkrc-2.0"),
            "GSETTINGS_BACKEND": "keyfile",
            # no helpers of the file system's, which would outlive the apps
            "GIO_USE_VFS": "local",
            "GIO_USE_VOLUME_MONITOR": "unix",
        }

    def start(self, launch: Launch) -> int:
        """Start an app and return its process number.

        Raises:
            InfrastructureError: it is not installed.
        """
        program = shutil.which(launch.args[0])
        if program is None:
            raise InfrastructureError(
                f"{launch.args[0]} is not installed; on Debian or Ubuntu: apt-get install "
                f"{_PACKAGES.get(launch.args[0], launch.args[0])}"
            )
        modules = {"GTK_MODULES": "gail:atk-bridge"} if launch.gtk2 else {}
        if launch.answer is None:
            return self._spawn(program, launch, modules, DEVNULL)
        with (self.folder / launch.answer).open("wb") as answer:
            return self._spawn(program, launch, modules, answer)

    def died(self) -> str:
        """Return which app was ended by a signal, and the empty string if none was.

        Apps that an agent closed end by themselves.
        """
        for process in self._processes:
            code = process.poll()
            if code is not None and code < 0:
                return f"{Path(str(process.args[0])).name} died: {signal.Signals(-code).name}"  # pyright: ignore
        return ""

    def close(self) -> None:
        """End the apps and whatever they started, and delete their files."""
        for process in self._processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        for process in self._processes:
            process.wait(_PATIENCE_S)
        self._processes.clear()
        _end_marked(f"{_MARK}={self._root}".encode())
        shutil.rmtree(self._root, ignore_errors=True)

    def _spawn(
        self, program: str, launch: Launch, modules: Mapping[str, str], output: IO[bytes] | int
    ) -> int:
        process = subprocess.Popen(
            [program, *launch.args[1:]],
            cwd=self.folder,
            env={**self._env, **modules},
            stdin=DEVNULL,
            stdout=output,
            stderr=DEVNULL,
            start_new_session=True,
        )
        self._processes.append(process)
        return process.pid


_PACKAGES = {"pcmanfm": "pcmanfm libgail-common libatk-adaptor"}


def _end_marked(mark: bytes) -> None:
    """End processes that left the group of the app that started them."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        with suppress(OSError):  # gone, or somebody else's
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                os.kill(int(folder.name), signal.SIGKILL)
