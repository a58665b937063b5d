"""What a person does about a request, and how long it takes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ConfigError
from harness.measure.events import ContactKind, EpisodeEnded, RunEvent
from harness.measure.metrics import is_silent_failure, is_verified
from harness.measure.state import Episode, fold
from harness.modes.episodes import EpisodeCell
from harness.modes.operators import OperatorConfig, switch_s
from recorder.schema import Controller
from tests.harness.modes.rehearsal import Rehearsed, Theatre, in_theatre, planned

CONFIG = OperatorConfig()

# Parameters ---------------------------------------------------------------------------------------


@given(
    notice=st.floats(0, 60),
    slips=st.floats(0, 1),
    most=st.integers(0, 100),
)
def test_parameters_survive_a_manifest(notice: float, slips: float, most: int) -> None:
    config = replace(CONFIG, notice_median_s=notice, slips=slips, most_actions=most)
    assert OperatorConfig.from_mapping(config.to_mapping()) == config


@pytest.mark.parametrize(
    "values",
    [{"mood": 1.0}, {"slips": 1.5}, {"verify_s": -1.0}, {"most_actions": 1.5}, {"memory_s": 0.0}],
)
def test_parameters_of_nobody_are_refused(values: Mapping[str, float]) -> None:
    with pytest.raises(ConfigError):
        OperatorConfig.from_mapping(values)


@given(away_s=st.floats(0, 1e6), longer_s=st.floats(0, 1e6))
def test_the_longer_away_the_longer_it_takes_to_be_back(away_s: float, longer_s: float) -> None:
    soon, late = (
        switch_s(CONFIG, is_same_agent=True, away_s=each) for each in sorted((away_s, longer_s))
    )
    other = switch_s(CONFIG, is_same_agent=False, away_s=away_s)
    assert 0 <= soon <= late <= other


# The simulated person, on real pages --------------------------------------------------------------

SIMPLE = planned("miniwob-login-user")
JOB = planned("job-social-desk")
NO_EXPERT = planned("miniwob-circle-center")


@pytest.fixture(scope="module")
def helped(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Episode]:
    """One episode for each way to ask and to judge."""
    latch = tmp_path_factory.mktemp("latch") / "stop"

    async def play(theatre: Theatre) -> dict[str, Episode]:
        await theatre.rehearse([SIMPLE])
        right, wrong = Rehearsed(theatre.parts), Rehearsed(theatre.parts, wrong=1.0)
        blind = replace(CONFIG, wrong_approvals=1.0)
        mistrustful = replace(CONFIG, wrong_rejections=1.0)
        ways = {
            "right": (right, "always", SIMPLE, CONFIG),
            "wrong": (wrong, "own", SIMPLE, CONFIG),
            "novel": (replace(wrong, novelty=0.0), "own", SIMPLE, CONFIG),
            "unknown": (wrong, "own", NO_EXPERT, CONFIG),
            "blind": (wrong, "own:0.5", SIMPLE, blind),
            "mistrustful": (right, "always", SIMPLE, mistrustful),
        }
        found: dict[str, Episode] = {}
        for name, (policy, asking, episode, config) in ways.items():
            stage = theatre.stage(policy, latch, config)
            events: list[RunEvent] = await EpisodeCell(episode, asking).play(stage)
            found[name] = fold(events).ended[episode.key]
        return found

    return in_theatre(play)


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize(
    ("way", "kinds"),
    [
        ("right", {ContactKind.APPROVAL}),
        ("wrong", {ContactKind.CORRECTION, ContactKind.TAKEOVER}),
        ("novel", {ContactKind.TAKEOVER}),
        ("unknown", {ContactKind.RESET}),
        ("blind", {ContactKind.APPROVAL}),
        ("mistrustful", {ContactKind.CORRECTION, ContactKind.TAKEOVER}),
    ],
)
def test_help_is_as_much_as_is_needed(
    helped: Mapping[str, Episode], way: str, kinds: set[ContactKind]
) -> None:
    assert {contact.kind for contact in helped[way].contacts} == kinds


@pytest.mark.browser
@pytest.mark.slow
def test_the_third_request_on_a_page_is_one_too_many(helped: Mapping[str, Episode]) -> None:
    kinds = [contact.kind for contact in helped["wrong"].contacts]
    assert kinds == [ContactKind.CORRECTION, ContactKind.CORRECTION, ContactKind.TAKEOVER]


@pytest.mark.browser
@pytest.mark.slow
def test_who_knows_no_way_gives_up_loudly_after_as_long_as_the_task(
    helped: Mapping[str, Episode],
) -> None:
    episode = helped["unknown"]
    assert isinstance(episode.end, EpisodeEnded)
    assert not episode.end.is_verified
    assert not is_silent_failure(episode)
    assert episode.end.hands_on_s >= episode.planned.human.seconds


@pytest.mark.browser
@pytest.mark.slow
def test_an_approved_action_is_the_agents_own(helped: Mapping[str, Episode]) -> None:
    assert helped["right"].finisher is Controller.POLICY
    assert all(contact.n_actions == 0 for contact in helped["right"].contacts)


@pytest.mark.browser
@pytest.mark.slow
def test_each_part_of_a_contact_takes_time_and_follows_the_one_before(
    helped: Mapping[str, Episode],
) -> None:
    for episode in helped.values():
        for contact in episode.contacts:
            assert contact.notice_ms < contact.engage_ms < contact.release_ms
            if contact.first_action_ms is not None:
                diagnosed_ms = contact.engage_ms + 1000 * CONFIG.diagnose_s
                assert diagnosed_ms <= contact.first_action_ms < contact.release_ms


@pytest.mark.browser
@pytest.mark.slow
def test_who_takes_over_lets_go_when_the_page_is_done(tmp_path: Path) -> None:
    async def play(theatre: Theatre) -> Episode:
        await theatre.rehearse([JOB])
        policy = Rehearsed(theatre.parts, wrong=1.0, until=1, novelty=0.0)
        flawless = replace(CONFIG, slips=0.0, wrong_approvals=0.0, wrong_rejections=0.0)
        stage = theatre.stage(policy, tmp_path / "stop", flawless)
        return fold(await EpisodeCell(JOB).play(stage)).ended[JOB.key]

    episode = in_theatre(play)
    taken_over, *others = episode.contacts
    assert taken_over.kind is ContactKind.TAKEOVER
    assert {contact.kind for contact in others} == {ContactKind.APPROVAL}
    assert is_verified(episode)
    assert episode.finisher is Controller.POLICY
