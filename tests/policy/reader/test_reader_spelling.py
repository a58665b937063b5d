"""Spelling: what the frames of a line say becomes its words again."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from policy.reader.alphabet import BLANK, CHARACTERS, SPACE, character_of, codes_of
from policy.reader.label import Letter, Line
from policy.reader.lines import Strip
from policy.reader.model import FRAME_PX, LINE_PX
from policy.reader.spell import spell
from policy.reader.targets import IGNORED, frame_targets
from tests.policy.screens import MANY

WORDS = st.lists(st.text(st.sampled_from(CHARACTERS), min_size=1, max_size=6), max_size=5)


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
    codes = np.array(frames, np.int64)
    found = spell(codes, np.full(len(codes), 0.5, np.float32))
    assert [word.text for word in found] == words
    assert all(word.confidence == 0.5 for word in found)
    assert [word.first for word in found] == sorted(word.first for word in found)


@MANY
@given(st.lists(st.integers(0, len(CHARACTERS) + 1), max_size=60))
def test_nonsense_is_spelled_without_complaint(frames: list[int]) -> None:
    codes = np.array(frames, np.int64)
    for word in spell(codes, np.ones(len(codes), np.float32)):
        assert word.text
        assert word.first <= word.end


@MANY
@given(
    st.lists(st.text(st.sampled_from("abWil1.é"), min_size=1, max_size=5), min_size=1, max_size=3),
    st.floats(6, 14),
)
def test_what_is_learned_is_what_is_read(words: list[str], width: float) -> None:
    letters: list[Letter] = []
    spans: list[tuple[int, int]] = []
    x = 4.0
    for word in words:
        first = len(letters)
        for character in word:
            letters.append(Letter(character, x, x + width))
            x += width
        spans.append((first, len(letters)))
        x += width
    line = Line(tuple(letters), tuple(spans), 0, LINE_PX, (False,) * len(spans), -1)
    columns = int(x + 8) // FRAME_PX * FRAME_PX
    wanted = frame_targets(line, Strip(np.zeros((LINE_PX, columns), np.uint8), 0.0, 1.0, (0, 0, 0)))
    for codes in wanted:  # both are as good
        found = spell(codes, np.ones(len(codes), np.float32))
        assert [word.text for word in found] == words
        assert abs(found[0].first * FRAME_PX - 4.0) <= width


def test_a_character_that_it_does_not_know_is_not_taught_as_another() -> None:
    assert codes_of("a漢") == [codes_of("a")[0], BLANK]
    assert [character_of(code) for code in codes_of("aZ“")] == ["a", "Z", "“"]
    line = Line((Letter("漢", 4, 16),), ((0, 1),), 0, LINE_PX, (False,), -1)
    strip = Strip(np.zeros((LINE_PX, 20), np.uint8), 0.0, 1.0, (0, 0, 0))
    assert {*frame_targets(line, strip).flat} <= {BLANK, IGNORED}
