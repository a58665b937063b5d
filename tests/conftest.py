"""What holds for all tests."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile

import pytest
from hypothesis import HealthCheck, settings

# a busy machine is no bug
settings.register_profile("understudy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("understudy")

_OWN = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    """Hear Ctrl-C, and keep clear of the latch and sockets of whoever runs the tests.

    Both hold in the processes that tests start, too. A shell's background ignores Ctrl-C; tests
    that run side by side each have a folder of their own for what is the user's alone.
    """
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    own = config.stash[_OWN] = tempfile.mkdtemp(prefix="understudy-")
    os.environ["XDG_RUNTIME_DIR"] = own


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind."""
    shutil.rmtree(config.stash[_OWN], ignore_errors=True)
