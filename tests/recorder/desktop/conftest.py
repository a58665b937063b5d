"""Displays for the desktop's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from recorder.desktop.xvfb import VirtualDisplay


@pytest.fixture(scope="module")
def bare() -> Iterator[VirtualDisplay]:
    """Yield a display with nothing on it, not even a window manager."""
    with VirtualDisplay((1280, 720)) as display:
        yield display


@pytest.fixture
def desk() -> Iterator[VirtualDisplay]:
    """Yield a display with a window manager and accessibility, of its own for each test."""
    with VirtualDisplay((1024, 640), window_manager=True, accessibility=True) as display:
        yield display
