"""Reading: from the pixels of a screen to its elements, and again only what has changed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from policy.errors import ConfigError
from policy.observe import scaled
from policy.reader import checkpoint
from policy.reader.assemble import Screen, TextLine, Word, assemble
from policy.reader.find import Floats, TextBox, link_share, text_boxes, widget_boxes
from policy.reader.lines import Strip, cut_strip
from policy.reader.model import FRAME_PX, LINE_PX, STRIDE, TEXT_CELL, WIDGET_CELL, ReaderModel
from policy.reader.spell import Spelled, spell
from policy.reader.targets import padded
from recorder.schema import Element, Observation, element_at

Pixels = NDArray[np.uint8]
SHIPPED = Path(str(files("policy.reader") / "weights"))
"""Folder of the reader that comes with us."""
_TILE_PX = 64
_AROUND_PX = 64  # what is so near to a change may be found in another way than before
_WIDTH_UNIT = 32  # columns; strips of like widths are read together
_REMEMBERED = 4096  # strips
_IS_LINK = 0.5


@dataclass(frozen=True, eq=False)
class Reading:
    """What was read of one screen."""

    pixels: Pixels
    """(H, W, 3), a copy."""
    text: Floats
    """The finder's map of text, (4, H / 2, W / 2)."""
    widgets: Floats
    """Its map of widgets, (…, H / 4, W / 4)."""
    lines: tuple[TextLine, ...]
    """All that is written on it, word by word."""
    screen: Screen

    @cached_property
    def elements(self) -> tuple[Element, ...]:
        """What is on the screen, in reading order."""
        return tuple(seen.element for seen in self.screen.seen)

    @cached_property
    def confidences(self) -> tuple[float, ...]:
        """How surely each was read: the probability of its least sure character."""
        return tuple(seen.confidence for seen in self.screen.seen)

    @property
    def goal(self) -> str:
        """The first block of text on the screen."""
        return self.screen.goal

    def sureness(self, place: tuple[int, int]) -> float:
        """Return how surely that was read which is at a place; 1 where nothing is."""
        hit = element_at(place, self.elements)
        return 1.0 if hit is None else self.confidences[hit]

    def as_seen(self, observation: Observation) -> Observation:
        """Return an observation with what is on its screen, and with nothing else."""
        return replace(observation, elements=self.elements, goal=self.goal)


class Reader:
    """Reads screens; it remembers lines that it has read, whoever showed them.

    Args:
        model: networks that learn no more; they are made faster, and changed by that.
        model_hash: SHA-256 of their weights.
    """

    def __init__(self, model: ReaderModel, model_hash: str = "") -> None:
        self.model_hash = model_hash
        self._model = model.eval()
        self._model.fuse()
        self._spelled: OrderedDict[bytes, tuple[Spelled, ...]] = OrderedDict()

    @classmethod
    def load(cls, folder: Path) -> Reader:
        """Return the reader in a folder.

        Raises:
            CheckpointError: it is torn, foreign or altered.
        """
        model, manifest = checkpoint.load(folder)
        return cls(model, manifest.weights_sha256)

    def read(self, pixels: Pixels, before: Reading | None = None) -> Reading:
        """Return what is on a screen.

        Args:
            pixels: (H, W, 3).
            before: what was read last of this screen; itself is returned when nothing has changed.

        Raises:
            ConfigError: the pixels are not (H, W, 3) of bytes.
        """
        if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or not pixels.size:
            raise ConfigError(
                f"pixels {pixels.shape} of {pixels.dtype}; allowed: (H, W, 3) of uint8"
            )
        if before is not None and np.array_equal(before.pixels, pixels):
            return before
        with torch.inference_mode():
            text, widgets = self._find(pixels, before)
            lines = self._lines(pixels, text)
        screen = assemble(lines, widget_boxes(widgets))
        return Reading(pixels.copy(), text, widgets, tuple(lines), screen)

    # Parts ----------------------------------------------------------------------------------------

    def _find(self, pixels: Pixels, before: Reading | None) -> tuple[Floats, Floats]:
        """Return the finder's maps; those from before where nothing has changed nearby."""
        whole = padded(pixels)
        box = _changed(before.pixels, pixels) if before else None
        if before is None or box is None:
            return self._look(whole)
        left, top, right, bottom = box
        height, width = whole.shape[:2]
        x0, y0 = max(0, left - _AROUND_PX), max(0, top - _AROUND_PX)
        x1, y1 = min(width, right + _AROUND_PX), min(height, bottom + _AROUND_PX)
        if 2 * (x1 - x0) * (y1 - y0) > width * height:
            return self._look(whole)
        maps = self._look(whole[y0:y1, x0:x1])
        text, widgets = before.text.copy(), before.widgets.copy()
        # half of what was looked at around the change only lends its sight to what is nearer
        near = _AROUND_PX // 2
        x2, y2 = max(0, left - near), max(0, top - near)
        x3, y3 = min(width, right + near), min(height, bottom + near)
        for whole_map, part, cell in zip(
            (text, widgets), maps, (TEXT_CELL, WIDGET_CELL), strict=True
        ):
            whole_map[:, y2 // cell : y3 // cell, x2 // cell : x3 // cell] = part[
                :,
                (y2 - y0) // cell : (y3 - y0) // cell,
                (x2 - x0) // cell : (x3 - x0) // cell,
            ]
        return text, widgets

    def _look(self, pixels: Pixels) -> tuple[Floats, Floats]:
        picture = torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1)[None]
        found = self._model.finder(scaled(picture))
        return found.text[0].numpy(), found.widgets[0].numpy()

    def _lines(self, pixels: Pixels, text: Floats) -> list[TextLine]:
        boxes = text_boxes(text)
        strips = [cut_strip(pixels, *_edges(box)) for box in boxes]
        return [
            _line(text, box, strip, words)
            for box, strip, words in zip(boxes, strips, self._spell(strips), strict=True)
            if words
        ]

    def _spell(self, strips: Sequence[Strip]) -> list[tuple[Spelled, ...]]:
        keys = [_key(strip) for strip in strips]
        new = {
            key: strip for key, strip in zip(keys, strips, strict=True) if key not in self._spelled
        }
        groups: dict[int, list[bytes]] = {}
        for key, strip in new.items():
            width = -(-strip.picture.shape[1] // _WIDTH_UNIT) * _WIDTH_UNIT
            groups.setdefault(width, []).append(key)
        for width, members in groups.items():
            batch = np.zeros((len(members), 1, LINE_PX, width), np.float32)
            for row, key in enumerate(members):
                picture = new[key].picture
                batch[row, 0, :, : picture.shape[1]] = picture
            said = self._model.line_reader(torch.from_numpy(batch) / 255.0).log_softmax(dim=1)
            shares = said.movedim(1, -1).numpy()
            for row, key in enumerate(members):
                frames = new[key].picture.shape[1] // FRAME_PX
                self._spelled[key] = spell(shares[row, :frames])
        found = [self._spelled[key] for key in keys]
        for key in keys:
            self._spelled.move_to_end(key)
        while len(self._spelled) > _REMEMBERED:
            self._spelled.popitem(last=False)
        return found


def _key(strip: Strip) -> bytes:
    return blake2b(strip.picture.tobytes(), digest_size=16).digest()


def _edges(box: TextBox) -> tuple[float, float, float, float]:
    return box.left, box.top, box.right, box.bottom


def _line(text: Floats, box: TextBox, strip: Strip, spelled: Sequence[Spelled]) -> TextLine:
    words: list[Word] = []
    for word in spelled:
        left, right = strip.place_of(word.first), strip.place_of(word.end)
        left, right = max(left, box.left - 2), min(right, box.right + 2)
        is_link = link_share(text, left, box.top, right, box.bottom) > _IS_LINK
        words.append(Word(word.text, left, max(right, left + 1), word.confidence, is_link))
    return TextLine(tuple(words), box.top, box.bottom, strip.background)


def _changed(before: Pixels, pixels: Pixels) -> tuple[int, int, int, int] | None:
    """Return what tiles that differ are in, left, top, right, bottom; None for other sizes."""
    if before.shape != pixels.shape:
        return None
    differ = (before != pixels).any(axis=2)
    rows, columns = np.flatnonzero(differ.any(axis=1)), np.flatnonzero(differ.any(axis=0))
    height, width = (-(-size // STRIDE) * STRIDE for size in pixels.shape[:2])
    return (
        int(columns[0]) // _TILE_PX * _TILE_PX,
        int(rows[0]) // _TILE_PX * _TILE_PX,
        min(width, (int(columns[-1]) // _TILE_PX + 1) * _TILE_PX),
        min(height, (int(rows[-1]) // _TILE_PX + 1) * _TILE_PX),
    )
