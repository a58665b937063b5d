"""The frames of one page: which documents there are, where they lie, and what they hide."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from recorder.browser.cdp import Cdp
from recorder.browser.layout import Transform, cut_to
from recorder.browser.messages import AnyMessage, Child, Layout, SeenElement
from recorder.browser.pageclock import PageClock
from recorder.schema import Box


@dataclass(frozen=True, slots=True)
class World:
    """Where the script of one document runs."""

    cdp: Cdp
    number: int
    """DevTools' id of the execution context, unique in its session only."""


@dataclass(slots=True)
class FrameState:
    """One frame, and what its present document has told."""

    id: str
    parent: str
    """Empty for the main frame."""
    url: str = ""
    world: World | None = None
    doc: str = ""
    clock: PageClock = field(default_factory=PageClock)
    layout: Layout | None = None
    elements: tuple[SeenElement, ...] = ()
    waiting: list[tuple[AnyMessage, int]] = field(default_factory=list[tuple[AnyMessage, int]])
    """Input heard, and when, before anybody knew where the frame lies."""
    denied_told: bool = False
    beaten_ns: int = 0
    """When its listeners were last known to be in place."""

    def renew(self, world: World | None) -> None:
        """Forget the document that was there."""
        self.world, self.doc, self.clock = world, "", PageClock()
        self.layout, self.elements, self.denied_told = None, (), False
        self.waiting.clear()


class FrameTree:
    """The frames of one page, by DevTools' frame id, and the scale of its images."""

    def __init__(self, url_allowed: Callable[[str], bool]) -> None:
        self._url_allowed = url_allowed
        self._frames: dict[str, FrameState] = {}
        self.main: FrameState | None = None
        self.scale = 1.0
        """Image pixels per CSS pixel."""

    def add(self, frame_id: str, parent: str) -> FrameState:
        """Return the frame of that id, known from now on; no parent means the main one."""
        frame = self._frames.setdefault(frame_id, FrameState(frame_id, parent))
        if not parent:
            self.main = frame
        return frame

    def get(self, frame_id: str) -> FrameState | None:
        """Return a frame, None when there is none of that id."""
        return self._frames.get(frame_id)

    def remove(self, frame_id: str) -> list[FrameState]:
        """Forget a frame and all inside it; return what was forgotten."""
        inside = [frame.id for frame in self if frame.parent == frame_id]
        gone = [frame for child in inside for frame in self.remove(child)]
        own = self._frames.pop(frame_id, None)
        return [*gone, own] if own else gone

    def __iter__(self) -> Iterator[FrameState]:
        return iter(list(self._frames.values()))

    def of_world(self, cdp: Cdp, number: int) -> FrameState | None:
        """Return the frame whose script runs in that world."""
        return next((frame for frame in self if frame.world == World(cdp, number)), None)

    def allowed(self, frame: FrameState) -> bool:
        """Return whether anything of a frame may be kept; frames without a site go by their parent.

        The page itself is the gate's to judge.
        """
        if not frame.parent:
            return True
        parent = self._frames.get(frame.parent)
        if parent is None or not self.allowed(parent):
            return False
        return frame.url.startswith("about:") or not frame.url or self._url_allowed(frame.url)

    def transform(self, frame: FrameState) -> Transform | None:
        """Return the way from a frame's coordinates to the image; None while it is not known."""
        if not frame.parent:
            left, top, zoom = frame.layout.view if frame.layout else (0.0, 0.0, 1.0)
            scale = self.scale * zoom
            return Transform(-left * scale, -top * scale, scale, scale)
        parent = self._frames.get(frame.parent)
        outer = self.transform(parent) if parent else None
        child = _child(parent, frame.id) if parent else None
        if outer is None or child is None:
            return None
        return outer.after(Transform(*child.origin, *child.scale))

    def covered(self) -> list[Box] | None:
        """Return what must not be seen of the page; None while the page has not said."""
        if self.main is None or self.main.layout is None:
            return None
        return self._covered_in(self.main, self.main.layout)

    def shown(self) -> list[FrameState]:
        """Return the frames that can be seen, the main one first."""
        if self.main is None:
            return []
        seen = [self.main]
        for frame in seen:
            children = frame.layout.children if frame.layout else ()
            seen += [found for child in children if (found := self._frames.get(child.id))]
        return seen

    def is_in_view(self, box: Box) -> bool:
        """Return whether any of a box lies in the image: a frame may be larger than its page."""
        if self.main is None or self.main.layout is None:
            return True
        width, height = (side * self.scale for side in self.main.layout.size)
        x, y, wide, high = box
        return x < width and y < height and x + wide > 0 and y + high > 0

    def is_known(self) -> bool:
        """Return whether all frames that can be seen have said what is in them."""
        layouts = [frame.layout for frame in self.shown()]
        if not layouts or None in layouts:
            return False
        children = [child for layout in layouts if layout for child in layout.children]
        inner = [self._frames.get(child.id) for child in children]
        return all(frame is not None and frame.clock.settled for frame in inner)

    def _covered_in(self, frame: FrameState, layout: Layout) -> list[Box]:
        transform = self.transform(frame)
        if transform is None:
            return []
        boxes = [transform.box(box) for box in layout.boxes]
        for child in layout.children:
            inner = self._frames.get(child.id)
            outline = transform.box(child.box)
            if inner is None or inner.layout is None or not self.allowed(inner):
                boxes.append(outline)
            else:
                boxes += cut_to(self._covered_in(inner, inner.layout), outline)
        return boxes


def _child(parent: FrameState, frame_id: str) -> Child | None:
    children = parent.layout.children if parent.layout else ()
    return next((child for child in children if child.id == frame_id), None)
