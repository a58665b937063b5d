"""Where the recorded image lies on the desktop."""

from __future__ import annotations

from recorder.schema import Box


class Viewport:
    """Turns places on the desktop into places in the image; changes when monitors do.

    >>> Viewport((-1280, 0)).locate(-1280, 5)
    (0, 5)
    """

    def __init__(self, origin: tuple[int, int] = (0, 0)) -> None:
        self.origin = origin
        """The desktop's place of pixel (0, 0); replaced whole, so that any thread may read it."""

    def locate(self, x: int, y: int) -> tuple[int, int]:
        """Return the pixel of a place on the desktop; it may lie outside the image."""
        left, top = self.origin
        return x - left, y - top

    def locate_box(self, box: Box) -> Box:
        """Return a box of the desktop in pixels of the image."""
        x, y = self.locate(box[0], box[1])
        return x, y, box[2], box[3]
