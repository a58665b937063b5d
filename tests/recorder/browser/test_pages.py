"""Nothing that is done in a page, popup or frame is missed, whatever the page does about it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Browser, Error

from recorder.schema import (
    ElementSnapshot,
    Gap,
    Key,
    Navigation,
    PageChange,
    PointerButton,
    Scroll,
    TextInput,
)
from tests.recorder.browser.servers import Site
from tests.recorder.browser.take import Take, recorded
from tests.soak import repeats

REPEATS = repeats(4, 50)

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


async def test_a_click_and_typed_text_are_kept_with_their_target(
    browser: Browser, site: Site, tmp_path: Path
):
    url = site.put("/form", "<label>City <input id=city></label><button>Go</button>")
    async with recorded(browser, tmp_path / "r", urls=[url]) as take:
        await take.page.click("#city")
        await take.page.keyboard.type("Ulm")
        await take.until(lambda: len(take.events(TextInput)) == 3)
    assert [event.text for event in take.events(TextInput)] == ["U", "l", "m"]
    (press,) = take.presses()
    assert press.target
    assert (press.target.role, press.target.name) == ("textbox", "City")
    assert 'input[id="city"]' in press.target.selectors
    x, y, width, height = press.target.box
    assert x <= press.x < x + width
    assert y <= press.y < y + height


async def test_an_instant_click_in_a_popup_is_kept_or_a_gap_says_so(
    browser: Browser, site: Site, tmp_path: Path
):
    heard = "<script>var heard = 0; onpointerdown = () => heard++</script>"
    site.put("/pop", f"<body style='height:500px'>popup{heard}")
    url = site.put("/opener", "<button onclick=\"window.open('/pop')\">open</button>")
    clicked: list[str] = []
    async with recorded(browser, tmp_path / "r", urls=[url]) as take:
        for _ in range(REPEATS):
            async with take.page.expect_popup() as info:
                await take.page.click("button")
            popup = await info.value
            await popup.mouse.click(50, 60)
            await popup.wait_for_load_state()
            # Chromium throws away what is clicked before a page is drawn
            if await popup.evaluate("heard"):
                clicked.append(take.recorder.page_name(popup))
        await take.until(lambda: set(clicked) <= _said(take))
    openers = {e.page: e.opener for e in take.events(PageChange) if e.change == "opened"}
    assert openers["p2"] == "p1"
    assert clicked


async def test_an_instant_click_in_a_foreign_popup_is_kept(
    browser: Browser, site: Site, tmp_path: Path
):
    site.put("/pop", "<body style='height:500px'>popup")
    url = site.put("/opener", "<button onclick=\"window.open('{there}/pop')\">open</button>")
    async with recorded(browser, tmp_path / "r", urls=[url]) as take:
        for number in range(REPEATS):
            async with take.page.expect_popup() as info:
                await take.page.click("button")
            popup = await info.value
            await popup.wait_for_function("location.href != 'about:blank'", polling=1)
            await popup.mouse.click(50, 60)
            await take.until_pressed(2 + 2 * number)
    assert not take.events(Gap)


async def test_what_is_typed_at_once_in_a_foreign_frame_is_kept_or_a_gap_says_so(
    browser: Browser, site: Site, tmp_path: Path
):
    heard = "<script>var heard = 0; onkeydown = () => heard++</script>"
    site.put("/fresh", f"<input>{heard}")
    url = site.put("/around", "<iframe src={there}/fresh></iframe>")
    for number in range(REPEATS):
        async with recorded(browser, tmp_path / f"{number}", urls=[url]) as take:
            inner = take.page.frames[-1]
            await inner.locator("input").click()
            await take.page.keyboard.type("Ulm")
            typed = await inner.evaluate("heard")
        kept = [event for event in take.events(Key) if event.down and event.trusted]
        assert len(kept) == typed or take.events(Gap), (len(kept), typed)


def _said(take: Take) -> set[str]:
    return {press.page for press in take.presses()} | {gap.page for gap in take.events(Gap)}


@pytest.mark.parametrize("inner", ["{here}/inner", "{there}/inner"], ids=["same", "foreign"])
async def test_clicks_in_nested_frames_are_kept_where_they_are_seen(
    browser: Browser, site: Site, tmp_path: Path, inner: str
):
    heard = "<script>var heard = 0; onpointerdown = () => heard++</script>"
    button = "<button style='position:absolute;left:20px;top:30px'>press</button>"
    site.put("/inner", f"{button}{heard}")
    site.put(
        "/middle",
        f"<iframe src='{inner}' style='position:absolute;left:40px;top:50px;border:3px solid'>",
    )
    style = "position:absolute;left:60px;top:400px;width:500px;height:400px;padding:5px"
    url = site.put("/outer", f"<iframe src='{{there}}/middle' style='{style}'></iframe>")
    left, top = 60 + 2 + 5 + 40 + 3 + 20, 400 - 200 + 2 + 5 + 50 + 3 + 30
    async with recorded(browser, tmp_path / "r", urls=[url]) as take:
        frames = take.page.frame_locator("iframe").frame_locator("iframe")
        await frames.locator("button").wait_for()
        await take.page.mouse.wheel(0, 200)
        await take.page.wait_for_function("scrollY == 200")
        # Chromium throws away what is clicked in a foreign frame before it is drawn there
        while not await take.page.frames[-1].evaluate("heard"):
            await take.page.mouse.click(left + 9, top + 7)
        (press, *_) = await take.until_pressed(1)
    assert (press.x, press.y) == (left + 9, top + 7)
    assert press.target
    assert press.target.name == "press"
    assert press.target.box[:2] == (left, top)
    assert press.frame.endswith("/inner")
    assert take.events(Scroll)
    assert not take.events(Gap)


async def test_input_goes_on_after_document_open(browser: Browser, site: Site, tmp_path: Path):
    page = "<input id=again><button onclick='again()'>again</button>"
    script = f"function again() {{ document.open(); document.write(`{page}`); document.close(); }}"
    url = site.put("/write", f"<script>{script}</script>{page}")
    async with recorded(browser, tmp_path / "r", urls=[url]) as take:
        await take.page.click("button")
        await take.page.click("#again")
        await take.page.keyboard.press("k")
        await take.until(lambda: take.events(TextInput))
        presses = await take.until_pressed(2)
    assert [press.target.role for press in presses if press.target] == ["button", "textbox"]


HOSTILE = """<body><button>x</button><input id=i><script>
for (const name of ['addEventListener', 'dispatchEvent', 'removeEventListener']) {
  EventTarget.prototype[name] = () => { throw new Error('no'); };
}
JSON.stringify = () => 'mine'; JSON.parse = () => ({});
Array.prototype[Symbol.iterator] = function* () {}; Array.prototype.map = () => [];
Map.prototype.get = Map.prototype.set = () => undefined; Promise.prototype.then = () => 0;
Function.prototype.call = Function.prototype.apply = () => 0;
Object.defineProperty(Event.prototype, 'isTrusted', {get: () => false});
Event.prototype.composedPath = () => []; Reflect.apply = () => 0;
for (const name of Object.getOwnPropertyNames(window)) {
  if (!/^u[0-9a-f]{20}|binding/.test(name)) continue;
  try { delete window[name]; window[name] = 0 } catch {}
}
window.onpointerdown = document.onkeydown = (event) => event.stopImmediatePropagation();
Object.defineProperty(HTMLInputElement.prototype, 'type', {get: () => 'text'});
</script>"""


async def test_a_hostile_page_cannot_silence_the_recorder(
    browser: Browser, site: Site, tmp_path: Path
):
    url = site.put("/hostile", HOSTILE)
    async with recorded(browser, tmp_path / "r") as take:
        await take.page.goto(url)
        mouse, session = take.page.mouse, take.page.keyboard
        for number in range(5):
            await mouse.click(20, 20 + number)
        await take.until_pressed(5)
        await mouse.click(80, 20)
        await session.press("k")
        await take.until(lambda: take.events(TextInput))
    assert [event.text for event in take.events(TextInput)] == ["k"]
    assert len(take.presses()) == 6


async def test_events_that_a_page_dispatches_are_not_taken_for_a_person(
    browser: Browser, site: Site, tmp_path: Path
):
    script = """onclick = (event) => {
      if (!event.isTrusted) return;
      document.querySelector('a').click();
      const details = {key: 'q', code: 'KeyQ', bubbles: true};
      document.body.dispatchEvent(new KeyboardEvent('keydown', details));
    }"""
    url = site.put("/fake", f"<a>a</a><body style='height:500px'><script>{script}</script>")
    async with recorded(browser, tmp_path / "r", urls=[url]) as take:
        await take.page.mouse.click(100, 100)
        await take.until(lambda: len(take.events(Key)) == 1)
    downs = [event for event in take.events(PointerButton) if event.down]
    assert [(event.trusted, event.controller, event.agent) for event in downs] == [
        (True, "human", ""),
        (False, "script", "page"),
    ]
    ups = [event for event in take.events(PointerButton) if not event.down]
    assert len(ups) == 2
    (key,) = take.events(Key)
    assert (key.trusted, key.code, key.symbol) == (False, "", "")


@pytest.mark.parametrize("mode", ["open", "closed"])
async def test_targets_in_shadow_roots_are_found(
    browser: Browser, site: Site, tmp_path: Path, mode: str
):
    script = f"""const root = document.querySelector('#host').attachShadow({{mode: '{mode}'}});
      root.innerHTML = '<button>inside</button><input aria-label=field>';"""
    url = site.put("/shadow", f"<div id=host></div><script>{script}</script>")
    async with recorded(browser, tmp_path / "r", urls=[url]) as take:
        await take.page.mouse.click(20, 20)
        await take.page.keyboard.press("Tab")
        await take.page.keyboard.press("z")
        await take.until(lambda: take.events(TextInput))
        (press,) = await take.until_pressed(1)
    assert press.target
    assert (press.target.role, press.target.name) == ("button", "inside")
    (text,) = take.events(TextInput)
    assert text.target
    assert (text.text, text.target.name) == ("z", "field")


async def test_a_custom_element_without_a_root_is_known_to_hide_nothing(
    browser: Browser, site: Site, tmp_path: Path
):
    url = site.put("/plain", "<x-list tabindex=0 autofocus style='display:block'>items</x-list>")
    async with recorded(browser, tmp_path / "r", urls=[url]) as take:
        await take.page.locator("x-list").focus()

        async def is_kept() -> bool:
            await take.page.keyboard.press("b")
            return "b" in {event.symbol for event in take.events(Key)}

        for _ in range(200):
            if await is_kept():
                return
    pytest.fail("no key was kept")


async def test_a_crashed_tab_is_said_and_the_others_go_on(
    browser: Browser, site: Site, tmp_path: Path
):
    url = site.put("/plain", "<body style='height:500px'>plain")
    async with recorded(browser, tmp_path / "r", urls=[url]) as take:
        other = await take.context.new_page()
        await other.goto(url.replace("localhost", "127.0.0.1").replace(site.here, site.there))
        with pytest.raises(Error):
            await take.page.goto("chrome://crash")
        await other.mouse.click(10, 10)
        await take.until_pressed(1)
        await take.until(lambda: take.events(Gap))
    (gap,) = take.events(Gap)
    assert (gap.page, gap.reason) == ("p1", "tab-crash")
    changes = [(event.page, event.change) for event in take.events(PageChange)]
    assert ("p1", "crashed") in changes
    assert take.presses()[0].page == "p2"


async def test_a_page_that_was_open_before_is_recorded(
    browser: Browser, site: Site, tmp_path: Path
):
    url = site.put("/early", "<iframe srcdoc='<button>in</button>'></iframe>")
    async with recorded(browser, tmp_path / "one", urls=[url]) as first:
        pass
    async with recorded(browser, tmp_path / "two", urls=[url]) as take:
        await take.page.frame_locator("iframe").locator("button").click()
        await take.until_pressed(1)
    assert not first.presses()


async def test_addresses_are_kept_without_what_was_put_in_them(
    browser: Browser, site: Site, tmp_path: Path
):
    site.put("/done", "done")
    url = site.put("/search", "<form action=/done><input name=q><button>go</button></form>")
    async with recorded(browser, tmp_path / "r", urls=[url]) as take:
        await take.page.fill("input", "needle")
        await take.page.click("button")
        await take.page.wait_for_url("**/done*")
        await take.page.evaluate("history.pushState({}, '', '/later?x=1#frag')")
        await take.until(lambda: "/later" in str(take.events(Navigation)))
    urls = [event.url for event in take.events(Navigation)]
    paths = [url.removeprefix(site.here) for url in urls if url != "about:blank"]
    assert paths == ["/search", "/done?q=", "/later?x="]


async def test_elements_are_told_when_they_change_and_only_then(
    browser: Browser, site: Site, tmp_path: Path
):
    url = site.put("/list", "<title>List</title><h1>Things</h1><ul></ul><iframe src={there}/leaf>")
    site.put("/leaf", "<button disabled>leaf</button>")
    async with recorded(browser, tmp_path / "r", urls=[url]) as take:
        await take.until(lambda: "leaf" in str(take.events(ElementSnapshot)))
        await take.page.wait_for_timeout(700)
        before = len(take.events(ElementSnapshot))
        await take.page.evaluate("document.body.classList.add('nothing')")
        await take.page.wait_for_timeout(700)
        assert len(take.events(ElementSnapshot)) == before
        await take.page.evaluate("document.querySelector('ul').innerHTML = '<li>one'")
        await take.until(lambda: len(take.events(ElementSnapshot)) > before)
    last = take.events(ElementSnapshot)[-1].elements
    assert next(element.name for element in last if element.role == "document") == "List"
    assert {"one", "Things"} <= {element.text for element in last}
    (leaf,) = [element for element in last if element.name == "leaf"]
    assert leaf.states == ("disabled",)
    assert leaf.box[1] > 50


async def test_pictures_that_can_be_pressed_are_listed_and_called_as_their_files_are(
    browser: Browser, site: Site, tmp_path: Path
):
    pictures = """<style>i { display: block; width: 20px; height: 20px }</style>
      <i style="content: url(/icons/reply-all.png)"></i>
      <i style="background: url(/icons/trash.png)"></i>
      <i style="background: url(/icons/f3a9_256x240.png)"></i>
      <button><i style="background: url(/icons/gear.png)"></i>Set up</button>
      <img src="/icons/star.png"><img src="/icons/star.png" alt="Best">
      <i style="background: url(/paper.png)"><b>Read me</b></i>"""
    url = site.put("/icons", pictures)
    async with recorded(browser, tmp_path / "r", urls=[url]) as take:
        await take.until(lambda: "Read me" in str(take.events(ElementSnapshot)))
    last = take.events(ElementSnapshot)[-1].elements
    assert [element.name for element in last if element.role == "image"] == [
        *("reply all", "trash", "star", "Best")
    ]
    assert [element.role for element in last if element.text] == ["button", "generic"]


async def test_two_contexts_are_recorded_side_by_side(browser: Browser, site: Site, tmp_path: Path):
    url = site.put("/plain", "<body style='height:500px'>plain")

    async def record(name: str, count: int) -> list[PointerButton]:
        async with recorded(browser, tmp_path / name, urls=[url]) as take:
            for number in range(count):
                await take.page.mouse.click(10 + number, 10)
            return await take.until_pressed(count)

    found = await asyncio.gather(record("a", 7), record("b", 11))
    assert [len(presses) for presses in found] == [7, 11]
