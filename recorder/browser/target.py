"""One DevTools target of a page: puts the script into its documents, and hears what they say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from typing import Any, Protocol, TypeAlias

from recorder.browser.cdp import Cdp
from recorder.browser.frames import FrameState, FrameTree, World
from recorder.browser.messages import AnyMessage, read_message
from recorder.browser.scripts import Names, watch_script
from recorder.clock import Clock

_PINGS = 5  # one of them meets no other traffic
_Handler: TypeAlias = Callable[[dict[str, Any], int], object]


class Listener(Protocol):
    """Who wants to know what happens in a target."""

    def heard(self, frame: FrameState, message: AnyMessage, received_ns: int) -> None:
        """Take what a document said."""
        ...

    def navigated(self, frame: FrameState, url: str) -> None:
        """Take that a frame shows another address."""
        ...

    def met(self, frame: FrameState) -> None:
        """Take that a frame's place and clock are known."""
        ...

    def leaves(self, frame: FrameState) -> None:
        """Take that a frame is about to forget its document, or is gone."""
        ...

    def unplaced(self, message: AnyMessage, received_ns: int) -> None:
        """Take what was said in a world that belongs to no frame."""
        ...

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do something beside."""
        ...


class Target:
    """A page's main target, or a frame of it that has a process of its own."""

    def __init__(
        self, cdp: Cdp, names: Names, tree: FrameTree, listener: Listener, clock: Clock
    ) -> None:
        self.cdp = cdp
        self._names = names
        self._tree = tree
        self._listener = listener
        self._clock = clock
        self._root = ""
        self._reading = asyncio.Lock()
        self._early: list[tuple[_Handler, dict[str, Any], int]] | None = []

    async def start(self) -> FrameState | None:
        """Listen in every document there is and will be; return the outermost frame, if any."""
        for event, handler in self._handlers():
            self.cdp.on(event, partial(self._handle, handler))
        world = self._names.world
        # all at once: each round trip is one in which a person may click in a popup
        _, found, *_ = await asyncio.gather(
            # first: a document that comes between the two is then told of, or in the tree
            self.cdp.send("Page.enable"),
            self.cdp.send("Page.getFrameTree"),
            self.cdp.send("Runtime.enable"),
            self.cdp.send(
                "Runtime.addBinding", name=self._names.binding, executionContextName=world
            ),
            self.cdp.send(
                "Page.addScriptToEvaluateOnNewDocument",
                source=watch_script(self._names),
                worldName=world,
                runImmediately=True,
            ),
        )
        if found is None:
            self._catch_up()
            return None
        self._root = found["frameTree"]["frame"]["id"]
        self._learn(found["frameTree"])
        self._catch_up()
        return self._tree.get(self._root)

    async def stop(self) -> None:
        """Take the script out of every document and leave."""
        await self._tell("understudy.stop()")
        await self.cdp.close()

    async def force(self, frame: FrameState) -> None:
        """Put the script into a document that has none, or that lost it."""
        answer = await self.cdp.send(
            "Page.createIsolatedWorld", frameId=frame.id, worldName=self._names.world
        )
        if answer is None:
            return
        world = World(self.cdp, answer["executionContextId"])
        if frame.world is None:  # nobody announces a world that was there before
            self._renew(frame, world)
            self._listener.spawn(self._meet(frame))
        await self.cdp.evaluate(world.number, watch_script(self._names))

    async def ping(self, frame: FrameState, expression: str) -> Any:
        """Return what the script answers; a document's clock is learnt from it on the way."""
        world = frame.world
        if world is None:
            return None
        asked_ns = self._clock.now_ns()
        answer = await world.cdp.evaluate(world.number, f"[performance.now(), {expression}]")
        received_ns = self._clock.now_ns()
        if answer is None or frame.world != world:
            return None
        frame.clock.answered(answer[0], asked_ns, received_ns)
        return answer[1]

    # What the browser says ----------------------------------------------------------------------

    def _handle(self, handler: _Handler, params: dict[str, Any]) -> None:
        if self._early is None:
            handler(params, self._clock.now_ns())
        else:
            self._early.append((handler, params, self._clock.now_ns()))

    def _catch_up(self) -> None:
        # what was said before the frames were known waits for their names
        early, self._early = self._early, None
        for handler, params, received_ns in early or []:
            handler(params, received_ns)

    def _handlers(self) -> list[tuple[str, _Handler]]:
        return [
            ("Runtime.bindingCalled", self._on_binding),
            ("Runtime.executionContextCreated", self._on_world),
            ("Runtime.executionContextDestroyed", self._on_world_gone),
            ("Runtime.executionContextsCleared", self._on_worlds_gone),
            ("Page.frameAttached", self._on_attached),
            ("Page.frameDetached", self._on_detached),
            ("Page.frameNavigated", self._on_navigated),
            ("Page.navigatedWithinDocument", self._on_moved),
        ]

    def _on_binding(self, params: dict[str, Any], received_ns: int) -> None:
        if params["name"] != self._names.binding:
            return
        message = read_message(params["payload"])
        frame = self._tree.of_world(self.cdp, params["executionContextId"])
        if frame is None:
            self._listener.unplaced(message, received_ns)
            return
        if message.doc != frame.doc:
            if frame.doc:
                self._renew(frame, frame.world)
                self._listener.spawn(self._meet(frame))
            frame.doc = message.doc
        frame.clock.heard(message.now, received_ns)
        self._listener.heard(frame, message, received_ns)

    def _on_world(self, params: dict[str, Any], _: int) -> None:
        context = params["context"]
        frame = self._tree.get(context.get("auxData", {}).get("frameId", ""))
        if frame is None or context["name"] != self._names.world or self._has_lost(frame):
            return
        self._renew(frame, World(self.cdp, context["id"]))
        self._listener.spawn(self._meet(frame))

    def _on_world_gone(self, params: dict[str, Any], _: int) -> None:
        frame = self._tree.of_world(self.cdp, params["executionContextId"])
        if frame:
            self._renew(frame, None)

    def _on_worlds_gone(self, _params: dict[str, Any], _: int) -> None:
        for frame in self._tree:
            if frame.world and frame.world.cdp is self.cdp:
                self._renew(frame, None)

    def _on_attached(self, params: dict[str, Any], _: int) -> None:
        self._tree.add(params["frameId"], params["parentFrameId"])

    def _on_detached(self, params: dict[str, Any], _: int) -> None:
        frame = self._tree.get(params["frameId"])
        if frame is None:
            return
        if params["reason"] != "swap":
            for gone in self._tree.remove(frame.id):
                self._listener.leaves(gone)
        elif not self._has_lost(frame):
            self._renew(frame, None)  # Playwright will name its new target

    def _on_navigated(self, params: dict[str, Any], _: int) -> None:
        about = params["frame"]
        frame = self._tree.add(about["id"], about.get("parentId", ""))
        frame.url = about["url"]
        self._listener.navigated(frame, frame.url)
        if frame.world:
            # a window may be kept for its first real document; listeners in it are not, and
            # scripts for new documents do not run
            world = frame.world
            self._listener.spawn(world.cdp.evaluate(world.number, watch_script(self._names)))

    def _on_moved(self, params: dict[str, Any], _: int) -> None:
        frame = self._tree.get(params["frameId"])
        if frame:
            frame.url = params["url"]
            self._listener.navigated(frame, frame.url)

    def _learn(self, found: dict[str, Any]) -> None:
        about = found["frame"]
        frame = self._tree.add(about["id"], about.get("parentId", ""))
        frame.url = about["url"]
        for child in found.get("childFrames", ()):
            self._learn(child)

    def _has_lost(self, frame: FrameState) -> bool:
        """Return whether a frame already lives in another target: two processes tell in any order.

        What this one says of it is about the document that it had before.
        """
        known = frame.world
        return (
            frame.id != self._root
            and known is not None
            and known.cdp is not self.cdp
            and known.cdp.is_open
        )

    def _renew(self, frame: FrameState, world: World | None) -> None:
        self._listener.leaves(frame)
        frame.renew(world)

    # Getting to know a document -----------------------------------------------------------------

    async def _meet(self, frame: FrameState) -> None:
        await self.tag(frame)
        for child in self._tree:
            if child.parent == frame.id and child.world:
                await self.tag(child)
        for _ in range(_PINGS):
            await self.ping(frame, "0")
        frame.clock.settle()
        frame.beaten_ns = self._clock.now_ns()
        self._listener.met(frame)

    async def tag(self, frame: FrameState) -> None:
        """Tell a parent which of its elements shows a frame: the browser knows, it cannot see."""
        parent = self._tree.get(frame.parent)
        if parent is None or parent.world is None:
            return
        owner = await parent.world.cdp.send("DOM.getFrameOwner", frameId=frame.id)
        if owner and parent.world:
            function = "function (id) { understudy.tag(this, id); }"
            await self._call(parent.world, owner["backendNodeId"], function, frame.id)

    async def adopt_closed_roots(self) -> None:
        """Show the scripts the closed shadow roots that came with the markup."""
        async with self._reading:
            await self._tell("understudy.search()")
            if await self._adopt_closed_roots():
                await self._tell("understudy.searchEnds()")

    async def _adopt_closed_roots(self) -> bool:
        document = await self.cdp.send("DOM.getDocument", depth=-1, pierce=True)
        # else every change of the document would be told to us from now on
        await self.cdp.send("DOM.disable")
        if document is None:
            return False
        for frame_id, node in _closed_roots(document["root"], self._root):
            frame = self._tree.get(frame_id)
            if frame and frame.world and frame.world.cdp is self.cdp:
                function = "function () { understudy.adopt(this); }"
                await self._call(frame.world, node, function)
        return True

    async def _tell(self, expression: str) -> None:
        worlds = [frame.world for frame in self._tree if frame.world]
        own = [world.number for world in worlds if world.cdp is self.cdp]
        await asyncio.gather(*(self.cdp.evaluate(number, expression) for number in own))

    async def _call(self, world: World, node: int, function: str, *arguments: str) -> None:
        found = await world.cdp.send(
            "DOM.resolveNode", backendNodeId=node, executionContextId=world.number
        )
        if found:
            await world.cdp.send(
                "Runtime.callFunctionOn",
                objectId=found["object"]["objectId"],
                functionDeclaration=function,
                arguments=[{"value": argument} for argument in arguments],
            )


def _closed_roots(node: dict[str, Any], frame_id: str) -> Iterator[tuple[str, int]]:
    waiting = [(node, frame_id)]
    while waiting:
        node, frame_id = waiting.pop()
        for root in node.get("shadowRoots", ()):
            if root.get("shadowRootType") == "closed":
                yield frame_id, root["backendNodeId"]
        inner = node.get("contentDocument")
        if inner:
            waiting.append((inner, node.get("frameId", frame_id)))
        children = [*node.get("children", ()), *node.get("shadowRoots", ())]
        waiting += [(child, frame_id) for child in children]
