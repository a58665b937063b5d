"""Experts for pages to look around on: posts, search results, contacts, folders."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from random import Random

from harness.tasks.experts.deciding import deciding, filled, ordinal, pressed, quoted, told
from harness.tasks.experts.dom import Expert, Page, click, spot, spots
from recorder.schema import Action

_RESULTS_A_PAGE = 3
_TURNS = 12  # more than there are pages to turn, there and back

_POST_BUTTONS = {
    "Reply": "reply",
    "Retweet": "retweet",
    "Like": "like",
    "Share": "share",
}
_POST_MENU = {
    "Share via DM": "share",
    "Copy link to Tweet": "copy",
    "Embed Tweet": "embed",
    "Mute": "menu-user",
    "Block": "block-user",
    "Report": "report",
}


async def _posts_by(page: Page, user: str) -> list[str]:
    """Return selectors of the posts of a user, from top to bottom."""
    names = await spots(page, ".media .username")
    return [f'.media[data-result="{name.index}"]' for name in names if name.text == user]


async def _one_post(page: Page) -> Action | None:
    """Click a button of a user's post, in its menu if need be."""
    user, what = _user_of(page.goal), quoted(page.goal)[0]
    post = (await _posts_by(page, user))[0]
    if what in _POST_MENU:
        return await pressed(page, f"{post} li.{_POST_MENU[what]}") or await pressed(
            page, f"{post} .more"
        )
    close_menu = await pressed(page, ".media .more:has(+ ul:not(.hide))")
    return close_menu or await pressed(page, f"{post} .{_POST_BUTTONS[what]}")


async def _marked_posts(page: Page) -> Action | None:
    """Mark as many posts of a user as are asked for, and no others."""
    mark = _POST_BUTTONS[quoted(page.goal)[0]]
    posts = [f"{post} .{mark}" for post in await _posts_by(page, _user_of(page.goal))]
    amount = re.search(r"on (\d+) post", page.goal)
    count = int(amount[1]) if amount else len(posts)
    marked = [post for post in posts if await spot(page, f"{post}.active")]
    unmarked = [post for post in posts if post not in marked]
    right = ", ".join(posts)
    if action := await pressed(page, f".controls .active:not({right})"):
        return action
    if len(marked) > count:
        return await pressed(page, marked[-1])
    if len(marked) < count:
        return await pressed(page, unmarked[0])
    return await pressed(page, "#submitRow button")


def _user_of(goal: str) -> str:
    return told(goal, r"@[^\s,]+")[0]


async def _search(page: Page) -> Action | None:
    """Search, turn to the page of the result, click it."""
    if action := await filled(page, "#search-text", quoted(page.goal)[0]):
        return action
    place = ordinal(page.goal) - 1
    results = await spots(page, "#page-content a")
    if not results or results[0].attributes["data-result"] == "-1":
        return await pressed(page, "#search")
    return await pressed(page, f'#page-content a[data-result="{place}"]') or await pressed(
        page, "#pagination a", str(place // _RESULTS_A_PAGE + 1)
    )


async def phone_book(page: Page, rng: Random) -> AsyncIterator[Action]:
    """Turn pages until the person is there, first forward, then back."""
    found = told(page.goal, r"Find (.+) in the contact book and click on their (\w+)")
    turn = ">"
    for _ in range(_TURNS):
        if await spot(page, "#contact .name", found[1]):
            break
        link = await spot(page, "#pagination a", turn)
        if not link:
            turn = "<"
            link = await spot(page, "#pagination a", turn)
        if link:
            yield click(link)
    if link := await spot(page, f"#contact .{found[2]}"):
        yield click(link)


async def _tree(page: Page) -> Action | None:
    """Click what is asked for, or else open the next closed folder, the outer ones first."""
    return (
        await pressed(page, "#tree span", quoted(page.goal)[0])
        or await pressed(page, "#tree > .expandable > span")
        or await pressed(page, "#tree .expandable > span")
    )


EXPERTS: dict[str, Expert] = {
    "navigate-tree": deciding(_tree),
    "phone-book": phone_book,
    "search-engine": deciding(_search),
    "social-media": deciding(_one_post),
    "social-media-all": deciding(_marked_posts),
    "social-media-some": deciding(_marked_posts),
}
