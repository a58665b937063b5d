"""The guard in the page, seen from outside: aimed, armed, asked and disarmed over DevTools."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import count
from typing import Any

import msgspec

from harness.env.chromium import Tab
from harness.env.seeing import listed, whole_pixels
from harness.errors import InfrastructureError, MisfitError
from harness.modes.fast_forward.aim import Aim, Ears, Frame, Glance, Listing
from harness.modes.fast_forward.guard_calls import (
    AIM,
    ARM,
    ARM_NEW,
    DISARM,
    HAS_FOCUS,
    JOIN,
    SETTLE,
    SUSPECT,
    TAKE,
    WORLD,
    call,
    guard_script,
    handle,
    value,
)
from harness.modes.fast_forward.moves import GuardedMove, Input, Point
from recorder.schema import Element

_SURROUNDINGS = (
    "function () { return this.ownerDocument; }",
    "function () { return this.ownerDocument.defaultView; }",
)
_KEPT = {"objectGroup": f"{WORLD}-kept"}
_KEY_EVENTS = frozenset({"keydown", "keypress", "keyup"})
_MOVE_EVENTS = frozenset(
    f"{device}{what}"
    for device in ("mouse", "pointer")
    for what in ("move", "over", "out", "enter", "leave", "rawupdate")
)
_PLANS = count(1)  # names that no page has seen before
_TURNS = ("frameAttached", "frameNavigated", "frameDetached", "documentOpened")


class Report(msgspec.Struct, frozen=True):
    """How far the guard let a plan come."""

    done: int
    """Moves that are complete."""
    planned: int
    fault: str
    """Why it blocked the rest; empty where it did not."""

    @property
    def is_complete(self) -> bool:
        """All moves are done, and nothing was blocked."""
        return self.done == self.planned and not self.fault


class PageGuard:
    """Watches one tab while a plan is carried out in it; otherwise it lets everything pass."""

    def __init__(self, tab: Tab) -> None:
        self._tab = tab
        self._known: set[int] = set()
        self._script = ""
        self._plan = ""
        self._turns = 0
        self._frames: dict[str, Frame] = {}
        self._frames_at = -1
        """Turns when these were all frames that there are."""
        self._surroundings: dict[str, list[str]] = {}
        """Document and window of each, by the name of the document."""
        self._is_enabled = False

    @property
    def plan(self) -> str:
        """The name of the plan that was armed last; the page says it when all of it is done."""
        return self._plan

    async def glance(self, last: Aim, listing: Listing) -> Glance | None:
        """Look at the frame that the last plan was for, while the next one is made.

        Args:
            last: what that plan was aimed at.
            listing: of the page since.

        Returns:
            What the next plan can be aimed with, if it is for that frame as well; None where that
            cannot be told, or the frame is gone.
        """
        turns, frame = self._turns, last.target
        if not listing:
            return None
        try:
            return Glance(frame, listing, await self._ears(frame, ()), turns)
        except InfrastructureError:
            return None

    async def aim(
        self,
        places: Sequence[Point],
        meant: Sequence[Element | None] = (),
        glance: Glance | None = None,
    ) -> Aim:
        """Find the targets at some places, by what is there on top; nothing is blocked yet.

        What is on the page then, and what the targets say, must still be so when it is armed.

        Args:
            places: in px of the page.
            meant: what is to be pressed at each of them, where that matters.
            glance: at the page, where nobody is waited for between aiming and arming.

        Raises:
            MisfitError: they are not all in one frame, or one cannot be found or watched, or
                something lies over what is meant.
            InfrastructureError: the page is gone.
        """
        await self._enable()
        turns = self._turns
        if glance and glance.turns == turns and places:
            return Aim(
                frames=tuple(self._frames.values()),
                target=glance.frame,
                elements=listed(glance.listing),
                ears=glance.ears,
                turns=turns,
                listing=glance.listing,
                meant=tuple(meant),
                places=tuple(places),
            )
        self._tab.post("Runtime.releaseObjectGroup", {"objectGroup": WORLD})
        found, by_id = await asyncio.gather(self._found(places), self._all_frames())
        owners = {each["frameId"] for each in found}
        if len(owners) > 1 or not owners <= by_id.keys():
            raise MisfitError(f"the targets are in {len(owners)} frames; allowed: one")
        frames = tuple(by_id.values())
        target = by_id[owners.pop()] if owners else await self._focused(frames)
        targets = [each["backendNodeId"] for each in found]
        shown, ears = await asyncio.gather(
            self._shown(targets, target), self._ears(target, targets)
        )
        if objection := _covered(shown, meant):
            raise MisfitError(objection)
        listing: Listing = shown["listed"]
        return Aim(frames, target, listed(listing), ears, turns, listing, tuple(meant))

    async def arm(self, aim: Aim, moves: Sequence[GuardedMove]) -> str:
        """Block everything but these moves; return why none of them may be done, if so.

        They are blocked as well where the page turns out not to be as it was aimed at: it is
        compared while the first of them is on its way. What was aimed at with a glance may have to
        be aimed at without one, where targets are not in the frame that was glanced at.

        Raises:
            MisfitError: frames have come or gone since it was aimed.
            InfrastructureError: the page is gone.
        """
        self._plan = str(next(_PLANS))
        values = [{"value": msgspec.to_builtins(list(moves))}, {"value": self._plan}]
        # first, so that no new frame comes in between
        commands = [("Page.addScriptToEvaluateOnNewDocument", ARM_NEW)]
        others = (each for each in aim.frames if each is not aim.target)
        commands += [call(each, ARM, [{"value": []}]) for each in others]
        if aim.places:
            values += [{"value": aim.listing}, {"value": aim.places}]
            commands += [call(aim.target, TAKE, values), handle(aim.target, SUSPECT)]
        else:
            commands.append(call(aim.target, ARM, values))
        try:
            added, *answers = await self._tab.send_all(commands)
        except InfrastructureError as error:
            raise MisfitError(f"a frame is gone: {error}") from error
        self._script = added["identifier"]
        found = [value(each) for each in answers]
        objection = ""
        if aim.places:
            suspect = answers[-1]["result"].get("objectId")
            objection = _covered(found[-2], aim.meant) or await self._hidden(suspect)
        if self._turns != aim.turns:
            raise MisfitError("the page has other frames than before")
        return objection

    async def fire(self, inputs: Sequence[Input]) -> None:
        """Send inputs one after the other, without waiting in between, until all have arrived.

        Raises:
            InfrastructureError: the page is gone.
        """
        await self._tab.send_all(inputs)

    async def settled(self, aim: Aim) -> Report:
        """Return how far the plan has come; where to its end, let everything pass again at once.

        It has to be disarmed all the same: frames of other sites, and new ones, know nothing of it.

        Raises:
            InfrastructureError: the page is gone.
        """
        others = [each for each in aim.frames if each is not aim.target]
        settling = [self._report(aim.target, SETTLE)]
        settling += [self._report(each, JOIN, [{"value": self._plan}]) for each in others]
        report, *_ = await asyncio.gather(*settling)
        return report

    async def disarm(self, aim: Aim) -> Report:
        """Let everything pass again; return how far the plan came.

        Raises:
            InfrastructureError: the page is gone.
        """
        self._unscript()
        reports = await asyncio.gather(*(self._report(each, DISARM) for each in aim.frames))
        if self._turns != aim.turns:
            await self._free_others(aim)
        return reports[aim.frames.index(aim.target)]

    # Parts ----------------------------------------------------------------------------------------

    async def _hidden(self, suspect: str | None) -> str:
        """Return what speaks against a target that may have a closed shadow root, if there is one.

        Inside of that the guard cannot tell what is on top.
        """
        if suspect is None:
            return ""
        try:
            said = await self._tab.send("DOM.describeNode", {"objectId": suspect})
        except InfrastructureError as error:
            raise MisfitError(f"a target is gone: {error}") from error
        roots = said["node"].get("shadowRoots", ())
        is_open = all(each["shadowRootType"] == "open" for each in roots)
        return "" if is_open else "a target is inside of what is closed"

    def _unscript(self) -> None:
        """Have frames that come from now on let everything pass."""
        script, self._script = self._script, ""
        if script:  # what comes after it on the pipe meets frames without it
            self._tab.post("Page.removeScriptToEvaluateOnNewDocument", {"identifier": script})

    async def _found(self, places: Sequence[Point]) -> list[dict[str, Any]]:
        """Return what is on top at some places; the document may be scrolled under them."""
        metrics = await self._tab.send("Page.getLayoutMetrics")
        shown = metrics["cssVisualViewport"]
        scrolled = round(shown["pageX"]), round(shown["pageY"])
        return await asyncio.gather(*(self._hit(each, scrolled) for each in places))

    async def _hit(self, place: Point, scrolled: Point) -> dict[str, Any]:
        x, y = place[0] + scrolled[0], place[1] + scrolled[1]
        try:
            return await self._tab.send("DOM.getNodeForLocation", {"x": x, "y": y})
        except InfrastructureError as error:
            raise MisfitError(f"no target at {place}: {error}") from error

    async def _enable(self) -> None:
        """Have frames that come from now on begin with a guard that lets everything pass."""
        if self._is_enabled:
            return
        self._is_enabled = True
        for event in _TURNS:
            self._tab.on(f"Page.{event}", self._turned)
        await self._tab.send("Page.enable")  # else scripts for new documents are not run
        script = {"source": guard_script(), "worldName": WORLD}
        await self._tab.send("Page.addScriptToEvaluateOnNewDocument", script)

    def _turned(self, _: object) -> None:
        self._turns += 1

    async def _all_frames(self) -> dict[str, Frame]:
        """Return every frame of the page by its id; none is asked for while none has turned."""
        if self._frames_at != self._turns:
            turns = self._turns
            self._surroundings.clear()
            self._tab.post("Runtime.releaseObjectGroup", _KEPT)
            tree = await self._tab.send("Page.getFrameTree")
            documents = dict(_documents(tree["frameTree"]))
            found = await asyncio.gather(*(self._frame(*each) for each in documents.items()))
            self._frames, self._frames_at = dict(zip(documents, found, strict=True)), turns
        return self._frames

    async def _frame(self, frame: str, document: str) -> Frame:
        where = {"frameId": frame, "worldName": WORLD}
        world = await self._tab.send("Page.createIsolatedWorld", where)
        context: int = world["executionContextId"]
        if context not in self._known:
            await self._tab.send(
                "Runtime.evaluate", {"expression": guard_script(), "contextId": context}
            )
            self._known.add(context)
        return Frame(frame, document, context)

    async def _focused(self, frames: Sequence[Frame]) -> Frame:
        have = await asyncio.gather(*(self._call(each, HAS_FOCUS) for each in frames))
        found = [each for each, has in zip(frames, have, strict=True) if has]
        if not found:
            raise MisfitError("no frame has the focus: there is nowhere to press a key")
        return found[0]

    async def _node(self, backend_node: int, frame: Frame) -> str:
        where = {"backendNodeId": backend_node, "executionContextId": frame.context}
        found = await self._tab.send("DOM.resolveNode", {**where, "objectGroup": WORLD})
        return found["object"]["objectId"]

    async def _shown(self, backend_nodes: Sequence[int], frame: Frame) -> dict[str, Any]:
        """Have the guard of a frame note its targets; return what it sees of them."""
        nodes = await asyncio.gather(*(self._node(each, frame) for each in backend_nodes))
        return await self._call(frame, AIM, [{"objectId": node} for node in nodes])

    async def _ears(self, frame: Frame, backend_nodes: Sequence[int]) -> Ears:
        """Return what is listened to in a frame's document, or its window.

        Args:
            frame: it has to be known from before where there are no nodes.
            backend_nodes: some in it, by which its document is found.
        """
        if backend_nodes:
            await self._find_surroundings(frame, backend_nodes[0])
        places = self._surroundings.get(frame.document, ())
        if not places:
            return Ears(keys=True, moves=True)
        # in one piece, which is on its way before whoever asks does anything else
        answers = await self._tab.send_all(
            [
                ("DOMDebugger.getEventListeners", {"objectId": each, "depth": -1, "pierce": True})
                for each in places
            ]
        )
        heard = {each["type"] for answer in answers for each in answer["listeners"]}
        return Ears(not _KEY_EVENTS.isdisjoint(heard), not _MOVE_EVENTS.isdisjoint(heard))

    async def _find_surroundings(self, frame: Frame, backend_node: int) -> None:
        if frame.document in self._surroundings:
            return
        send = self._tab.send
        node = await send("DOM.resolveNode", {"backendNodeId": backend_node, **_KEPT})
        own = {"objectId": node["object"]["objectId"], **_KEPT}
        found = await asyncio.gather(
            *(
                send("Runtime.callFunctionOn", {"functionDeclaration": each, **own})
                for each in _SURROUNDINGS
            )
        )
        self._surroundings[frame.document] = [
            each["result"]["objectId"] for each in found if "objectId" in each["result"]
        ]

    async def _call(
        self, frame: Frame, function: str, values: Sequence[dict[str, Any]] = ()
    ) -> Any:
        return value(await self._tab.send(*call(frame, function, values)))

    async def _report(
        self, frame: Frame, function: str, values: Sequence[dict[str, Any]] = ()
    ) -> Report:
        try:
            return msgspec.convert(await self._call(frame, function, values), Report)
        except InfrastructureError:  # it is gone, by what was done in it or by itself
            self._known.discard(frame.context)
            return Report(0, 1, "the frame is gone")

    async def _free_others(self, aim: Aim) -> None:
        """Disarm frames that came while all new ones were blocked."""
        tree = await self._tab.send("Page.getFrameTree")
        armed = {each.document for each in aim.frames}
        others = [each for each in _documents(tree["frameTree"]) if each[1] not in armed]
        await asyncio.gather(*(self._free(*each) for each in others))

    async def _free(self, frame: str, document: str) -> None:
        with suppress(InfrastructureError):  # it may go as well
            await self._report(await self._frame(frame, document), DISARM)


def _documents(tree: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the id of each frame, and a name of the document that is in it."""
    frame = tree["frame"]
    yield frame["id"], f"{frame['id']}/{frame['loaderId']}"
    for child in tree.get("childFrames", ()):
        yield from _documents(child)


def _covered(shown: dict[str, Any], meant: Sequence[Element | None]) -> str:
    """Return what speaks against targets that were found, empty where nothing does."""
    if shown["hidden"]:  # what happens in there is heard by nobody out here
        return "a target is in a frame of another process, which is not watched"
    for element, boxes in zip(meant, shown["pressed"], strict=bool(meant)):
        if element and element.box not in map(whole_pixels, boxes):
            return f"something lies over {element.role} {element.name or element.text!r}"
    return ""
