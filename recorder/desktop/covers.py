"""What of a desktop is painted over because of its focus: secret fields and unknown windows."""

from __future__ import annotations

from collections.abc import Sequence

from recorder.capture import Capture
from recorder.desktop.desk import Active
from recorder.desktop.viewport import Viewport
from recorder.desktop.windows import WindowWatcher
from recorder.schema import Box

_SOURCE = "focus"


class Covers:
    """Keeps the masks of one display in step with its windows and its secret fields."""

    def __init__(self, capture: Capture, windows: WindowWatcher, viewport: Viewport) -> None:
        self._masks = capture.gate.masks
        self._clock = capture.clock
        self._windows = windows
        self._viewport = viewport
        self._tainted: set[int] = set()

    def taint(self, window: Active) -> None:
        """Cover a window for as long as it lives: it shows text that was not kept."""
        self._tainted.add(window.owner.window)

    def put(self, secrets: Sequence[Box], active: Active | None, *, is_unknown: bool) -> None:
        """Cover secret fields, tainted windows and, when the focus is unknown, the active one."""
        boxes = [*secrets, *self._windows_of(active, is_unknown=is_unknown)]
        located = sorted({self._viewport.locate_box(box) for box in boxes})
        if self._masks.put(_SOURCE, located, self._clock.now_ns()):
            self._windows.on_stale()

    def _windows_of(self, active: Active | None, *, is_unknown: bool) -> list[Box]:
        visible = self._windows.visible
        covered = {top.owner.client for top in visible if top.owner.window in self._tainted}
        if is_unknown and active:
            covered.add(active.owner.client)
        boxes = [
            top.box
            for top in visible
            if top.owner.client in covered or (is_unknown and top.owner.floats)
        ]
        # it may have opened after the list of visible windows was made
        return [*boxes, active.box] if is_unknown and active else boxes
