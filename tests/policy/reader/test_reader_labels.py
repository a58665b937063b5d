"""Labels: a page's own DOM says what is written where, inside fields too."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from policy.errors import DataError
from policy.reader import fonts, shards
from policy.reader.label import ROLES, Labelled, Renderer, chromium
from policy.reader.pages import Page, draw_page
from policy.reader.styles import FONTS, UNSEEN_FONTS
from tests.policy.reader.drawn import drawn_page
from tests.waiting import until

_BODY = """<body style="margin:0;font:12px 'Liberation Sans'">
<p style="margin:10px">Plain <a href=#>linked</a> end.</p>
<input style="margin-left:10px;width:100px" value="in a field"><br>
<label><input type=checkbox checked>Tick</label>
<button disabled>Press me</button>
<div style="position:absolute;top:0;left:120px;width:60px;height:30px;background:#ccc"></div>
"""


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    with chromium() as found:
        yield found


def _words(page: Labelled) -> dict[str, tuple[float, float, float, float]]:
    return {
        line.text(number): (line.edges(number)[0], line.top, line.edges(number)[1], line.bottom)
        for line in page.lines
        for number in range(len(line.words))
    }


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_all_that_is_written_is_told_where_it_is(renderer: Renderer, scale: float) -> None:
    page = renderer.render(Page(_BODY, 200, 120, scale, focus=True))
    assert page.pixels.shape == (120 * scale, 200 * scale, 3)
    words = _words(page)
    assert {*words} == {"Plain", "linked", "end.", "in", "a", "field", "Tick", "Press", "me"}
    for left, top, right, bottom in words.values():
        inside = page.pixels[round(top) : round(bottom), round(left) : round(right)]
        assert int(inside.max()) - int(inside.min()) > 60, "there is no ink"
    linked = {
        line.text(n) for line in page.lines for n, is_link in enumerate(line.linked) if is_link
    }
    assert linked == {"linked"}
    assert [(each.role, each.states) for each in page.widgets] == [
        ("textbox", ("focused",)),
        ("checkbox", ("checked",)),
        ("button", ("disabled",)),
    ]
    (field,) = [line for line in page.lines if line.text(0) == "in"]
    assert page.widgets[field.owner].role == "textbox"


@pytest.mark.browser
def test_what_is_covered_is_not_told(renderer: Renderer) -> None:
    hidden = "<div style='position:absolute;top:0;left:0;width:200px;height:60px;background:#ccc'>"
    page = renderer.render(Page(f"<body>Hidden{hidden}</div>", 200, 60, 1.0, focus=False))
    assert not page.lines


def words_on(renderer: Renderer, body: str) -> list[str]:
    """Return what is written on a page of 200 x 60 px, in reading order."""
    page = renderer.render(Page(f"<body style='font:12px DejaVu Sans'>{body}", 200, 60, 1, False))
    return [line.text(number) for line in page.lines for number in range(len(line.words))]


@pytest.mark.browser
def test_a_word_is_one_however_many_elements_it_is_in(renderer: Renderer) -> None:
    found = words_on(renderer, 'Click "<b>Log</b>out", <a href=#>no</a><i>w</i> or never')
    assert found == ["Click", '"Logout",', "now", "or", "never"]


@pytest.mark.browser
@pytest.mark.parametrize("overflow", ["hidden", "auto", "scroll"])
def test_what_goes_beyond_its_box_is_not_told(renderer: Renderer, overflow: str) -> None:
    cut = f"<div style='height:16px;line-height:16px;overflow:{overflow}'>one<br>two<br>three</div>"
    assert words_on(renderer, cut + "four") == ["one", "four"]


@pytest.mark.browser
def test_a_text_area_tells_the_lines_that_it_shows(renderer: Renderer) -> None:
    style = "font:12px/16px DejaVu Sans Mono;width:100px;height:36px;padding:2px;border:0"
    field = f"<textarea style='{style}'>one two three four five six seven</textarea>"
    assert words_on(renderer, field) == ["one", "two", "three", "four", "five", "six"]


@pytest.mark.browser
def test_a_family_that_comes_in_a_package_is_drawn_as_itself(renderer: Renderer) -> None:
    assert "Caladea" in fonts.folders()
    drawn, fallback = (
        renderer.render(Page(f"<body style='font:20px {family}'>Hag", 90, 40, 1.0, focus=False))
        for family in ("Caladea", "Nowhere")
    )
    assert not np.array_equal(drawn.pixels, fallback.pixels)


def test_families_whose_package_is_missing_are_not_learned_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(fonts.PACKAGED, "Nowhere Sans", "font_nowhere")
    asked = ("Nowhere Sans", "Caladea", "DejaVu Sans")
    assert fonts.without_missing(asked) == ("Caladea", "DejaVu Sans")


def test_pages_follow_from_their_number_alone() -> None:
    assert draw_page(7) == draw_page(7) != draw_page(8)
    assert not {*FONTS} & {*UNSEEN_FONTS}


def test_a_shard_comes_back_as_it_was_written(tmp_path: Path) -> None:
    pages = [drawn_page("one two"), drawn_page("three", ticked=False)]
    path = shards.shard_path(tmp_path, 3)
    shards.write(path, pages)
    assert shards.shards(tmp_path) == [3]
    for found, wanted in zip(shards.read(path), pages, strict=True):
        assert np.array_equal(found.pixels, wanted.pixels)
        assert (found.lines, found.widgets) == (wanted.lines, wanted.widgets)
    assert all(widget.role in ROLES for page in pages for widget in page.widgets)


def test_a_damaged_shard_says_which_it_is(tmp_path: Path) -> None:
    path = shards.shard_path(tmp_path, 3)
    shards.write(path, [drawn_page("one")])
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match="shard-0000003"):
        shards.read(path)


_GENERATE = """
import sys
from pathlib import Path
from policy.reader.shards import generate
generate(Path(sys.argv[1]), range(2))
"""


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.timeout(180)
def test_generation_that_is_killed_goes_on(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _GENERATE, str(tmp_path)]
    first = shards.shard_path(tmp_path, 0)
    running = subprocess.Popen(command, start_new_session=True)
    until(first.exists, "a first shard", patience_s=120)
    # and the browser with it, which would end by itself
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    written = first.stat().st_mtime_ns
    subprocess.run(command, check=True)
    assert shards.shards(tmp_path) == [0, 1]
    assert first.stat().st_mtime_ns == written, "a complete shard is not drawn again"
    assert all(len(shards.read(shards.shard_path(tmp_path, n))) == shards.PAGES for n in (0, 1))
