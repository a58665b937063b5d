"""Pages rendered in a Chromium, and what their own DOM says is on them."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from policy.reader.fonts import font_environment
from policy.reader.pages import Page
from recorder.browser.chromium import find_chromium, launch_arguments, launch_environment

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession
    from playwright.sync_api import Page as Tab

LABELLING = (files("policy.reader") / "scripts" / "label.js").read_text("utf-8")
"""A JavaScript function that tells what is on the page that it runs in."""
_SHOW = f"""([html, focus]) => {{
  document.documentElement.innerHTML = html;
  if (focus) document.querySelector("input, textarea, select, button")?.focus();
  return JSON.stringify(({LABELLING})());
}}"""
ROLES = ("button", "checkbox", "radio", "textbox", "combobox", "tab", "slider", "image")
STATES = ("checked", "disabled", "focused", "multiline", "selected")
_ASCENT, _DESCENT = 0.80, 0.22  # of a font's size; its own say more of its makers than of its ink
_JOINED = 0.7  # words nearer than this share of a font's size are read as one line
_WHOLE = 0.12  # and nearer than this as one word, however many elements it is in


@dataclass(frozen=True, slots=True)
class Letter:
    """One character, from left to right edge in px."""

    character: str
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Line:
    """Words that are read in one go, in px of the picture."""

    letters: tuple[Letter, ...]
    words: tuple[tuple[int, int], ...]
    """First letter of each word, and the one behind its last."""
    top: float
    bottom: float
    linked: tuple[bool, ...]
    """Whether each word is a link."""
    owner: int
    """Widget that it is in, -1 for none."""

    def text(self, word: int) -> str:
        """Return one word."""
        first, end = self.words[word]
        return "".join(each.character for each in self.letters[first:end])

    def edges(self, word: int) -> tuple[float, float]:
        """Return where a word begins and ends."""
        first, end = self.words[word]
        return self.letters[first].left, self.letters[end - 1].right


@dataclass(frozen=True, slots=True)
class Widget:
    """Something to act on, in px of the picture."""

    role: str
    left: float
    top: float
    width: float
    height: float
    states: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """A picture and what is on it."""

    pixels: NDArray[np.uint8]
    """(H, W, 3)."""
    lines: tuple[Line, ...]
    widgets: tuple[Widget, ...]


def labels(found: Mapping[str, Any], scale: float) -> tuple[tuple[Line, ...], tuple[Widget, ...]]:
    """Return lines and widgets of what `LABELLING` returned, at a device-pixel ratio."""
    widgets = tuple(
        Widget(role, x * scale, y * scale, width * scale, height * scale, tuple(states))
        for role, x, y, width, height, states in found["widgets"]
        if role in ROLES
    )
    # roles that are left out would shift the numbers of owners
    kept = [number for number, each in enumerate(found["widgets"]) if each[0] in ROLES]
    places = {number: place for place, number in enumerate(kept)}
    lines = [
        _line(run, scale, places.get(run[0][4], -1))
        for row in _rows(found["words"])
        for run in _runs(row)
    ]
    return tuple(sorted(lines, key=lambda line: (line.top, line.letters[0].left))), widgets


def _rows(words: Sequence[Sequence[Any]]) -> list[list[Sequence[Any]]]:
    """Put words together that stand on one baseline, in one size and in one widget."""
    rows: list[list[Sequence[Any]]] = []
    for word in words:
        _, baseline, size, _, owner, _ = word
        for row in reversed(rows):
            _, other, like, _, at, _ = row[0]
            if at == owner and abs(other - baseline) <= 1 and abs(like - size) < size / 4:
                row.append(word)
                break
        else:
            rows.append([word])
    return rows


def _runs(row: Sequence[Sequence[Any]]) -> list[list[Sequence[Any]]]:
    """Cut words on one baseline where there is a gap."""
    runs: list[list[Sequence[Any]]] = []
    for word in sorted(row, key=lambda each: each[5][0]):
        if runs and word[5][0] - runs[-1][-1][5][-1] < _JOINED * word[2]:
            runs[-1].append(word)
        else:
            runs.append([word])
    return runs


def _line(run: Sequence[Sequence[Any]], scale: float, owner: int) -> Line:
    letters: list[Letter] = []
    words: list[tuple[int, int]] = []
    linked: list[bool] = []
    for text, _, size, is_link, _, edges in run:
        first = len(letters)
        is_joined = bool(letters) and edges[0] - letters[-1].right / scale < _WHOLE * size
        if is_joined:
            first = words.pop()[0]
            is_link = linked.pop() or is_link
        letters += [
            Letter(character, left * scale, right * scale)
            for character, left, right in zip(text, edges[::2], edges[1::2], strict=False)
        ]
        words.append((first, len(letters)))
        linked.append(bool(is_link))
    baseline = run[0][1] * scale
    size = max(word[2] for word in run) * scale
    return Line(
        tuple(letters),
        tuple(words),
        baseline - _ASCENT * size,
        baseline + _DESCENT * size,
        tuple(linked),
        owner,
    )


class Renderer:
    """A headless Chromium that reaches no network, with one tab in use."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._tab: Tab | None = None
        self._scale = 0.0
        self._devtools: CDPSession | None = None

    def render(self, page: Page) -> Labelled:
        """Return a page's picture and what is on it."""
        tab, devtools = self._open(page.scale)
        size = {"width": page.width_px, "height": page.height_px}
        metrics = {**size, "deviceScaleFactor": page.scale, "mobile": False}
        devtools.send("Emulation.setDeviceMetricsOverride", metrics)
        found = json.loads(tab.evaluate(_SHOW, [page.html, page.focus]))
        shot = devtools.send("Page.captureScreenshot", {"format": "png", "optimizeForSpeed": True})
        with Image.open(io.BytesIO(base64.b64decode(shot["data"]))) as image:
            pixels = np.array(image.convert("RGB"))
        lines, widgets = labels(found, page.scale)
        return Labelled(pixels, lines, widgets)

    def _open(self, scale: float) -> tuple[Tab, CDPSession]:
        if not self._tab or not self._devtools:
            context = self._browser.new_context(offline=True)
            self._tab = context.new_page()
            self._devtools = context.new_cdp_session(self._tab)
        return self._tab, self._devtools


@contextmanager
def chromium(*, is_hinted: bool = True) -> Generator[Renderer]:
    """Run a Chromium for as long as pages are to be rendered."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - an optional extra

    hinting = "full" if is_hinted else "none"
    with font_environment() as fonts, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(find_chromium(headless=True)),
            env=launch_environment() | fonts,
            args=[
                *launch_arguments(),
                "--disable-gpu",
                "--force-color-profile=srgb",
                f"--font-render-hinting={hinting}",
            ],
        )
        try:
            yield Renderer(browser)
        finally:
            browser.close()
