"""What the browser tells of a task page, as pictures and elements."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.env.stage import AREA
from recorder.schema import Box, Element


def decoded(png: bytes) -> NDArray[np.uint8]:
    """Return the picture in a PNG file, (H, W, 3) RGB."""
    from PIL import Image  # noqa: PLC0415 - an optional extra

    with Image.open(io.BytesIO(png)) as image:
        return np.array(image.convert("RGB"))


def whole_pixels(box: Sequence[float]) -> Box:
    """Return the smallest box of whole px around another."""
    left, top, wide, high = box
    x, y = math.floor(left), math.floor(top)
    return (x, y, math.ceil(left + wide) - x, math.ceil(top + high) - y)


def listed(found: Sequence[dict[str, Any]]) -> tuple[Element, ...]:
    """Return the elements on a task page as its script lists them."""
    width, height = AREA
    kept: list[Element] = []
    for one in found:
        box = whole_pixels(one["box"])
        if box[0] >= width or box[1] >= height:
            continue
        kept.append(
            Element(
                role=one["role"],
                box=box,
                name=one.get("name", ""),
                text=one.get("text", ""),
                value=one.get("value", ""),
                states=tuple(one.get("states", ())),
                selectors=tuple(one.get("selectors", ())),
            )
        )
    return tuple(kept)
