"""A row has one name, which says all that tells it from others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ConfigError
from harness.measure.report.rows import RowName
from tests.harness.measure.stories import MANY

WORDS = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=12)
NAMES = st.builds(
    RowName,
    row=WORDS,
    setting=st.none() | st.floats(0, 1e9),
    training=st.none() | st.integers(0, 99),
) | st.builds(RowName, row=WORDS, n_agents=st.integers(1, 10_000), allocator=st.just("") | WORDS)


@MANY
@given(NAMES)
def test_a_name_is_read_back_as_it_was_written(name: RowName) -> None:
    assert RowName.parse(str(name)) == name


@pytest.mark.parametrize("text", ["", "/N=4", "ours/4", "ours@x", "ours@1-2", "ours/N=4/fifo/x"])
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"no name of a row|no number"):
        RowName.parse(text)


def test_ours_stands_first_and_the_null_agent_last() -> None:
    texts = ["null", "ours@0.5", "random", "their own", "ours", "human-only", "ours@0.25", "oracle"]
    names = sorted(map(RowName.parse, texts), key=lambda name: name.order)
    assert [str(name) for name in names] == [
        "ours",
        "ours@0.25",
        "ours@0.5",
        "oracle",
        "human-only",
        "random",
        "null",
        "their own",
    ]
