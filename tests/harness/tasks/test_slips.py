"""Slips go wrong as people's do, from a seed, and experts recover from them."""

from __future__ import annotations

from random import Random

import pytest

from harness.env.browsers import Browsers
from harness.env.chromium import Chromium
from harness.env.page import TaskPage
from harness.env.play import play
from harness.env.stage import AREA
from harness.tasks.experts.playing import Manner
from harness.tasks.experts.slips import Slips, typo
from harness.tasks.registry import web_task
from recorder.schema import Click, KeyChord, TypeText
from tests.soak import repeats


@pytest.mark.parametrize("text", ["hello", "a", "aaaa", "3", "É", "Word Two"])
def test_a_typo_is_one_mistake_away(text: str) -> None:
    for seed in range(200):
        wrong = typo(text, Random(seed))
        assert wrong
        assert wrong != text
        assert abs(len(wrong) - len(text)) <= 1


@pytest.mark.browser
@pytest.mark.slow
async def test_clicks_miss_and_only_the_share_that_was_asked() -> None:
    async with Browsers(Chromium.start) as browsers:
        page = TaskPage(browsers)
        await page.reset(web_task("miniwob-click-button"), 3)
        aimed, seeds = Click(x=40, y=80), range(repeats(60, 500))
        found = [await Slips(0.5, Random(seed), AREA).instead(page, aimed) for seed in seeds]
        again = [await Slips(0.5, Random(seed), AREA).instead(page, aimed) for seed in range(5)]
        never = await Slips(0.0, Random(1), AREA).instead(page, aimed)
        keys = await Slips(0.99, Random(1), AREA).instead(page, KeyChord(key="Enter"))
        text = await Slips(0.99, Random(1), AREA).instead(page, TypeText(text="word"))
        await page.close()
    assert found[:5] == again
    assert never is None
    assert keys is None, "a single key is never missed"
    assert text != TypeText(text="word")
    missed = [slip for slip in found if isinstance(slip, Click)]
    assert 0.25 < len(missed) / len(found) < 0.75
    for slip in missed:
        assert (slip.x, slip.y) != (aimed.x, aimed.y)
        assert 0 <= slip.x < AREA[0]
        assert 0 <= slip.y < AREA[1]


@pytest.mark.browser
@pytest.mark.slow
async def test_an_expert_that_slips_goes_on_from_there() -> None:
    async with Browsers(Chromium.start) as browsers:
        page, manner = TaskPage(browsers), Manner(slips=0.3)
        task = web_task("miniwob-enter-text")
        won = [(await play(page, task, seed, manner=manner)).reward for seed in range(8)]
        await page.close()
    assert sum(won) >= 5
