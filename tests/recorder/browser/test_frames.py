"""A frame is heard in whatever order its processes tell of it; what is not heard is said."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, cast

import pytest

from recorder.browser.cdp import Cdp
from recorder.browser.frames import FrameState, FrameTree, World
from recorder.browser.messages import AnyMessage, Keystroke, Pointer
from recorder.browser.scribe import Hearing, Scribe
from recorder.browser.scripts import Names
from recorder.browser.target import Target
from recorder.capture import Capture
from recorder.clock import SystemClock
from recorder.gate import Gate
from recorder.schema import Gap
from recorder.store import Manifest, Recording, RecordingWriter

pytestmark = pytest.mark.asyncio
NAMES = Names()
OLD_WORLD = 7
SECOND_MS = 1000.0


class Wire:
    """A DevTools session whose other end is the test."""

    def __init__(self, root: str) -> None:
        self.is_open = True
        self._root = root
        self._handlers: dict[str, Callable[[dict[str, Any]], object]] = {}

    def on(self, event: str, handler: Callable[[dict[str, Any]], object]) -> None:
        self._handlers[event] = handler

    async def send(self, method: str, **_: object) -> dict[str, Any] | None:
        frame = {"id": self._root, "url": "https://example.org/"}
        known = {
            "Page.getFrameTree": {"frameTree": {"frame": frame}},
            "Page.createIsolatedWorld": {"executionContextId": OLD_WORLD},
        }
        return known.get(method)

    async def evaluate(self, _world: int, _expression: str) -> None:
        return None

    def say(self, event: str, **params: object) -> None:
        self._handlers[event](params)

    def open_world(self, number: int, frame: str) -> None:
        context = {"id": number, "name": NAMES.world, "auxData": {"frameId": frame}}
        self.say("Runtime.executionContextCreated", context=context)

    def press(self, world: int) -> None:
        pressed = {"k": "pointer", "doc": "d", "now": 9, "does": "down", "ts": 8}
        place = {"x": 1, "y": 1, "button": 0, "trusted": True}
        self.say(
            "Runtime.bindingCalled",
            name=NAMES.binding,
            executionContextId=world,
            payload=json.dumps(pressed | place),
        )


class CommittingWire(Wire):
    """One whose document comes after some commands; it is told of where that was asked for."""

    def __init__(self, root: str, after_count: int) -> None:
        super().__init__(root)
        self._after_count = after_count
        self._sent: list[str] = []

    async def send(self, method: str, **parameters: object) -> dict[str, Any] | None:
        self._sent.append(method)
        answer = await super().send(method, **parameters)
        if answer and len(self._sent) <= self._after_count:
            answer["frameTree"]["frame"]["url"] = ""
        if len(self._sent) == self._after_count and "Page.enable" in self._sent:
            self.say("Page.frameNavigated", frame={"id": self._root, "url": "https://example.org/"})
        return answer


class Ears:
    """What the targets told."""

    def __init__(self) -> None:
        self.heard_in: list[str] = []
        self.unplaced_count = 0

    def heard(self, frame: FrameState, message: AnyMessage, received_ns: int) -> None:
        self.heard_in.append(frame.id)

    def unplaced(self, message: AnyMessage, received_ns: int) -> None:
        self.unplaced_count += 1

    def navigated(self, frame: FrameState, url: str) -> None: ...
    def met(self, frame: FrameState) -> None: ...
    def leaves(self, frame: FrameState) -> None: ...

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        work.close()


class Scene:
    """A page with a frame of another site in it."""

    def __init__(self) -> None:
        self.ears = Ears()
        self.tree = FrameTree(lambda _: True)
        self.page, self.inner = Wire("main"), Wire("frame")

    def target(self, wire: Wire) -> Target:
        return Target(cast("Cdp", wire), NAMES, self.tree, self.ears, SystemClock())


@pytest.mark.parametrize("after_count", range(6))
async def test_the_address_of_a_document_that_comes_while_listening_begins_is_known(
    after_count: int,
):
    scene = Scene()
    root = await scene.target(CommittingWire("main", after_count)).start()
    assert root
    assert root.url == "https://example.org/"


@pytest.mark.parametrize("late", ["swap", "world"])
async def test_late_word_of_the_process_that_a_frame_left_does_not_silence_it(late: str):
    scene = Scene()
    await scene.target(scene.page).start()
    scene.page.say("Page.frameAttached", frameId="frame", parentFrameId="main")
    await scene.target(scene.inner).start()
    scene.inner.open_world(3, "frame")
    if late == "swap":
        scene.page.say("Page.frameDetached", frameId="frame", reason="swap")
    else:
        scene.page.open_world(2, "frame")
        scene.page.say("Runtime.executionContextDestroyed", executionContextId=2)
    scene.inner.press(3)
    assert scene.ears.heard_in == ["frame"]


async def test_a_frame_whose_world_nobody_announced_is_heard_once_it_is_asked_for():
    scene = Scene()
    target = scene.target(scene.page)
    frame = await target.start()
    assert frame
    scene.page.press(OLD_WORLD)
    assert (scene.ears.heard_in, scene.ears.unplaced_count) == ([], 1)
    await target.force(frame)
    scene.page.press(OLD_WORLD)
    assert scene.ears.heard_in == ["main"]


@pytest.mark.parametrize("does", ["leave", "never place"])
async def test_input_that_no_place_was_found_for_is_a_gap(tmp_path: Path, does: str):
    tree = FrameTree(lambda _: True)
    tree.add("main", "")
    frame = tree.add("frame", "main")
    frame.world = World(cast("Cdp", Wire("frame")), 1)
    capture = Capture(RecordingWriter(tmp_path / "r", Manifest(name="r", source="browser")), Gate())
    hearing = Hearing(Scribe("p1", capture, None, lambda _: None, 0), tree)
    pressed = Pointer("d", SECOND_MS + 5, "down", SECOND_MS, 1, 1, 0, trusted=True)
    typed = Keystroke("d", SECOND_MS + 9, SECOND_MS + 8, True, "", "", (), False, True, None)
    for message, received_ns in ((pressed, 70_000_000), (typed, 80_000_000)):
        if does == "leave":
            hearing.take(frame, message, received_ns)
        else:
            hearing.miss(message, received_ns)
    hearing.give_up(frame)
    hearing.give_up(frame)
    capture.close()
    gaps = [event for event in Recording(tmp_path / "r").events() if isinstance(event, Gap)]
    told = Gap(t_ns=65_000_000, end_ns=80_000_000, reason="frame-lost", page="p1")
    assert gaps == [told]
