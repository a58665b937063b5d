"""The viewer plays what was recorded, in sync, and nothing that was recorded can harm it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from recorder.browser.chromium import find_chromium
from recorder.schema import (
    AgentAction,
    Click,
    Controller,
    ElementSnapshot,
    Fault,
    FocusChange,
    Gap,
    Geometry,
    HeldState,
    Key,
    Mark,
    Navigation,
    PageChange,
    Pause,
    PointerButton,
    PointerMove,
    Redacted,
    Resume,
    Scroll,
    TextInput,
    UnknownEvent,
    WindowChange,
)
from recorder.store import Recording
from recorder.surgery import trim
from recorder.viewer import write_html
from tests.recorder.scene import Scene, at

pytestmark = [pytest.mark.browser, pytest.mark.slow]

HOSTILE = '</script><img src=x onerror="document.title=1"><!--\u2028'


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Return a headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(headless=True), args=["--no-sandbox"]
        )
        yield browser
        browser.close()


class Viewer:
    """A viewer in a browser window."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", lambda message: self._hear(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self._check(request.url))

    def _hear(self, text: str) -> None:
        if "getImageData" not in text:  # said of how this test reads pixels
            self.complaints.append(text)

    def _check(self, url: str) -> None:
        if not url.startswith(("file:", "blob:", "data:")):
            self.complaints.append(f"asked for {url}")

    def open(self, recording: Recording) -> None:
        """Write and open the file of a recording."""
        target = recording.folder.with_suffix(".html")
        write_html(recording, target)
        self.page.goto(target.as_uri())
        self.page.wait_for_function("() => document.body.dataset.now")

    def go(self, ms: float) -> None:
        """Put the playhead somewhere."""
        self.page.evaluate(f"go({ms})")

    def expect_number(self, number: int) -> None:
        """Wait until the picture shows a number."""
        self.page.wait_for_function(
            """(number) => {
                const pen = document.getElementById("picture").getContext("2d");
                let found = 0;
                for (let bit = 0; bit < 12; bit++)
                    if (pen.getImageData(bit * 16 + 8, 8, 1, 1).data[1] > 128) found |= 1 << bit;
                return found === number;
            }""",
            arg=number,
        )

    def pointer_at(self) -> tuple[int, int]:
        """Return the tip of the pointer: the first pixel that is drawn over the picture."""
        x, y = self.page.evaluate(
            """() => {
                const over = document.getElementById("over");
                const pen = over.getContext("2d");
                const { data } = pen.getImageData(0, 0, over.width, over.height);
                const first = data.findIndex((value, i) => i % 4 === 3 && value > 200) >> 2;
                return [first % over.width, Math.floor(first / over.width)];
            }"""
        )
        return x, y

    def rows(self) -> list[str]:
        """Return the events in view."""
        return self.page.locator("#rows .what").all_inner_texts()

    def current(self) -> str:
        """Return the event at the playhead."""
        return self.page.locator("#rows .now .what").inner_text()


@pytest.fixture
def viewer(chromium: Browser) -> Iterator[Viewer]:
    """Return an empty window; whatever its page complains about fails the test."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    found = Viewer(context.new_page())
    yield found
    context.close()
    assert found.complaints == []


def counted(scene: Scene) -> Recording:
    """Record 30 numbers in three segments, 200 ms apart, with a click after each."""
    for number in range(30):
        if number in (10, 20):
            scene.cut()
        scene.frame(number, number * 200)
        x = 10 + 5 * number
        scene.add(
            PointerMove(t_ns=at(number * 200 + 50), x=x, y=60),
            *(
                PointerButton(
                    t_ns=at(number * 200 + 100 + late), button="left", down=not late, x=x, y=60
                )
                for late in (0, 30)
            ),
        )
    return scene.close()


def test_any_moment_shows_the_frame_and_the_pointer_of_that_moment(
    scene: Scene, viewer: Viewer
) -> None:
    viewer.open(counted(scene))
    for number in (0, 29, 7, 10, 19, 20, 3):
        viewer.go(number * 200 + 60)
        viewer.expect_number(number)
        x, y = viewer.pointer_at()
        assert abs(x - (10 + 5 * number)) <= 2
        assert abs(y - 60) <= 3


def test_a_trimmed_recording_plays_although_its_segments_start_late(
    scene: Scene, viewer: Viewer
) -> None:
    folder = counted(scene).folder
    trim(folder, at(2700), at(5100))
    viewer.open(Recording(folder))
    for ms, number in ((0, 13), (150, 14), (1350, 20), (2390, 25)):
        viewer.go(ms)
        viewer.expect_number(number)


def test_playing_runs_through_all_segments_to_the_end(scene: Scene, viewer: Viewer) -> None:
    viewer.open(counted(scene))
    viewer.page.select_option("#rate", "2")
    viewer.page.evaluate(
        """() => {
            window.seen = new Set();
            const note = () => window.seen.add(document.body.dataset.frame);
            new MutationObserver(note).observe(document.body, { attributes: true });
        }"""
    )
    viewer.page.keyboard.press("Space")
    expect(viewer.page.locator("#play")).to_have_text("Pause")
    expect(viewer.page.locator("#play")).to_have_text("Play")
    seen = viewer.page.evaluate("[...window.seen]")
    assert {"1", "2", "3"} == {frame.split(":")[0] for frame in seen}
    viewer.expect_number(29)
    assert viewer.current() == "left press at 155, 60"


def test_events_follow_the_playhead_and_lead_it(scene: Scene, viewer: Viewer) -> None:
    viewer.open(counted(scene))
    viewer.go(3350)
    assert viewer.current() == "left press at 90, 60"
    viewer.page.keyboard.press("n")
    assert viewer.current() == "left press at 95, 60"
    viewer.expect_number(17)
    viewer.page.keyboard.press("p")
    viewer.page.keyboard.press("p")
    assert viewer.current() == "left press at 85, 60"
    viewer.page.get_by_text("left press at 115, 60").click()
    viewer.expect_number(21)
    viewer.page.get_by_role("button", name="pointer 30").click()
    assert viewer.rows() == []


def test_keys_and_the_timeline_move_through_time(scene: Scene, viewer: Viewer) -> None:
    viewer.open(counted(scene))
    for key, number in (
        ("End", 29),
        (",", 28),
        ("Shift+ArrowLeft", 0),
        ("ArrowRight", 5),
        (".", 6),
        ("Home", 0),
    ):
        viewer.page.keyboard.press(key)
        viewer.expect_number(number)
    box = viewer.page.locator("#line").bounding_box()
    assert box is not None
    viewer.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 10)
    viewer.expect_number(14)
    assert viewer.page.locator("#line").get_attribute("aria-valuetext") == "00:02.9"


def test_what_is_missing_is_said_over_the_picture(scene: Scene, viewer: Viewer) -> None:
    masked = replace(scene.frame(1, 0), masked=((40, 40, 32, 16),))
    scene.writer.rewrite(lambda events: [*events[:-1], masked])
    scene.add(
        Pause(t_ns=at(1000)),
        Resume(t_ns=at(2000)),
        Gap(t_ns=at(3000), end_ns=at(4000), reason="stall"),
        Redacted(t_ns=at(5000), end_ns=at(5000), reason="password"),
        Redacted(t_ns=at(5000), end_ns=at(6000), reason="password"),
        Redacted(t_ns=at(7000), end_ns=at(8000), reason="panic"),
        Fault(t_ns=at(9000), what="listener-dead", detail="restarted"),
        Pause(t_ns=at(9500)),
        Mark(t_ns=at(9900), label="end"),
    )
    viewer.open(scene.close())
    veil, said = viewer.page.locator("#veil"), viewer.page.locator("#said")
    for ms, text in ((1500, "Paused"), (3500, "Gap: stall"), (7500, "Redacted: panic")):
        viewer.go(ms)
        expect(veil).to_have_text(text)
    viewer.go(9800)
    expect(veil).to_have_text("Paused")
    viewer.go(5500)
    expect(veil).to_be_hidden()
    expect(said).to_have_text("Redacted: password")
    viewer.go(9100)
    expect(said).to_have_text("listener-dead: restarted")
    facts = viewer.page.locator("#facts")
    expect(facts).to_contain_text("2 redactions")
    expect(facts.locator(".bad")).to_have_text(["1 gap", "1 fault"])
    assert "redacted: password for 1.0 s" in viewer.rows()
    assert "redacted: password" not in viewer.rows()


def test_each_page_can_be_watched_on_its_own(scene: Scene, viewer: Viewer) -> None:
    for number in range(10):
        scene.frame(number, number * 200, page="p1" if number % 4 < 2 else "p2")
    viewer.open(scene.close())
    viewer.go(650)
    viewer.expect_number(3)  # as it was used
    viewer.page.select_option("#page", label="p1")
    viewer.expect_number(1)
    viewer.page.select_option("#page", label="p2")
    viewer.go(1900)
    viewer.expect_number(7)
    viewer.go(0)
    expect(viewer.page.locator("#veil")).to_have_text("Nothing was on screen yet")


def test_hostile_words_stay_words(scene: Scene, viewer: Viewer) -> None:
    scene.writer.manifest = replace(scene.writer.manifest, name=HOSTILE, source=HOSTILE)
    scene.frame(1, 0, page=HOSTILE)
    scene.frame(2, 1, page="p2")
    scene.add(
        WindowChange(t_ns=at(10), app=HOSTILE, title=HOSTILE),
        Navigation(t_ns=at(11), page="p2", url=HOSTILE, title=HOSTILE),
        TextInput(t_ns=at(12), text=HOSTILE),
        Redacted(t_ns=at(13), end_ns=at(14), reason=HOSTILE),
        Mark(t_ns=at(20), label=HOSTILE, text="\ud800 half"),
    )
    viewer.open(scene.close())
    viewer.go(13)
    expect(viewer.page.locator("#name")).to_have_text(HOSTILE.replace("\u2028", " "))
    assert viewer.page.locator("img").count() == 0
    assert viewer.page.title().startswith("</script>")
    assert len(viewer.rows()) == 5
    assert '"</script' in viewer.page.evaluate("JSON.stringify(R)")


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_the_window(chromium: Browser, scene: Scene, width: int, scheme: str) -> None:
    context = chromium.new_context(
        viewport={"width": width, "height": 800},
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    try:
        viewer = Viewer(context.new_page())
        viewer.open(counted(scene))
        assert viewer.page.evaluate("document.documentElement.scrollWidth") <= width
        for name in ("#picture", "#line", "#play", "#list"):
            box = viewer.page.locator(name).bounding_box()
            assert box is not None
            assert box["width"] > 40
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
        assert viewer.complaints == []
    finally:
        context.close()


def test_the_list_holds_many_events_and_few_rows(scene: Scene, viewer: Viewer) -> None:
    scene.frame(1, 0)
    scene.add(*(Mark(t_ns=at(i), label="note", text=str(i)) for i in range(50_000)))
    viewer.open(scene.close())
    viewer.go(40_000)
    assert viewer.current() == "note: 40000"
    assert viewer.page.locator("#rows button").count() < 100


def test_a_recording_of_nothing_opens(scene: Scene, viewer: Viewer) -> None:
    viewer.open(scene.close())
    expect(viewer.page.locator("#veil")).to_have_text("Nothing was on screen yet")
    viewer.page.keyboard.press("End")


def test_every_kind_of_event_has_plain_words(scene: Scene, viewer: Viewer) -> None:
    scene.frame(1, 0)
    scene.add(
        Scroll(t_ns=at(1), dx=0, dy=-2, x=1, y=1, controller=Controller.SCRIPT, agent="demo"),
        Key(t_ns=at(2), down=True, symbol="s", modifiers=("ctrl",), repeat=True),
        Key(t_ns=at(3), down=True, symbol="space"),
        TextInput(t_ns=at(4), text="", input_type="deleteContentBackward", trusted=False),
        PageChange(t_ns=at(5), page="p1", change="opened"),
        FocusChange(t_ns=at(6), target=None, secret=True),
        AgentAction(
            t_ns=at(7),
            end_ns=at(8),
            controller=Controller.POLICY,
            agent="p",
            action=Click(x=1, y=2, count=2),
        ),
        Key(t_ns=at(9), down=False, symbol="space"),
        ElementSnapshot(t_ns=at(10), page="", elements=()),
        HeldState(t_ns=at(11), x=1, y=1),
        Geometry(t_ns=at(12), width=5, height=6),
        UnknownEvent(t_ns=at(13), fields={"kind": "smell", "t_ns": at(13)}),
    )
    viewer.open(scene.close())
    viewer.page.get_by_role("button", name=re.compile("^system")).click()
    assert viewer.rows() == [
        "geometry 200 by 120",
        "scroll 0, -2 notch",
        "Ctrl+s (held)",
        "Space",
        "deleteContentBackward",
        "page p1 opened",
        "focus unknown (secret)",
        "click x 1, y 2, count 2",
        "Space up",
        "0 elements",
        "held down: nothing",
        "geometry 5 by 6",
        "smell (from a later version)",
    ]
    who = [name for name in viewer.page.locator("#rows .who").all_inner_texts() if name]
    assert who == ["script demo", "page itself", "policy p"]
