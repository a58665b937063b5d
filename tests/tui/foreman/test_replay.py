"""A recorded shift, played and sought in, is what its events come to."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.control import Phase
from harness.hub.events import Answered, HubEvent, Raised
from harness.hub.reducer import fold, reduce
from harness.hub.requests import Correct, Reject, Stage, TakeOver
from harness.hub.shift_log import log_path, read_shift
from harness.hub.standing import Standing
from harness.hub.state import Shift
from harness.measure.errors import LogError
from tests.soak import repeats
from tests.tui.foreman.shifts import improvise, morning
from tests.tui.foreman.story import Story
from tui.bridge import Access
from tui.reel import Mark, Reel
from tui.replay import SPEEDS, ReplayBridge

_SECOND_NS = 1_000_000_000


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.ns = 0

    def __call__(self) -> int:
        return self.ns


@pytest.fixture(scope="module")
def told() -> Story:
    """A shift of eight agents."""
    return morning()


@pytest.fixture(scope="module")
def folder(told: Story, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where it was recorded."""
    return told.write(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def reel(folder: Path) -> Reel:
    """Its reel."""
    return Reel.read(folder)


class Played(ReplayBridge):
    """A replay whose time passes by hand, and that does not stop on its own unless told to."""

    def __init__(self, reel: Reel, *, stops: bool = False) -> None:
        self.clock = Clock()
        super().__init__(reel, self.clock)
        self.stops = stops

    def set_speed(self, speed: int) -> None:
        """Press the key until it is reached."""
        while self.speed < speed:
            self.faster()

    def pass_time(self, seconds: float) -> None:
        """Let time pass all at once."""
        self.clock.ns += round(seconds * _SECOND_NS)
        self.advance()


@pytest.fixture(scope="module")
def course(told: Story) -> tuple[list[int], list[Shift]]:
    """What the shift was at any time."""
    return states_of(told)


def states_of(story: Story) -> tuple[list[int], list[Shift]]:
    """Return the times of all events, and what they came to with each; first of none."""
    return (
        list(accumulate((each.t_ms for each in story.events), max)),
        list(accumulate(story.events, reduce, initial=Shift())),
    )


@pytest.mark.parametrize("speed", [8, 64])
def test_a_replay_ends_in_what_the_events_come_to(told: Story, reel: Reel, speed: int) -> None:
    with Played(reel) as bridge:
        bridge.set_speed(speed)
        bridge.play()
        while bridge.is_playing:
            bridge.pass_time(1 / 8)
        assert bridge.shift == fold(told.events)
        assert (bridge.t_ms, bridge.is_over) == (told.t_ms, True)


@pytest.mark.parametrize("speed", SPEEDS)
def test_a_replay_takes_as_long_as_its_speed_says(told: Story, reel: Reel, speed: int) -> None:
    with Played(reel) as bridge:
        bridge.set_speed(speed)
        bridge.play()
        bridge.pass_time(2)
        assert bridge.t_ms == min(2000 * speed, told.t_ms)


@settings(max_examples=repeats(40, 2000))
@given(places=st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_seeking_anywhere_is_folding_up_to_there(
    course: tuple[list[int], list[Shift]], reel: Reel, places: list[float]
) -> None:
    times, states = course
    with Played(reel) as bridge:
        for place in places:
            bridge.seek(place * reel.end_ms)
            assert bridge.shift == states[bisect_right(times, place * reel.end_ms)]


@settings(max_examples=repeats(6, 200))
@given(seed=st.integers(0, 1 << 30), place=st.floats(0, 1))
def test_seeking_and_playing_on_is_folding_whatever_happened(
    seed: int, place: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    story = Story("one", "two", "three", episodes=40)
    improvise(story, Random(seed), 150)
    times, states = states_of(story)
    with Played(Reel.read(story.write(tmp_path_factory.mktemp("run")))) as bridge:
        bridge.seek(story.t_ms)
        bridge.seek(place * story.t_ms)
        assert bridge.shift == states[bisect_right(times, place * story.t_ms)]
        bridge.play()
        bridge.pass_time(story.t_ms / 1000)
        assert bridge.shift == states[-1]


def test_going_back_reads_only_what_lies_between_two_bookmarks(tmp_path: Path) -> None:
    story = Story("one", "two", episodes=2000)
    improvise(story, Random(3), repeats(2000, 60_000))
    reel = Reel.read(story.write(tmp_path))
    assert 32 <= len(reel.bookmarks) <= 128
    gaps = [b.line - a.line for a, b in zip(reel.bookmarks, reel.bookmarks[1:], strict=False)]
    assert max(gaps) <= 2 * reel.lines / 32


def test_listeners_hear_what_is_played_and_not_what_is_skipped(told: Story, reel: Reel) -> None:
    heard: list[HubEvent] = []
    with Played(reel) as bridge:
        bridge.listen(heard.append)
        bridge.seek(told.t_ms / 2)
        assert not heard
        bridge.play()
        bridge.pass_time(told.t_ms / 1000)
    assert heard == [each for each in told.events if each.t_ms > told.t_ms / 2]


def test_it_stops_before_each_disagreement_and_goes_on_when_told_to(reel: Reel) -> None:
    stops: list[int] = []
    with Played(reel, stops=True) as bridge:
        while not bridge.is_over:
            bridge.play()
            while bridge.is_playing:
                bridge.pass_time(1)
            stops.append(bridge.t_ms + 1)
    told = {each.t_ms for each in reel.moments if each.mark is Mark.DISAGREEMENT}
    assert stops[:-1] == sorted(told)


def test_jumps_find_every_request(told: Story, reel: Reel) -> None:
    asked = {each.t_ms for each in told.events if isinstance(each, Raised)}
    found: set[int] = set()
    with Played(reel) as bridge:
        while (moment := bridge.jump(Mark.REQUEST)) is not None:
            assert moment.t_ms == bridge.t_ms
            assert any(each.request.agent == moment.agent for each in bridge.shift.queue)
            found.add(moment.t_ms)
    assert found == asked


def test_a_disagreement_is_met_with_its_request_still_open(told: Story, reel: Reel) -> None:
    answers = {
        each.t_ms: each.request
        for each in told.events
        if isinstance(each, Answered) and isinstance(each.answer, Reject | Correct | TakeOver)
    }
    met: set[int] = set()
    with Played(reel) as bridge:
        while (moment := bridge.jump(Mark.DISAGREEMENT)) is not None:
            if (request := answers.get(moment.t_ms)) is not None:
                assert bridge.shift.ticket(request).stage is Stage.SEEN
                met.add(moment.t_ms)
            else:
                assert bridge.shift.agent(moment.agent).phase is Phase.AUTONOMOUS
    assert met == set(answers)


def test_pictures_are_the_last_ones_before(told: Story, reel: Reel) -> None:
    with Played(reel) as bridge:
        assert bridge.frame("crm") is None
        assert bridge.frame_age_ms("crm") is None
        bridge.seek(told.t_ms)
        frame = bridge.frame("crm")
        last = bridge.shift.ticket(bridge.shift.agent("crm").request)
        shown = bridge.picture(last.request.frame)
        assert frame is not None
        assert shown is not None
        assert (frame.pixels == shown).all()
        assert bridge.frame_age_ms("crm") == told.t_ms - last.raised_ms
        assert bridge.frame("crm") is frame
        assert bridge.picture("0" * 32) is None


def test_a_replay_is_never_stale_for_want_of_frames(told: Story, reel: Reel) -> None:
    with Played(reel) as bridge:
        bridge.seek(told.t_ms)
        found = {each: bridge.standing(each) for each in told.agents}
        assert found["mail"] is Standing.RUNNING
        assert found["orders"] is Standing.STALE
        assert (bridge.access, bridge.link_ms) == (Access.REPLAY, None)


def test_a_run_without_a_log_or_with_a_damaged_one_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(LogError, match="no shift was recorded"):
        Reel.read(tmp_path)
    damaged = log_path(folder).read_bytes().replace(b'"agent":"crm"', b'"agent":"CRM"', 1)
    log_path(tmp_path).write_bytes(damaged)
    with pytest.raises(LogError, match="was altered"):
        Reel.read(tmp_path)


def test_the_log_was_read_as_it_was_told(told: Story, folder: Path) -> None:
    assert list(read_shift(folder)) == told.events
