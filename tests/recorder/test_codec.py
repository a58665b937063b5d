"""Whatever is written as a line is read back as it was, and what is no event is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.codec import (
    action_from_dict,
    action_to_dict,
    event_from_line,
    event_to_dict,
    event_to_line,
)
from recorder.errors import DamagedError
from recorder.schema import (
    Action,
    AgentAction,
    Click,
    Controller,
    Element,
    Event,
    PointerButton,
    UnknownEvent,
)
from tests.recorder.strategies import events, of_type


@given(event=events())
def test_every_event_survives_the_disk(event: Event) -> None:
    line = event_to_line(event)
    assert event_from_line(line) == event
    assert line.isascii()
    assert line.count(b"\n") == 1
    assert event_to_line(event_from_line(line)) == line


@given(action=of_type(Action))
def test_every_action_survives_as_an_object(action: Action) -> None:
    assert action_from_dict(json.loads(json.dumps(action_to_dict(action)))) == action


def test_defaults_are_left_out_and_nested_values_kept() -> None:
    target = Element(role="button", box=(1, 2, 3, 4), name="OK")
    press = PointerButton(t_ns=1, button="left", down=True, x=3, y=4, target=target)
    assert event_to_dict(press) == {
        "kind": "button",
        "t_ns": 1,
        "button": "left",
        "down": True,
        "x": 3,
        "y": 4,
        "target": {"role": "button", "box": [1, 2, 3, 4], "name": "OK"},
    }


@pytest.mark.parametrize(
    "line",
    [
        '{"kind":"smell","t_ns":1,"of":"coffee"}',
        '{"kind":"move","t_ns":1,"x":1,"y":2,"tilt":3}',  # a field from a later version
        '{"kind":"move","t_ns":1,"x":"far","y":2}',  # a type from a later version
        '{"kind":"button","t_ns":1,"button":"thumb","down":true,"x":1,"y":2}',
        '{"kind":"agent_action","t_ns":1,"end_ns":2,"controller":"human","agent":"a",'
        '"action":{"kind":"teleport"}}',
        '{"kind":"agent_action","t_ns":1}',
    ],
)
def test_what_a_later_version_wrote_is_kept_as_it_is(line: str) -> None:
    event = event_from_line(line.encode())
    assert isinstance(event, UnknownEvent)
    assert json.loads(event_to_line(event)) == json.loads(line)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b'{"kind":"move"}',
        b'{"t_ns":1}',
        b'{"kind":"move","t_ns":"1"}',
        b'{"kind":"move","t_ns":true,"x":1,"y":1}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_what_is_no_event_is_refused(line: bytes) -> None:
    with pytest.raises(DamagedError):
        event_from_line(line)


@pytest.mark.parametrize(
    "found", [None, {}, {"kind": "fly"}, {"kind": "click", "x": 1}, {"kind": "done", "how": "well"}]
)
def test_what_is_no_action_is_refused(found: object) -> None:
    with pytest.raises(DamagedError):
        action_from_dict(found)


@given(
    body=st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=3), max_size=4),
    kind=st.sampled_from(["move", "frame", "agent_action", "text"]),
)
def test_no_object_with_a_kind_and_a_time_is_lost(body: dict[str, object], kind: str) -> None:
    entry = {**body, "kind": kind, "t_ns": 5}
    kept = event_to_dict(event_from_line(json.dumps(entry).encode()))
    assert kept == entry


def test_an_agent_action_holds_its_action() -> None:
    event = AgentAction(
        t_ns=1,
        end_ns=2,
        controller=Controller.SCRIPT,
        agent="demo",
        action=Click(x=1, y=2, modifiers=("ctrl",)),
    )
    assert event_to_dict(event)["action"] == {
        "kind": "click",
        "x": 1,
        "y": 2,
        "modifiers": ["ctrl"],
    }
    assert event_from_line(event_to_line(event)) == event
