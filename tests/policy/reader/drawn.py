"""Pages that are drawn without a browser, and readers that were never trained, for tests."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from policy.reader.checkpoint import ReaderManifest
from policy.reader.label import Labelled, Letter, Line, Widget
from policy.reader.model import ReaderConfig, ReaderModel

TINY = ReaderConfig(channels=8, line_channels=8, line_width=32)
_SIZE_PX = 16


def tiny_model(seed: int = 0) -> ReaderModel:
    """Return a small reader with random weights."""
    torch.manual_seed(seed)
    return ReaderModel(TINY)


def manifest() -> ReaderManifest:
    """Return a manifest for it."""
    return ReaderManifest(TINY, updates=0, minutes=0.0, shards=0, seed=0)


def drawn_page(*texts: str, ticked: bool = True) -> Labelled:
    """Return a page of 160 x 96 px: one line for each text, and a box to tick beside the last."""
    image = Image.new("RGB", (160, 96), "white")
    pen = ImageDraw.Draw(image)
    font = ImageFont.load_default(_SIZE_PX)
    lines: list[Line] = []
    for number, text in enumerate(texts):
        left, top = 30.0, 8.0 + 28 * number
        pen.text((left, top), text, "black", font)
        lines.append(_line(text, left, top, font))
    corner = (8.0, 8.0 + 28 * (len(texts) - 1))
    pen.rectangle((*corner, corner[0] + 14, corner[1] + 14), outline="black", width=2)
    if ticked:
        pen.rectangle((corner[0] + 4, corner[1] + 4, corner[0] + 10, corner[1] + 10), fill="blue")
    states = ("checked",) if ticked else ()
    widget = Widget("checkbox", *corner, 14.0, 14.0, states)
    return Labelled(np.array(image), tuple(lines), (widget,))


def _line(
    text: str, left: float, top: float, font: ImageFont.FreeTypeFont | ImageFont.ImageFont
) -> Line:
    letters: list[Letter] = []
    words: list[tuple[int, int]] = []
    place = 0
    for word in text.split():
        place = text.index(word, place)
        first = len(letters)
        for character in word:
            start, end = (left + font.getlength(text[:n]) for n in (place, place + 1))
            letters.append(Letter(character, start, end))
            place += 1
        words.append((first, len(letters)))
    return Line(
        tuple(letters), tuple(words), top + 2, top + 2 + _SIZE_PX, (False,) * len(words), -1
    )
