"""Lines of text as small grey pictures, for training and for reading alike."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from policy.reader.model import FRAME_PX, LINE_PX

MOST_FRAMES = 512
"""Longer lines are squeezed."""
_PAD = 0.05  # of a line's height, above and below
_BESIDE = 0.35  # of a line's height, to the left and to the right
_FAINT = 24.0  # what differs less from its background is noise
_WIDER = 0.12  # standard deviation of the logarithm
_SLANT = 0.25  # px to the side for each px down, at most
_BOLDER, _BLUR_PX = 0.5, 0.9  # at most
_RARELY = 0.3


class Strip(NamedTuple):
    """A line as it is read."""

    picture: NDArray[np.uint8]
    """(LINE_PX, W), W a multiple of `FRAME_PX`; how much each pixel differs from the background."""
    left: float
    """Where it begins, in px of the screen."""
    scale: float
    """Columns for each px of the screen."""
    background: tuple[int, int, int]
    """Its commonest colour, or nearly."""

    def frame_at(self, x: float) -> float:
        """Return the frame that shows a place, in parts of frames; its middle is at .5."""
        return (x - self.left) * self.scale / FRAME_PX

    def place_of(self, frame: float) -> float:
        """Return the px of the screen that a part of a frame shows."""
        return self.left + frame * FRAME_PX / self.scale


def cut_strip(
    pixels: NDArray[np.uint8], left: float, top: float, right: float, bottom: float
) -> Strip:
    """Return the line in a box of a picture, (H, W, 3), with a little around it."""
    height = max(bottom - top, 4.0)
    left, right = left - _BESIDE * height, right + _BESIDE * height
    top, bottom = top - _PAD * height, bottom + _PAD * height
    columns, rows = pixels.shape[1], pixels.shape[0]
    x0, x1 = int(np.floor(left)), int(np.ceil(right))
    y0, y1 = int(np.floor(top)), int(np.ceil(bottom))
    inside = pixels[max(y0, 0) : min(y1, rows), max(x0, 0) : min(x1, columns)]
    background = _background(inside)
    contrast = _contrast(inside, background)
    around = ((max(-y0, 0), max(y1 - rows, 0)), (max(-x0, 0), max(x1 - columns, 0)))
    padded = np.pad(contrast, around) if any(map(any, around)) else contrast
    scale = min(LINE_PX / (bottom - top), MOST_FRAMES * FRAME_PX / (right - left))
    width = max(FRAME_PX, round((right - left) * scale / FRAME_PX) * FRAME_PX)
    box = (left - x0, top - y0, right - x0, bottom - y0)
    resized = Image.fromarray(padded).resize(
        (width, LINE_PX), Image.Resampling.BILINEAR, box=box, reducing_gap=None
    )
    return Strip(np.asarray(resized), left, width / (right - left), background)


def varied(strip: Strip, rng: np.random.Generator, share: float) -> Strip:
    """Return a line as another font might show it: wider, slanted, bolder, blurred.

    Args:
        strip: as it was drawn.
        rng: says how.
        share: of all cases; the others stay as they are.
    """
    if rng.random() >= share:
        return strip
    height, width = strip.picture.shape
    wider = float(np.exp(rng.normal(0, _WIDER)))
    columns = max(FRAME_PX, round(width * wider / FRAME_PX) * FRAME_PX)
    wider = columns / width
    slant = float(rng.uniform(-_SLANT, _SLANT)) if rng.random() < _RARELY else 0.0
    picture = Image.fromarray(strip.picture).transform(
        (columns, height),
        Image.Transform.AFFINE,
        (1 / wider, slant, -slant * height / 2, 0, 1, 0),
        Image.Resampling.BILINEAR,
    )
    if rng.random() < _RARELY:
        kind = ImageFilter.MaxFilter(3) if rng.random() < 0.5 else ImageFilter.MinFilter(3)
        picture = Image.blend(picture, picture.filter(kind), float(rng.uniform(0, _BOLDER)))
    if rng.random() < _RARELY:
        picture = picture.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.2, _BLUR_PX))))
    return strip._replace(picture=np.asarray(picture), scale=strip.scale * wider)


def _background(inside: NDArray[np.uint8]) -> tuple[int, int, int]:
    if not inside.size:
        return 0, 0, 0
    red, green, blue = np.median(inside.reshape(-1, 3), axis=0).astype(int).tolist()
    return red, green, blue


def _contrast(inside: NDArray[np.uint8], background: tuple[int, int, int]) -> NDArray[np.uint8]:
    """Return (H, W): how far each pixel is from the background, the furthest being 255."""
    if not inside.size:
        return np.zeros(inside.shape[:2], np.uint8)
    away = np.abs(inside.astype(np.int16) - np.array(background, np.int16)).max(axis=2)
    most = max(float(away.max()), _FAINT)
    return (away.astype(np.float32) * (255.0 / most)).astype(np.uint8)
