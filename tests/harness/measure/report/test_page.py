"""The page works offline in a real browser, fits narrow screens, and runs nothing out of a log."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

from harness.measure.events import StepTaken
from harness.measure.learning import Checkpoint
from harness.measure.metrics import tallies
from harness.measure.report.findings import findings, learning_of
from harness.measure.report.gallery import Case, CaseKind, Picture, notable, steps_of
from harness.measure.report.page import Report, page
from harness.measure.report.rows import RowName
from harness.measure.report.tasks import success_by_task, task_findings
from harness.measure.state import Run
from recorder.browser.chromium import find_chromium
from recorder.schema import Controller
from tests.harness.measure import suites
from tests.harness.measure.stories import Story, planned
from tests.harness.measure.stories import run_of as plain_run

pytestmark = [pytest.mark.browser, pytest.mark.slow]

HOSTILE = '</script><img src=x onerror="document.title=1"><!--'
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
SECTIONS = {
    "core": (
        "Against the reference rows",
        "ours, paired with the others",
        "How firm is the headline?",
        "Does it know when to ask?",
        "How long does it go on alone?",
        "Does it learn?",
        "Task by task",
        "Silent failures",
        "Needless asks",
        "How it was measured",
    ),
    "shift": ("How many agents can one person keep going?",),
    "forward": ("Fast-forward",),
}


def report_of(runs: Mapping[RowName, Run], cases: tuple[Case, ...] = ()) -> Report:
    found = findings(runs)
    beside = {str(name): success_by_task(run) for name, run in runs.items() if name.row == "random"}
    return Report(
        title="A report",
        findings=found,
        tasks=task_findings(found.run),
        others=beside,
        cases=cases,
    )


def core() -> Report:
    """All that single episodes can show."""
    runs = suites.core_suite(suites.TASKS[:6], episodes=4)
    stories = [
        suites.told(fate, suites.doubting(0.4)) for fate in suites.fates(suites.TASKS[:6], 4)
    ]
    kept = notable(runs[RowName(row="ours")])
    steps = steps_of(suites.log_of(stories), [each.planned.key for _, each in kept])
    cases = tuple(
        Case(
            kind=kind,
            episode=each,
            steps=steps[each.planned.key],
            pictures=(Picture(1, "image/png", PIXEL),),
        )
        for kind, each in kept
    )
    report = report_of(runs, cases)
    tasks = tallies(runs[RowName(row="ours")])
    learning = learning_of([Checkpoint(hours, tasks) for hours in (0.5, 1.0, 2.0, 4.0)])
    return replace(report, findings=replace(report.findings, learning=learning))


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Pages of each kind of suite, on disk."""
    folder = tmp_path_factory.mktemp("pages")
    reports = {
        "core": core(),
        "shift": report_of(suites.shift_suite()),
        "forward": report_of({RowName(row="ours"): suites.forward_run()}),
    }
    for name, report in reports.items():
        (folder / f"{name}.html").write_text(page(report), "utf-8")
    return {name: folder / f"{name}.html" for name in reports}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Return a headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(headless=True), args=["--no-sandbox"]
        )
        yield browser
        browser.close()


class Reader:
    """Somebody who opens a page in a window of some width."""

    def __init__(self, window: Page, path: Path) -> None:
        self.page = window
        self.complaints: list[str] = []
        self.asked_for: list[str] = []
        window.set_default_timeout(0)  # the test has a limit of its own
        window.on("console", lambda message: self.complaints.append(message.text))
        window.on("pageerror", lambda error: self.complaints.append(str(error)))
        window.on("request", self._request)
        window.goto(path.as_uri())

    def _request(self, request: Request) -> None:
        if not request.url.startswith("data:"):
            self.asked_for.append(request.url)


@pytest.mark.parametrize("name", SECTIONS)
def test_it_is_all_there_and_fits(chromium: Browser, pages: dict[str, Path], name: str) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 800}, color_scheme="light")
    reader = Reader(context.new_page(), pages[name])
    assert set(SECTIONS[name]) <= set(reader.page.locator("h2").all_inner_texts())
    for width in (390, 1280):
        reader.page.set_viewport_size({"width": width, "height": 900})
        expect_drawn(reader.page)
        assert reader.page.evaluate("document.documentElement.scrollWidth") <= width
        for left, right in reader.page.evaluate(_EDGES):
            assert left >= 0
            assert right <= width
            assert right - left > 0.4 * min(width, 700)
    ink = reader.page.evaluate(_INK)
    reader.page.emulate_media(color_scheme="dark")
    reader.page.wait_for_function(f"({_INK}) !== {ink!r}")
    assert reader.complaints == []
    assert reader.asked_for == [pages[name].as_uri()]
    context.close()


def expect_drawn(window: Page) -> None:
    """Wait until each figure has something drawn in it."""
    window.wait_for_function(
        "[...document.querySelectorAll('.plot')].every((plot) => plot.querySelector('.trace'))"
    )
    assert window.locator(".plot").count() > 0


_EDGES = """[...document.querySelectorAll(".js-plotly-plot .main-svg")].map((svg) => {
  const box = svg.getBoundingClientRect();
  return [box.left, box.right];
})"""
_INK = "getComputedStyle(document.querySelector('.js-plotly-plot .xtick text')).fill"


def test_hostile_words_stay_words(chromium: Browser, tmp_path: Path) -> None:
    stories = [
        Story(planned(f"{HOSTILE} {n}")).steps(2, action=HOSTILE).done().end(verified=n > 1)
        for n in range(4)
    ]
    run = plain_run(stories)
    name = RowName(row=HOSTILE.replace("/", "").replace("@", ""))
    failed = next(iter(run.ended.values()))
    step = StepTaken(
        episode="x", t_ms=0, controller=Controller.POLICY, action=HOSTILE, duration_ms=1
    )
    case = Case(kind=CaseKind.SILENT, episode=failed, steps=(step,))
    others = {RowName(row="random"): run}
    report = replace(report_of({name: run, **others}, (case,)), title=HOSTILE)
    path = tmp_path / "hostile.html"
    path.write_text(page(report), "utf-8")
    reader = Reader(chromium.new_page(), path)
    expect_drawn(reader.page)
    assert reader.page.title() == HOSTILE
    assert reader.page.locator("img").count() == 0
    assert reader.complaints == []
    reader.page.close()


def test_what_was_not_played_has_no_section_and_no_figure() -> None:
    run = plain_run([Story(planned(f"t{n}")).steps(2).done().end() for n in range(3)])
    body = page(report_of({RowName(row="ours"): run}))
    titles = re.findall(r"<h2>(.*?)</h2>", body)
    assert titles == [
        "Against the reference rows",
        "How firm is the headline?",
        "How long does it go on alone?",
        "Task by task",
        "How it was measured",
    ]
    assert "lower bound" in body


def test_the_library_is_inlined_once() -> None:
    run = plain_run([Story(planned()).steps(2).done().end()])
    body = page(report_of({RowName(row="ours"): run}))
    assert body.count("plotly.js v") == 1
    assert 'src="http' not in body
