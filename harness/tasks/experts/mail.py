"""Experts for the pages that show an inbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.tasks.experts.deciding import deciding, filled, pressed, quoted, told
from harness.tasks.experts.dom import Expert, Page, spot, spots
from recorder.schema import Action

_BUTTONS = {
    "reply": ".email-reply",
    "forward": ".email-forward",
    "delete": ".trash",
    "star": ".star",
}


@dataclass(frozen=True, slots=True)
class _Errand:
    kind: Literal["reply", "forward", "delete", "star"]
    sender: str
    text: str = ""
    """What to reply, or to whom to forward."""


async def _errand(page: Page) -> _Errand:
    """Read the errand from the goal, or from its parts where it is put in free words."""
    fields = await page.read("() => core.currentFields ?? null")
    if fields:
        text = fields.get("message", fields.get("to", ""))
        return _Errand(fields.get("task", "forward"), fields["by"], text)
    sender, what = told(page.goal, r"email by (.+?) and (.+)").groups()
    if "reply" in what:
        return _Errand("reply", sender, quoted(what)[0])
    if "forward" in what:
        return _Errand("forward", sender, told(what, r".* to (.+)\.$")[1])
    return _Errand("delete" if "trash" in what else "star", sender)


async def _is_about(page: Page, css: str, text: str) -> bool:
    found = await spot(page, css)
    return found is not None and found.text == text


async def _run_errand(page: Page) -> Action | None:
    errand = await _errand(page)
    if await spot(page, "#reply"):
        return await _reply(page, errand)
    if await spot(page, "#forward"):
        return await _forward(page, errand)
    if await spot(page, "#email"):
        return await _in_mail(page, errand)
    return await pressed(page, "#search-cancel") or await _in_list(page, errand)


async def _reply(page: Page, errand: _Errand) -> Action | None:
    is_right = await _is_about(page, ".reply-sender", errand.sender)
    if errand.kind != "reply" or not is_right:
        return await pressed(page, "#close-reply")
    return await filled(page, "#reply-text", errand.text) or await pressed(page, "#send-reply")


async def _forward(page: Page, errand: _Errand) -> Action | None:
    is_right = await page.read(
        """(sender) => document.querySelector("#email .email-sender").textContent === sender
          && document.querySelector("#email .email-body").textContent
             === document.querySelector("#forward-text").value""",
        errand.sender,
    )
    if errand.kind != "forward" or not is_right:
        return await pressed(page, "#close-forward")
    return await filled(page, ".forward-sender", errand.text) or await pressed(
        page, "#send-forward"
    )


async def _in_mail(page: Page, errand: _Errand) -> Action | None:
    if not await _is_about(page, "#email .email-sender", errand.sender):
        return await pressed(page, "#close-email")
    return await pressed(page, "#email " + _BUTTONS[errand.kind])


async def _in_list(page: Page, errand: _Errand) -> Action | None:
    """Go to the first mail of the sender.

    Of two by one sender only one may be forwarded, and nothing says which: on such a seed, which is
    rare, this may be the wrong one.
    """
    threads = await spots(page, "#main .email-thread .email-sender")
    index = next(found.index for found in threads if found.text == errand.sender)
    thread = f'#main .email-thread[data-index="{index}"] '
    is_inside = errand.kind in ("reply", "forward")
    return await pressed(page, thread + (".email-sender" if is_inside else _BUTTONS[errand.kind]))


_PAGES = (
    "email-inbox",
    "email-inbox-delete",
    "email-inbox-forward",
    "email-inbox-forward-nl",
    "email-inbox-forward-nl-turk",
    "email-inbox-important",
    "email-inbox-nl-turk",
    "email-inbox-noscroll",
    "email-inbox-reply",
    "email-inbox-star-reply",
)
EXPERTS: dict[str, Expert] = dict.fromkeys(_PAGES, deciding(_run_errand))
