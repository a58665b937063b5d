"""A shift is what its events come to, and a request ends in one way only."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from harness.control import Phase
from harness.hub.events import HeldReason
from harness.hub.requests import ALLOWED, OPEN, PENDING, Stage
from harness.hub.standing import Standing, standing
from harness.hub.state import AgentState
from harness.hub.untrusted import shown

AGENT = AgentState(name="a", worker="w", episode="e")


@pytest.mark.parametrize(
    ("agent", "age_ms", "found"),
    [
        (AGENT, 100, Standing.RUNNING),
        (AGENT, 9000, Standing.STALE),
        (AGENT, None, Standing.STALE),
        (replace(AGENT, is_connected=False), 100, Standing.STALE),
        (replace(AGENT, episode=""), 100, Standing.STARTING),
        (replace(AGENT, phase=Phase.ASKING), 100, Standing.ASKING),
        (replace(AGENT, phase=Phase.ASKING), 9000, Standing.STALE),
        (replace(AGENT, phase=Phase.TAKEOVER), 100, Standing.HUMAN),
        (replace(AGENT, held=HeldReason.LATCH), 9000, Standing.HELD),
        (replace(AGENT, held=HeldReason.HANDBACK), 100, Standing.HANDBACK),
        (replace(AGENT, watched=2), 100, Standing.WATCHED),
        (replace(AGENT, is_done_claimed=True), 100, Standing.UNVERIFIED),
        (replace(AGENT, phase=Phase.ENDED, is_verified=True), None, Standing.VERIFIED),
        (replace(AGENT, phase=Phase.ENDED, is_verified=False), 100, Standing.UNVERIFIED),
        (replace(AGENT, phase=Phase.ENDED, failure=shown("browser")), 100, Standing.FAILED),
    ],
)
def test_an_agent_is_shown_as_what_is_known_of_it(
    agent: AgentState, age_ms: int | None, found: Standing
) -> None:
    assert standing(agent, age_ms) is found


def test_what_nobody_has_seen_for_long_is_never_running_or_done() -> None:
    free = (Phase.AUTONOMOUS, Phase.ASKING, Phase.TAKEOVER)
    for phase, held, claims in itertools.product(free, (None, *HeldReason), (True, False)):
        agent = replace(AGENT, phase=phase, held=held, is_done_claimed=claims)
        for age_ms in (None, 3001):
            found = standing(agent, age_ms)
            assert found in (Standing.STALE, Standing.HELD, Standing.HANDBACK)


def test_a_request_that_is_over_stays_so_and_every_other_can_end() -> None:
    for stage, after in ALLOWED.items():
        assert bool(after) == (stage in OPEN | PENDING)
    reached = {Stage.QUEUED}
    for _ in Stage:
        reached |= {each for stage in reached for each in ALLOWED[stage]}
    assert reached == set(Stage)


def test_no_way_leads_to_an_answer_but_through_a_person_who_saw_it() -> None:
    before = [stage for stage, after in ALLOWED.items() if Stage.ANSWERED in after]
    assert before == [Stage.SEEN]
    assert [stage for stage, after in ALLOWED.items() if Stage.APPLIED in after] == [Stage.SENT]
