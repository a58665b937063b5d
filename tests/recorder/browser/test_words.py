"""The pure parts: addresses, places, keys and messages."""

from __future__ import annotations

from typing import Literal

import pytest

from recorder.browser.frames import FrameTree
from recorder.browser.layout import Transform
from recorder.browser.messages import (
    Child,
    EarlyInput,
    Keystroke,
    Layout,
    Pointer,
    Wheel,
    read_early,
    read_message,
)
from recorder.browser.translate import Place, early_message, to_event
from recorder.browser.urls import clean_url
from recorder.errors import CaptureError
from recorder.schema import Key, Scroll

PLACE = Place("p1", "", Transform(), t_ns=5, received_ns=7)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://a.example/x?q=secret&r", "https://a.example/x?q="),
        ("https://a.example/x?secret", "https://a.example/x"),
        ("https://a.example/x?one two=secret", "https://a.example/x"),
        ("http://me:secret@[::1]:8080/#secret", "http://[::1]:8080/"),
        ("javascript:secret", "javascript:"),
        ("blob:https://a.example/secret", "blob:"),
        ("http://a.example:port/secret", "http:"),
        ("about:blank", "about:blank"),
        ("file:///home/me/page.html", "file:///home/me/page.html"),
    ],
)
def test_addresses_keep_only_what_is_no_secret(url: str, kept: str):
    assert clean_url(url) == kept


def _layout(*children: Child) -> Layout:
    size = (800.0, 600.0)
    return Layout("d", 1.0, ((10.0, 10.0, 20.0, 20.0),), children, (0.0, 0.0, 1.0), size)


def _child(name: str, x: float) -> Child:
    return Child(name, (x, 100.0, 50.0, 50.0), (x, 100.0), (2.0, 2.0))


def test_a_frame_that_nobody_knows_is_covered_whole():
    tree = FrameTree(lambda url: "denied" not in url)
    assert tree.covered() is None
    main = tree.add("main", "")
    assert tree.covered() is None
    main.layout = _layout(_child("silent", 0), _child("known", 100), _child("denied", 200))
    for name in ("silent", "known", "denied"):
        tree.add(name, "main").url = f"https://{name}.example/"
    for name in ("known", "denied"):
        tree.add(name, "main").layout = _layout()
    assert tree.covered() == [
        (10, 10, 20, 20),
        (0, 100, 50, 50),
        (120, 120, 30, 30),
        (200, 100, 50, 50),
    ]
    tree.remove("main")
    assert list(tree) == []


def test_a_modifier_is_not_held_before_it_is_pressed():
    def press(symbol: str, held: tuple[str, ...], *, down: bool) -> tuple[str, ...]:
        message = Keystroke("d", 1, 1, down, "", symbol, held, False, True, None)
        event = to_event(message, PLACE)
        assert isinstance(event, Key)
        return event.modifiers

    assert press("Shift", ("ctrl", "shift"), down=True) == ("ctrl",)
    assert press("Shift", ("ctrl",), down=False) == ("ctrl", "shift")
    assert press("a", ("shift", "ctrl"), down=True) == ("ctrl", "shift")


def test_wheels_that_count_lines_are_told_from_pixels():
    event = to_event(Wheel("d", 1, 1, 0, 0, 0, 3, True, True), PLACE)
    assert isinstance(event, Scroll)
    assert (event.dy, event.unit) == (3, "notch")


def test_a_button_that_mice_do_not_have_is_no_event():
    assert to_event(Pointer("d", 1, "down", 1, 0, 0, 7, True), PLACE) is None


@pytest.mark.parametrize("kind", ["pointerdown", "pointerup", "wheel", "keydown", "input"])
def test_early_input_never_tells_a_key(
    kind: Literal["pointerdown", "pointerup", "wheel", "keydown", "input"],
):
    message = early_message(EarlyInput(kind, 1, 2, 3, 4, 5, 6, 0))
    assert (message is None) == (kind in ("keydown", "input"))


def test_what_no_script_of_ours_says_is_refused():
    with pytest.raises(CaptureError, match="no script of ours"):
        read_message('{"k":"else"}')
    with pytest.raises(CaptureError, match="no script of ours"):
        read_early("nonsense")
