"""Spelling: what the frames of a line say becomes its words again."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from policy.reader.alphabet import BLANK, CHARACTERS, CLASSES, SPACE, character_of, codes_of
from policy.reader.label import Letter, Line
from policy.reader.lines import Strip, varied
from policy.reader.model import FRAME_PX, LINE_PX
from policy.reader.spell import ELLIPSIS, spell
from policy.reader.targets import IGNORED, frame_targets, text_targets
from tests.policy.screens import MANY

SURE = 0.9
WORDS = st.lists(st.text(st.sampled_from(CHARACTERS), min_size=1, max_size=6), max_size=5)


def said_of(*frames: dict[int, float]) -> NDArray[np.float32]:
    """Return log probabilities of frames, what is not named being unlikely."""
    shares = np.full((len(frames), CLASSES), 1e-6, np.float32)
    for frame, shown in zip(shares, frames, strict=True):
        for code, share in shown.items():
            frame[code] = share
    return np.log(shares)


def sure_of(codes: Iterable[int]) -> NDArray[np.float32]:
    """Return log probabilities of frames that each show one thing."""
    return said_of(*({code: SURE} for code in codes))


def drawn_line(text: str, width: float = 10.0, start: float = 0.0) -> Line:
    """Return a line of letters of one width, a space being as wide."""
    letters = tuple(
        Letter(character, start + place * width, start + (place + 1) * width)
        for place, character in enumerate(text)
        if character != " "
    )
    ends = [sum(map(len, text.split()[: number + 1])) for number in range(len(text.split()))]
    spans = tuple(zip([0, *ends[:-1]], ends, strict=True))
    return Line(letters, spans, 0, LINE_PX, (False,) * len(spans), -1)


@MANY
@given(WORDS, st.data())
def test_words_come_back_however_long_each_character_lasts(
    words: list[str], data: st.DataObject
) -> None:
    frames: list[int] = [BLANK]
    for word in words:
        for code in codes_of(word):
            frames += [code] * data.draw(st.integers(1, 3)) + [BLANK] * data.draw(st.integers(1, 2))
        frames += [SPACE, BLANK]
    found = spell(sure_of(frames))
    assert [word.text for word in found] == [word.replace(*ELLIPSIS) for word in words]
    assert [word.confidence for word in found] == pytest.approx([SURE] * len(words))
    assert [word.first for word in found] == sorted(word.first for word in found)


@MANY
@given(st.lists(st.integers(0, len(CHARACTERS) + 1), max_size=60))
def test_nonsense_is_spelled_without_complaint(frames: list[int]) -> None:
    for word in spell(sure_of(frames)):
        assert word.text
        assert word.first <= word.end


def test_frames_that_waver_between_two_characters_show_one_of_them() -> None:
    o, zero, m = codes_of("O0m")
    wavers = ({zero: 0.6, o: 0.4}, {zero: 0.55, o: 0.45}, {o: 0.7, zero: 0.3}, {o: 0.8, zero: 0.2})
    (word,) = spell(said_of({m: SURE}, {BLANK: SURE}, *wavers, {BLANK: SURE}))
    assert word.text == "mO"
    assert word.confidence == pytest.approx(0.8)


def test_characters_that_touch_are_two_where_both_are_sure() -> None:
    r, n = codes_of("rn")
    (word,) = spell(said_of({r: SURE}, {r: SURE}, {n: SURE}, {n: SURE}))
    assert word.text == "rn"


@MANY
@given(
    st.lists(st.text(st.sampled_from("abWil1.é"), min_size=1, max_size=5), min_size=1, max_size=3),
    st.floats(6, 14),
)
def test_what_is_learned_is_what_is_read(words: list[str], width: float) -> None:
    line = drawn_line(" ".join(words), width, start=4.0)
    columns = int(line.letters[-1].right + width + 8) // FRAME_PX * FRAME_PX
    wanted = frame_targets(line, Strip(np.zeros((LINE_PX, columns), np.uint8), 0.0, 1.0, (0, 0, 0)))
    for codes in wanted:  # both are as good
        found = spell(sure_of(codes.tolist()))
        assert [word.text for word in found] == words
        assert abs(found[0].first * FRAME_PX - 4.0) <= width


def test_a_character_that_it_does_not_know_is_not_taught_as_another() -> None:
    assert codes_of("a漢") == [codes_of("a")[0], BLANK]
    assert [character_of(code) for code in codes_of("aZ“")] == ["a", "Z", "“"]
    line = Line((Letter("漢", 4, 16),), ((0, 1),), 0, LINE_PX, (False,), -1)
    strip = Strip(np.zeros((LINE_PX, 20), np.uint8), 0.0, 1.0, (0, 0, 0))
    assert {*frame_targets(line, strip).flat} <= {BLANK, IGNORED}


def test_a_cut_line_says_the_characters_whose_middle_is_left() -> None:
    strip = Strip(np.zeros((LINE_PX, 70), np.uint8), 0.0, 1.0, (0, 0, 0))
    line = drawn_line("ab cde")
    assert "".join(map(character_of, text_targets(line, strip, 0, 35))) == "ab cde"
    assert "".join(map(character_of, text_targets(line, strip, 5, 25))) == "b cd"
    assert text_targets(drawn_line("a漢"), strip, 0, 35) == []


@MANY
@given(st.integers(0, 2**32 - 1), st.integers(10, 190))
def test_letters_that_are_varied_are_still_where_the_line_says(seed: int, x: int) -> None:
    picture = np.zeros((LINE_PX, 200), np.uint8)
    picture[:, x : x + 2] = 255
    strip = varied(Strip(picture, 30.0, 2.0, (0, 0, 0)), np.random.default_rng(seed), 1.0)
    assert strip.picture.shape[1] % FRAME_PX == 0
    middle = strip.picture[LINE_PX // 2 - 1 : LINE_PX // 2 + 1].mean(axis=0)
    place = float(np.average(np.arange(len(middle)) + 0.5, weights=middle)) / FRAME_PX
    assert strip.frame_at(30.0 + (x + 1) / 2) == pytest.approx(place, abs=0.5)
