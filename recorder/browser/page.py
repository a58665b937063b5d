"""One page of a browser, recorded from the moment it opens until it closes or crashes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from recorder.browser.cdp import Cdp
from recorder.browser.frames import FrameState, FrameTree
from recorder.browser.layout import swept
from recorder.browser.messages import AnyMessage, Elements, Layout, Markup, read_early, read_message
from recorder.browser.screencast import Images, Screencast
from recorder.browser.scribe import Hearing, Scribe
from recorder.browser.scripts import Names
from recorder.browser.target import Target
from recorder.capture import Capture
from recorder.ledger import Ledger
from recorder.schema import Box, FrameUnchanged, InputEvent, PageChange

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, Frame, Page

_ANSWER_S = 1.0
_LOOK_S = 10.0
_LOOK_AGAIN_S = 0.01
_TICK_S = 0.25
_SECOND_NS = 1_000_000_000
_PATIENCE_NS = 3 * _SECOND_NS  # how long input waits for its frame to be known, on a busy machine


@dataclass(frozen=True, slots=True)
class Wiring:
    """What all pages of a context share."""

    context: BrowserContext
    capture: Capture
    names: Names
    images: Images
    ledger: Ledger | None
    seen: Callable[[InputEvent], object]
    """Told of every event of a device, before it is stored."""
    begun_ns: int
    """When the recording of the context began."""


class PageWatcher:
    """Records one page.

    Args:
        page: the page.
        name: what the recording calls it: `p1`, `p2` …
        wiring: what it shares with the others.
        opener: name of the page that opened it.
    """

    def __init__(self, page: Page, name: str, wiring: Wiring, *, opener: str = "") -> None:
        self.page = page
        self.name = name
        self._wiring = wiring
        self._capture = wiring.capture
        self._clock = wiring.capture.clock
        self._tree = FrameTree(wiring.capture.gate.rules.domain_allowed)
        self._scribe = Scribe(name, wiring.capture, wiring.ledger, wiring.seen, wiring.begun_ns)
        self._hearing = Hearing(self._scribe, self._tree)
        self._targets: dict[Page | Frame, Target] = {}
        self._attaching = asyncio.Lock()
        self._screencast: Screencast | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._address = ""
        self._covered: list[Box] = []
        self._was_paused = False
        self._is_over = False
        self._heard_ns = self._clock.now_ns()
        self._capture.submit(
            PageChange(t_ns=self._heard_ns, page=name, change="opened", opener=opener)
        )

    async def start(self) -> None:
        """Attach; from here on nothing that happens in the page is missed."""
        self.page.on("close", lambda _: self._end("closed"))
        self.page.on("crash", lambda _: self._end("crashed"))
        target = await self._attach(self.page)
        if target is None:
            now_ns = self._clock.now_ns()
            self._scribe.gap(self._heard_ns, now_ns, "page-lost")
            return
        self.page.on("framenavigated", lambda frame: self.spawn(self._attach_frames([frame])))
        await self._attach_frames(self.page.frames)
        self._screencast = Screencast(
            target.cdp,
            self._capture,
            self.name,
            images=self._wiring.images,
            confirm=self.confirm,
            scaled=self._scaled,
        )
        self.spawn(self._screencast.run())
        self.spawn(self._watch())

    async def stop(self) -> None:
        """Hear what is still under way, then leave the page as it was."""
        is_alive = not self._is_over  # what has crashed answers nothing any more
        if is_alive and self.page in self._targets:
            await _for_a_while([self._beat(patience_ns=0)])
            self._leave_all()
        self._is_over = True
        for task in [*self._tasks]:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_ANSWER_S)
        if is_alive:
            await _for_a_while([target.stop() for target in self._targets.values()])

    def heard_early(self, payload: str, *, in_main: bool) -> None:
        """Take input from a document that the script was not in yet."""
        received_ns = self._clock.now_ns()
        self._hearing.take_early(read_early(payload), received_ns, in_main=in_main)

    async def confirm(self) -> bool:
        """Ask every frame that shows where its secrets are now; return whether the page said."""
        asked = self._tree.shown()
        if not asked:
            return False
        answered = await _for_a_while([self._ask_layout(frame) for frame in asked])
        for frame, has_answered in zip(asked, answered, strict=True):
            if not has_answered:
                frame.layout = None  # all of it is covered
        self._cover()
        return self._tree.covered() is not None

    async def secrecy(self) -> str:
        """Return "" when what has the keyboard focus is no secret; else secret or unknown."""
        frame = self._tree.main
        while frame:
            answer = await self._main.ping(frame, "understudy.secrecy()")
            inner = self._tree.get(answer) if isinstance(answer, str) else None
            if inner is None or not self._tree.allowed(inner):
                return answer if answer in ("", "secret") else "unknown"
            frame = inner
        return "unknown"

    async def look(self) -> bool:
        """Keep an image and the elements of the page as it is now; False when there are none."""
        screencast = self._screencast
        if screencast is None or self._is_over:
            return False
        try:
            async with asyncio.timeout(_LOOK_S):
                while True:
                    if await self.confirm() and self._tree.is_known():
                        is_seen = await screencast.look()
                        asked = [self._ask_elements(frame) for frame in self._tree.shown()]
                        if all(await asyncio.gather(*asked)):
                            self._hearing.tell_elements(self._clock.now_ns())
                            return is_seen
                    await asyncio.sleep(_LOOK_AGAIN_S)
        except TimeoutError:
            return False

    # What targets tell ----------------------------------------------------------------------------

    def heard(self, frame: FrameState, message: AnyMessage, received_ns: int) -> None:
        """Take what a document said."""
        self._heard_ns = received_ns
        if isinstance(message, Layout):
            self._place(frame, message)
        elif isinstance(message, Markup):
            for target in self._targets.values():
                self.spawn(target.adopt_closed_roots())
        else:
            self._hearing.take(frame, message, received_ns)

    def navigated(self, frame: FrameState, url: str) -> None:
        """Take that a frame shows another address."""
        if self._tree.allowed(frame) and (frame.parent or url != self._address):
            self._scribe.address(frame)
        if not frame.parent:
            self._address = url
            if self._screencast:
                self._screencast.stale = True

    def met(self, frame: FrameState) -> None:
        """Take that a frame's place and clock are known."""
        self._hearing.settle(frame)
        if frame.elements:
            self._hearing.tell_elements(self._clock.now_ns())

    def leaves(self, frame: FrameState) -> None:
        """Take that a frame is about to forget its document, or is gone."""
        self._hearing.give_up(frame)

    def unplaced(self, message: AnyMessage, received_ns: int) -> None:
        """Take what was said in a world that belongs to no frame."""
        self._hearing.miss(message, received_ns)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do something beside, for as long as the page is recorded."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error:
            self._capture.fault("source", f"{self.name}: {error!r}")

    @property
    def _main(self) -> Target:
        return self._targets[self.page]

    # Frames ---------------------------------------------------------------------------------------

    async def _attach(self, owner: Page | Frame) -> Target | None:
        cdp = await Cdp.open(self._wiring.context, owner)
        if cdp is None:
            return None
        found = Target(cdp, self._wiring.names, self._tree, self, self._clock)
        self._targets[owner] = found  # it is spoken to as soon as its documents speak
        root = await found.start()
        if root is None:
            del self._targets[owner]
            return None
        self.navigated(root, root.url)
        return found

    async def _attach_frames(self, frames: Sequence[Frame]) -> None:
        # one at a time, else a frame that is told of twice would be listened to twice
        async with self._attaching:
            for frame in frames:
                known = self._targets.get(frame)
                if frame.parent_frame and (known is None or not known.cdp.is_open):
                    await self._attach(frame)

    def _place(self, frame: FrameState, layout: Layout) -> None:
        frame.layout = layout
        self._cover()
        for waiting in self._tree:
            if waiting.waiting:
                self._hearing.settle(waiting)

    def _cover(self) -> None:
        boxes = self._tree.covered()
        if boxes is None:
            return
        masks, now_ns = self._capture.gate.masks, self._clock.now_ns()
        if masks.put("fields", boxes, now_ns, self.name) and self._screencast:
            self._screencast.stale = True  # what was kept last did not cover this
        # between two reports a scroll shows them anywhere on the way
        masks.put("ways", swept(self._covered, boxes), now_ns, self.name)
        self._covered = boxes

    def _scaled(self, scale: float) -> None:
        self._tree.scale = scale
        self._cover()

    async def _ask_layout(self, frame: FrameState) -> None:
        answer = await self._main.ping(frame, "understudy.layout()")
        message = read_message(answer) if isinstance(answer, str) else None
        frame.layout = message if isinstance(message, Layout) else None

    async def _ask_elements(self, frame: FrameState) -> bool:
        answer = await self._main.ping(frame, "understudy.elements()")
        message = read_message(answer) if isinstance(answer, str) else None
        if not isinstance(message, Elements) or message.doc != frame.doc:
            return False
        frame.elements = message.elements
        return True

    # Once in a while ------------------------------------------------------------------------------

    async def _watch(self) -> None:
        ticks = 0
        while not self._is_over:
            await asyncio.sleep(_TICK_S)
            ticks += 1
            if ticks % round(1 / _TICK_S) == 0:
                await self._beat()
            await self._look_again()

    async def _look_again(self) -> None:
        screencast, paused = self._screencast, self._capture.gate.paused
        if screencast is None:
            return
        if self._was_paused and not paused:
            screencast.forget()
            self._hearing.tell_elements(self._clock.now_ns(), again=True)
        self._was_paused = paused
        if screencast.stale and not self._capture.gate.page_denied(self.name):
            await screencast.refresh()

    async def _beat(self, patience_ns: int = _PATIENCE_NS) -> None:
        alive = False
        for frame in self._tree:
            began_ns = self._clock.now_ns()
            missed = await self._main.ping(frame, "understudy.beat()")
            alive = alive or (missed is not None and not frame.parent)
            if missed is None:
                await self._revive(frame)
            elif missed:
                self._scribe.gap(frame.beaten_ns or began_ns, began_ns, "listener-lost")
            elif self._tree.transform(frame) is None:
                await self._main.tag(frame)
            frame.beaten_ns = began_ns
            if frame.waiting and began_ns - frame.waiting[0][1] > patience_ns:
                self._give_up(frame, answered=missed is not None)
        self._hearing.tell_missed()
        now_ns = self._clock.now_ns()
        shown = self._screencast if alive and self._hearing.visible else None
        if shown and shown.resting and now_ns - shown.kept_ns > _SECOND_NS:
            self._capture.submit(FrameUnchanged(t_ns=now_ns, page=self.name))

    def _give_up(self, frame: FrameState, *, answered: bool) -> None:
        if answered and not frame.clock.settled:
            frame.clock.settle()  # one answer bounds it, if not as well as several
            self._hearing.settle(frame)
        self._hearing.give_up(frame)

    async def _revive(self, frame: FrameState) -> None:
        if frame.world is None:
            await self._attach_frames(self.page.frames)
        for target in [*self._targets.values()]:
            if frame.world is None or frame.world.cdp is target.cdp:
                await target.force(frame)

    # The end --------------------------------------------------------------------------------------

    def _end(self, change: str) -> None:
        if self._is_over:
            return
        self._is_over = True
        now_ns = self._clock.now_ns()
        self._leave_all()
        if change == "crashed":
            self._scribe.gap(self._heard_ns, now_ns, "tab-crash")
        self._capture.submit(
            PageChange(
                t_ns=now_ns,
                page=self.name,
                change="crashed" if change == "crashed" else "closed",
            )
        )
        self._capture.cut(self.name)
        self._capture.gate.masks.forget(self.name)

    def _leave_all(self) -> None:
        for frame in self._tree:
            self._hearing.give_up(frame)
        self._hearing.tell_missed()


async def _for_a_while(work: Sequence[Coroutine[Any, Any, Any]]) -> list[bool]:
    """Do work side by side, and return what of it was done in time: a page may never answer."""
    tasks = [asyncio.ensure_future(each) for each in work]
    if tasks:
        await asyncio.wait(tasks, timeout=_ANSWER_S)
    done = [task.done() and task.exception() is None for task in tasks]
    for task in tasks:
        task.cancel()
    return done
