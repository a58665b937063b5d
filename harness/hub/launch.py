"""Starts the hub, and workers that play, in processes of their own."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec

from harness.errors import ConfigError
from harness.hub.errors import HubLostError
from harness.hub.playing import PlayerConfig
from harness.hub.server import HubConfig
from harness.measure.events import Manifest

_PATIENCE_S = 20.0
_POLL_S = 0.02


def manifest_path(folder: Path) -> Path:
    """Return where the manifest of a run is."""
    return folder / "manifest.json"


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a run.

    Raises:
        ConfigError: there is none, or it is damaged.
    """
    try:
        return msgspec.json.decode(manifest_path(folder).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError) as error:
        raise ConfigError(f"no manifest in {folder}: {error}") from error


def start_hub(config: HubConfig, *, said: Path | None = None) -> subprocess.Popen[bytes]:
    """Return the process of a hub that listens.

    It is a session of its own, so that what closes a terminal does not reach it.

    Args:
        config: of the hub.
        said: file for what it says; our own standard output and error if not said.

    Raises:
        HubLostError: it ended instead, or did not come up; it has said why on standard error.
    """
    config.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not manifest_path(config.folder).exists():
        manifest_path(config.folder).write_bytes(msgspec.json.encode(config.manifest))
    command = [sys.executable, "-m", "harness.hub", str(config.folder)]
    command += ["--socket", str(config.socket)]
    if config.latch is not None:
        command += ["--latch", str(config.latch)]
    before = _made_ns(config.socket)
    with _standard_error(said) as out:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
    deadline = time.monotonic() + _PATIENCE_S
    while _made_ns(config.socket) in (None, before):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            process.wait()
            raise HubLostError(f"the hub did not come up at {config.socket}")
        time.sleep(_POLL_S)
    return process


def _made_ns(path: Path) -> int | None:
    try:
        return path.stat().st_ctime_ns
    except OSError:
        return None


def start_player(
    config: PlayerConfig, *, cwd: Path | None = None, said: Path | None = None
) -> subprocess.Popen[bytes]:
    """Return the process of a worker that plays.

    It ends when its work is done, with 0, and stands still when the hub is gone.

    Args:
        config: of the worker.
        cwd: folder in which it looks for the policy's package; ours if not said.
        said: file for what it says; our own standard output and error if not said.
    """
    command = [sys.executable, "-m", "harness.hub.player"]
    with _standard_error(said) as out:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=out, stderr=out, start_new_session=True, cwd=cwd
        )
    assert process.stdin
    with process.stdin as told:
        told.write(msgspec.json.encode(config))
    return process


@contextmanager
def _standard_error(said: Path | None) -> Generator[IO[bytes] | None]:
    if said is None:
        yield None
        return
    with said.open("ab") as file:
        yield file
