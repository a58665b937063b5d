"""No secret reaches the disk, in text, address or pixels, wherever a page hides its field."""

from __future__ import annotations

import random
import string
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from playwright.async_api import Browser, Page

from recorder.schema import FocusChange, Frame, Key, Navigation, Redacted, TextInput
from recorder.store import Recording
from recorder.video import Pixels, read_segment
from tests.recorder.browser.servers import Site
from tests.recorder.browser.take import Take, recorded
from tests.soak import repeats

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.asyncio(loop_scope="module"),
]
CANARIES = repeats(1, 200)

Act = Callable[[Page, str], Awaitable[None]]


async def _type(page: Page, secret: str) -> None:
    await page.keyboard.press("Tab")
    await page.keyboard.type(secret)


async def _type_shown(page: Page, secret: str) -> None:
    await _type(page, secret[:6])
    await page.click("#show")
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("End")
    await page.keyboard.type(secret[6:])


async def _type_and_send(page: Page, secret: str) -> None:
    await _type(page, secret)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/sent*")


async def _type_into_each(page: Page, secret: str) -> None:
    for character in secret[:6]:
        await page.keyboard.press("Tab")
        await page.keyboard.type(character)


async def _type_twice(page: Page, secret: str) -> None:
    await _type(page, secret)
    await page.evaluate("swap()")
    await _type(page, secret)


async def _paste(page: Page, secret: str) -> None:
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.evaluate("text => navigator.clipboard.writeText(text)", secret)
    await page.keyboard.press("Tab")
    await page.keyboard.press("Control+v")


async def _type_in_frame(page: Page, secret: str) -> None:
    await page.frames[-1].locator("input").click()
    await page.keyboard.type(secret)


@dataclass(frozen=True)
class Kind:
    """A page that asks for a secret, and a person who gives it."""

    html: str
    act: Act = _type
    masked: bool = True


CLOSED = "<template shadowrootmode=closed><input type=password></template>"
SWAP = """<script>function swap() {
  const field = document.querySelector('input'), other = field.cloneNode();
  other.type = 'text'; other.value = field.value; field.replaceWith(other); }</script>"""
KINDS = {
    "plain": Kind("<input type=password>"),
    "prefilled": Kind("<input type=password value=abcdef>"),
    "pasted": Kind("<input type=password>", _paste),
    "pasted in public": Kind("<textarea></textarea>", _paste, masked=False),
    "shown": Kind(
        "<input type=password><button id=show onclick=\"document.querySelector('input').type="
        "'text'\">show</button>",
        _type_shown,
    ),
    "swapped": Kind(f"<form><input type=password name=key></form>{SWAP}", _type_twice),
    "swapped unnamed": Kind(f"<p><input type=password></p>{SWAP}", _type_twice),
    "open shadow": Kind(
        "<div id=host></div><script>host.attachShadow({mode:'open'}).innerHTML="
        "'<input type=password>'</script>"
    ),
    "closed shadow": Kind(
        "<div id=host></div><script>host.attachShadow({mode:'closed'}).innerHTML="
        "'<p><input type=password></p>'</script>"
    ),
    "declared shadow": Kind(f"<div>{CLOSED}</div>"),
    "unsafe shadow": Kind(f"<div id=host></div><script>host.setHTMLUnsafe('<p>{CLOSED}')</script>"),
    "foreign frame": Kind(
        "<iframe src={there}/inner style='position:absolute;left:40px;top:60px'></iframe>",
        _type_in_frame,
    ),
    "code": Kind("<input autocomplete=one-time-code>"),
    "code boxes": Kind("<form>" + "<input inputmode=numeric maxlength=1>" * 6, _type_into_each),
    "card": Kind("<input autocomplete='billing cc-number'>"),
    "labelled": Kind("<label>Your PIN <input></label>"),
    "placeholder": Kind("<input placeholder='Enter your API key'>"),
    "drawn as dots": Kind("<style>input {-webkit-text-security: disc}</style><input>"),
    "editable": Kind("<div contenteditable aria-label='Pass phrase'>&nbsp;</div>"),
    "sent": Kind("<form action=/sent><input type=password name=p></form>", _type_and_send),
    "mirrored": Kind(
        "<input type=password oninput=\"echo.textContent=document.title='is '+this.value\">"
        "<p id=echo></p><input readonly id=copy><script>addEventListener('input', "
        "e => { if (e.isTrusted) { copy.value = e.target.value; echo.dispatchEvent("
        "new KeyboardEvent('keydown', {key: e.data, code: 'Key' + e.data})) } }, true)</script>"
    ),
}


def _canary(seed: int) -> str:
    return "".join(random.Random(seed).choices(string.ascii_letters, k=14))


@pytest.fixture
def asking(site: Site) -> Site:
    """Return the site with what the kinds of pages need."""
    site.put("/inner", "<p style='height:16px'>in</p><input id=field type=password>")
    site.put("/sent", "<h1>thank you</h1>")
    return site


@pytest.mark.parametrize("kind", KINDS)
async def test_a_secret_is_in_no_byte_and_no_pixel(
    browser: Browser, asking: Site, tmp_path: Path, kind: str
):
    for seed in range(-(-CANARIES // len(KINDS))):
        await _check(browser, asking, tmp_path / f"{seed}", KINDS[kind], _canary(seed))


async def _check(browser: Browser, site: Site, folder: Path, kind: Kind, canary: str) -> None:
    url = site.put("/ask", f"<h1 tabindex=-1>Public</h1>{kind.html}")
    async with recorded(browser, folder, urls=[url]) as take:
        await take.until(lambda: _covers(take) or not kind.masked)
        await take.until(lambda: _hears_frames(take))
        await kind.act(take.page, canary)
        await take.page.wait_for_timeout(700)
    assert canary.encode() not in take.bytes()
    assert canary[:5].encode() not in take.bytes()
    assert not [event.text for event in take.events(TextInput) if event.text]
    typed = [event.symbol for event in take.events(Key) if len(event.symbol) == 1]
    assert not [symbol for symbol in typed if symbol != "v"]
    if kind.masked:
        assert take.events(Redacted)
        _assert_flat(take)


def _covers(take: Take) -> bool:
    return any(frame.masked for frame in take.events(Frame))


def _hears_frames(take: Take) -> bool:
    heard = {event.url for event in take.events(Navigation) if event.frame}
    return all(frame.url in heard for frame in take.page.frames[1:])


def _assert_flat(take: Take) -> None:
    """Check the fields that had the focus, from the last image before it until the page went."""
    focused = [e for e in take.events(FocusChange) if e.secret and e.target]
    left = [e.t_ns for e in take.events(Navigation) if not e.frame]
    images = _images(take.folder)
    assert focused
    for change in focused:
        assert change.target
        x, y, width, height = change.target.box
        until_ns = min((t_ns for t_ns in left if t_ns > change.t_ns), default=1 << 62)
        last_before = max((t_ns for t_ns, _ in images if t_ns <= change.t_ns), default=0)
        shown = [image for t_ns, image in images if last_before <= t_ns < until_ns]
        # a field that has the focus from the start may follow on an image of the empty page
        assert any(image[0:60, 0:200].std() > 5 for image in shown), "the heading is not to be seen"
        for image in shown:
            inside = image[y + 1 : y + height - 1, x + 1 : x + width - 1]
            assert np.ptp(inside.reshape(-1, 3), axis=0).max() <= 3


def _images(folder: Path) -> list[tuple[int, Pixels]]:
    recording = Recording(folder)
    times = {(frame.segment, frame.index): frame.t_ns for frame in recording.frames()}
    return [
        (times[number, index], image)
        for number in sorted({segment for segment, _ in times})
        for index, (_, image) in enumerate(read_segment(recording.segment(number)))
    ]
