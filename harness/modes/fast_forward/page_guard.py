"""The guard in the page, seen from outside: aimed, armed, asked and disarmed over DevTools."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from harness.env.chromium import Tab
from harness.errors import InfrastructureError, MisfitError
from harness.modes.fast_forward.moves import GuardedMove, Input, Point
from recorder.browser.scripts import listing_script

_WORLD = "understudy-guard"
_AIM = "(...nodes) => understudyGuard.aim(...nodes)"
_ARM = "(moves) => understudyGuard.arm(moves)"
_REPORT = "() => understudyGuard.report()"
_DISARM = "() => understudyGuard.disarm()"
_HAS_FOCUS = "() => document.hasFocus() && !/^I?FRAME$/.test(document.activeElement?.tagName)"


@dataclass(frozen=True, slots=True)
class Frame:
    """One document of the page, and the guard's own world in it."""

    document: str
    """Names frame and document; another one has another name."""
    context: int


@dataclass(frozen=True, slots=True)
class Aim:
    """The targets of a plan as they were found, and every frame that is to be watched."""

    frames: tuple[Frame, ...]
    target: Frame
    """The one that has all the targets."""


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
        self._is_enabled = False

    async def aim(self, places: Sequence[Point]) -> Aim:
        """Find the targets at some places, by what is there on top; nothing is blocked yet.

        What they say then, and what is written around them, must still be so when it is armed.

        Args:
            places: in px of the page.

        Raises:
            MisfitError: they are not all in one frame, or one cannot be found.
            InfrastructureError: the page is gone.
        """
        send = self._tab.send
        if not self._is_enabled:  # else scripts for new documents are not run
            await send("Page.enable")
            self._is_enabled = True
        tree, metrics = await asyncio.gather(
            send("Page.getFrameTree"), send("Page.getLayoutMetrics")
        )
        found = await asyncio.gather(
            *(self._hit(each, metrics["cssVisualViewport"]) for each in places)
        )
        documents = dict(_documents(tree["frameTree"]))
        frames = await asyncio.gather(*(self._frame(*each) for each in documents.items()))
        by_id = dict(zip(documents, frames, strict=True))
        owners = {each["frameId"] for each in found}
        if len(owners) > 1 or not owners <= by_id.keys():
            raise MisfitError(f"the targets are in {len(owners)} frames; allowed: one")
        target = by_id[owners.pop()] if owners else await self._focused(frames)
        nodes = await asyncio.gather(*(self._node(each["backendNodeId"], target) for each in found))
        await self._call(target, _AIM, [{"objectId": node} for node in nodes])
        return Aim(tuple(frames), target)

    async def arm(self, aim: Aim, moves: Sequence[GuardedMove]) -> list[dict[str, Any]]:
        """Block everything but these moves; return the elements of the page as it is then.

        Raises:
            MisfitError: frames have come or gone since.
            InfrastructureError: the page is gone.
        """
        script = {"source": f"{_script()}; understudyGuard.arm([])", "worldName": _WORLD}
        planned = [{"value": msgspec.to_builtins(list(moves))}]
        others = [each for each in aim.frames if each is not aim.target]
        # sent first, so that no new frame comes in between
        adding = asyncio.ensure_future(
            self._tab.send("Page.addScriptToEvaluateOnNewDocument", script)
        )
        try:
            (found, tree), _ = await asyncio.gather(
                asyncio.gather(
                    self._call(aim.target, _ARM, planned), self._tab.send("Page.getFrameTree")
                ),
                asyncio.gather(*(self._call(each, _ARM, [{"value": []}]) for each in others)),
            )
        except InfrastructureError as error:
            raise MisfitError(f"a frame is gone: {error}") from error
        finally:
            self._script = (await adding)["identifier"]
        now = {document for _, document in _documents(tree["frameTree"])}
        if now != {each.document for each in aim.frames}:
            raise MisfitError("the page has other frames than before")
        return found

    async def fire(self, inputs: Sequence[Input]) -> None:
        """Send inputs one after the other, without waiting in between, until all have arrived.

        Raises:
            InfrastructureError: the page is gone.
        """
        await self._tab.send_all(inputs)

    async def disarm(self, aim: Aim) -> Report:
        """Let everything pass again; return how far the plan came.

        Raises:
            InfrastructureError: the page is gone.
        """
        (report, tree, _), _ = await asyncio.gather(
            asyncio.gather(
                self._report(aim.target), self._tab.send("Page.getFrameTree"), self._forget()
            ),
            asyncio.gather(*(self._disarm(each) for each in aim.frames)),
        )
        armed = {each.document for each in aim.frames}
        documents = dict(_documents(tree["frameTree"])).items()
        await asyncio.gather(*(self._free(*each) for each in documents if each[1] not in armed))
        return report

    # Parts ----------------------------------------------------------------------------------------

    async def _hit(self, place: Point, shown: dict[str, Any]) -> dict[str, Any]:
        """Return what is on top at a place; the document may be scrolled under it."""
        x, y = place[0] + round(shown["pageX"]), place[1] + round(shown["pageY"])
        try:
            return await self._tab.send("DOM.getNodeForLocation", {"x": x, "y": y})
        except InfrastructureError as error:
            raise MisfitError(f"no target at {place}: {error}") from error

    async def _frame(self, frame: str, document: str) -> Frame:
        where = {"frameId": frame, "worldName": _WORLD}
        world = await self._tab.send("Page.createIsolatedWorld", where)
        context: int = world["executionContextId"]
        if context not in self._known:
            await self._tab.send(
                "Runtime.evaluate", {"expression": _script(), "contextId": context}
            )
            self._known.add(context)
        return Frame(document, context)

    async def _focused(self, frames: Sequence[Frame]) -> Frame:
        have = await asyncio.gather(*(self._call(each, _HAS_FOCUS) for each in frames))
        found = [each for each, has in zip(frames, have, strict=True) if has]
        if not found:
            raise MisfitError("no frame has the focus: there is nowhere to press a key")
        return found[0]

    async def _node(self, backend_node: int, frame: Frame) -> str:
        where = {"backendNodeId": backend_node, "executionContextId": frame.context}
        found = await self._tab.send("DOM.resolveNode", {**where, "objectGroup": _WORLD})
        return found["object"]["objectId"]

    async def _call(
        self, frame: Frame, function: str, values: Sequence[dict[str, Any]] = ()
    ) -> Any:
        answer = await self._tab.send(
            "Runtime.callFunctionOn",
            {
                "functionDeclaration": function,
                "executionContextId": frame.context,
                "arguments": list(values),
                "returnByValue": True,
            },
        )
        failure = answer.get("exceptionDetails")
        if failure:
            raise InfrastructureError(f"the guard failed: {failure['exception']['description']}")
        return answer["result"].get("value")

    async def _report(self, frame: Frame) -> Report:
        try:
            return msgspec.convert(await self._call(frame, _REPORT), Report)
        except InfrastructureError:  # the frame is gone, by what was done in it or by itself
            return Report(0, 1, "the frame is gone")

    async def _disarm(self, frame: Frame) -> None:
        try:
            await self._call(frame, _DISARM)
        except InfrastructureError:  # as above: with it went its guard
            self._known.discard(frame.context)

    async def _free(self, frame: str, document: str) -> None:
        """Disarm a frame that came while all new ones were blocked."""
        with suppress(InfrastructureError):  # it may go as well
            await self._disarm(await self._frame(frame, document))

    async def _forget(self) -> None:
        script, self._script = self._script, ""
        await self._tab.send("Runtime.releaseObjectGroup", {"objectGroup": _WORLD})
        if script:
            await self._tab.send("Page.removeScriptToEvaluateOnNewDocument", {"identifier": script})


def _documents(tree: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the id of each frame, and a name of the document that is in it."""
    frame = tree["frame"]
    yield frame["id"], f"{frame['id']}/{frame['loaderId']}"
    for child in tree.get("childFrames", ()):
        yield from _documents(child)


@cache
def _script() -> str:
    source = (files("harness.env") / "scripts" / "guard.js").read_text("utf-8")
    parts = (source, f"return makeGuard({listing_script()});")
    return f"globalThis.understudyGuard ??= (() => {{{'; '.join(parts)}}})()"
