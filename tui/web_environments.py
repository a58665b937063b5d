"""Web tasks as the environments that policies are evaluated in."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import replace
from random import Random
from types import TracebackType
from typing import Any, Self, TypeVar

from harness.env.page import Outcome, TaskPage
from harness.env.stage import AREA
from harness.env.vector import AsyncWebVectorEnv
from harness.tasks.experts.asking import expert_action
from harness.tasks.faults import Fault
from harness.tasks.registry import web_task
from policy.evaluate.environments import Instance, Scene, Shift
from recorder.schema import Action, Click, Drag, Element, Move, Observation, ScrollBy, element_at

Result = TypeVar("Result")

SCALE = 1.25
"""Device-pixel ratio of `Shift.SCALE`."""
_FAULTS = {
    Shift.DARK: Fault.DARK,
    Shift.MOVED: Fault.MOVED,
    Shift.RENAMED: Fault.RENAMED,
    Shift.POPUP: Fault.POPUP,
}
_OTHER_FONT = """() => {
  const style = document.createElement("style");
  style.textContent = "* { font-family: 'DejaVu Serif', Georgia, serif !important; }";
  document.head.append(style);
  return getComputedStyle(document.body).fontFamily.includes("Georgia");
}"""
# hidden, but in its place, so that nothing else moves
_DELETE = """(x, y) => {
  const hit = document.elementFromPoint(x, y);
  if (!hit || hit === document.body || hit === document.documentElement) return false;
  const whole = hit.closest("label, button, li, [role]:not([role=presentation])");
  (whole ?? hit.closest("a, input") ?? hit).style.visibility = "hidden";
  return true;
}"""
# one letter or digit of what is written on it becomes another of its kind
_MISSPELL = """(x, y, place, other) => {
  const hit = document.elementFromPoint(x, y);
  if (!hit || hit === document.body || hit === document.documentElement) return false;
  const whole = hit.closest("label, button, li, a, [role]:not([role=presentation])") ?? hit;
  const walker = document.createTreeWalker(whole, NodeFilter.SHOW_TEXT);
  const nodes = [];
  while (walker.nextNode()) nodes.push([walker.currentNode, "data"]);
  if (/^(button|submit)$/.test(whole.type) && whole.value) nodes.push([whole, "value"]);
  const places = nodes.flatMap(([node, name]) =>
    [...node[name].matchAll(/[a-z]|[0-9]/gi)].map((found) => [node, name, found.index]));
  if (!places.length) return false;
  const [node, name, at] = places[Math.floor(place * places.length)];
  const said = node[name][at];
  const kinds = ["abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"];
  const kind = kinds.find((each) => each.includes(said)).replace(said, "");
  const now = kind[Math.floor(other * kind.length)];
  node[name] = node[name].slice(0, at) + now + node[name].slice(at + 1);
  return true;
}"""


class WebEnvironments:
    """Web tasks side by side in one Chromium; used as a context.

    Raises:
        UnknownTaskError: an instance names no web task.
        InfrastructureError: no browser shows the pages.
    """

    def __init__(self, size: int) -> None:
        self._env = AsyncWebVectorEnv(["miniwob-click-test"] * size, elements=True)
        self._playing: dict[int, Instance] = {}
        self._scales: dict[int, float] = {}
        self._meant: dict[int, Action] = {}
        """What an expert would press first, where it has since been misspelled."""

    def __enter__(self) -> Self:
        self._env.reset(seed=0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._env.close()

    @property
    def size(self) -> int:
        """How many are side by side."""
        return self._env.num_envs

    def begin(self, instances: Mapping[int, Instance]) -> dict[int, Scene]:
        """Begin an episode in each of these places."""
        return self._together(
            {place: self._begin(place, instance) for place, instance in instances.items()}
        )

    def act(self, actions: Mapping[int, Action]) -> dict[int, Scene]:
        """Do one action in each of these places."""
        return self._together({place: self._act(place, a) for place, a in actions.items()})

    def expert_actions(self, places: Sequence[int]) -> dict[int, Action | None]:
        """Return what an expert would do next in each, or None where it knows no way."""
        return self._together({place: self._expert_action(place) for place in places})

    # Parts ----------------------------------------------------------------------------------------

    def _together(self, works: Mapping[int, Coroutine[Any, Any, Result]]) -> dict[int, Result]:
        async def all_of_them() -> list[Result]:
            return await asyncio.gather(*works.values())

        return dict(zip(works, self._env.run(all_of_them()), strict=True))

    async def _begin(self, place: int, instance: Instance) -> Scene:
        page, task, shift = self._env.pages[place], web_task(instance.task), instance.shift
        self._playing[place] = instance
        self._meant.pop(place, None)
        await self._rescale(place, SCALE if shift is Shift.SCALE else 1.0)
        faults = (_FAULTS[shift],) if shift in _FAULTS else ()
        outcome = await page.reset(task, instance.seed, faults)
        is_shifted = True
        match shift:
            case Shift.FONT:
                is_shifted = bool(await page.read(_OTHER_FONT))
                outcome = await self._seen_again(page)
            case Shift.DELETED:
                is_shifted = await self._delete_target(place, outcome.observation.elements)
                outcome = await self._seen_again(page)
            case Shift.MISSPELLED:
                is_shifted = await self._misspell_target(place, instance)
                outcome = await self._seen_again(page)
            case Shift.POINTED:
                outcome = await page.step(_anywhere(instance))
            case Shift.NONE | Shift.SCALE:
                pass
            case Shift.DARK | Shift.MOVED | Shift.RENAMED | Shift.POPUP:
                is_shifted = bool(page.faults)
        return replace(self._scene(place, outcome), is_shifted=is_shifted)

    async def _act(self, place: int, action: Action) -> Scene:
        self._meant.pop(place, None)
        scaled = to_page(action, self._scales[place])
        return self._scene(place, await self._env.pages[place].step(scaled))

    async def _expert_action(self, place: int) -> Action | None:
        if place in self._meant:
            return self._meant[place]
        page, instance = self._env.pages[place], self._playing[place]
        action = await expert_action(page, web_task(instance.task), instance.seed)
        return None if action is None else _moved(action, self._scales[place])

    async def _rescale(self, place: int, scale: float) -> None:
        lease = self._env.pages[place].lease
        if lease and self._scales.get(place, 1.0) != scale:
            await lease.tab.scale(scale)
        self._scales[place] = scale

    async def _delete_target(self, place: int, seen: Sequence[Element]) -> bool:
        action = await self._expert_action(place)
        if not isinstance(action, Click) or has_twin(action, seen):
            return False
        return bool(await self._env.pages[place].read(_DELETE, action.x, action.y))

    async def _misspell_target(self, place: int, instance: Instance) -> bool:
        action = await self._expert_action(place)
        if not isinstance(action, Click):
            return False
        chance = Random(f"{instance.task} {instance.seed}")
        where, letter = chance.random(), chance.random()
        page = self._env.pages[place]
        if not await page.read(_MISSPELL, action.x, action.y, where, letter):
            return False
        self._meant[place] = action
        return True

    @staticmethod
    async def _seen_again(page: TaskPage) -> Outcome:
        return await page.step(Move(x=0, y=0))

    def _scene(self, place: int, outcome: Outcome) -> Scene:
        return Scene(
            observation=_enlarged(outcome.observation, self._scales[place]),
            virtual_ms=outcome.info.get("virtual_ms", 0),
            is_over=outcome.terminated or outcome.truncated,
            is_success=outcome.info.get("verified") is True,
            failure=outcome.info.get("infrastructure_error", ""),
        )


def _enlarged(observation: Observation, scale: float) -> Observation:
    # what a policy sees is in px of the frame; what a page takes is in its own
    if scale == 1:
        return observation
    x, y = observation.cursor
    elements = tuple(
        replace(each, box=tuple(round(edge * scale) for edge in each.box))
        for each in observation.elements
    )
    return replace(observation, cursor=(round(x * scale), round(y * scale)), elements=elements)


def _anywhere(instance: Instance) -> Move:
    """Return a move to a place of the page that follows from what is shown there."""
    chance = Random(f"{instance.task} {instance.seed}")
    width, height = AREA
    return Move(x=chance.randrange(width), y=chance.randrange(height))


def has_twin(action: Click, elements: Sequence[Element]) -> bool:
    """Say whether something else looks just like what is clicked, and would be taken for it."""
    hit = element_at((action.x, action.y), elements)
    if hit is None:
        return False
    target = elements[hit]
    looks = [_looks(each) for each in elements if each is not target]
    return _looks(target) in looks


def _looks(element: Element) -> tuple[str, ...]:
    states = [state for state in element.states if state != "focused"]
    return (element.role, element.name, element.text, element.value, *states)


def to_page(action: Action, scale: float) -> Action:
    """Return an action on a frame as one on the page that the frame shows at this scale."""
    return _moved(action, 1 / scale)


def _moved(action: Action, scale: float) -> Action:
    match action:
        case Move() | Click() | ScrollBy() if scale != 1:
            return replace(action, x=int(action.x * scale), y=int(action.y * scale))
        case Drag() if scale != 1:
            path = tuple((int(x * scale), int(y * scale)) for x, y in action.path)
            return replace(action, path=path)
        case _:
            return action
