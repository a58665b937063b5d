"""A language model's answers become actions; whatever else it does is counted, and asked about."""

from __future__ import annotations

import base64
import io
import json
import socket
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from harness.agents.answers import read_answer
from harness.agents.endpoint import Endpoint, EndpointConfig
from harness.agents.errors import AnswerError, Failure
from harness.agents.language_model import LanguageModel, LanguageModelConfig
from harness.control import load_policy
from harness.env.stage import AREA
from harness.errors import ConfigError
from recorder.codec import action_to_dict
from recorder.schema import (
    ACTIONS,
    Action,
    AgentContext,
    Ask,
    Click,
    Decision,
    Done,
    Drag,
    Element,
    KeyChord,
    Move,
    Observation,
    ScrollBy,
    TypeText,
    Wait,
)
from tests.harness.agents.chat_server import Brain, ChatServer, Reply, act, chat
from tests.soak import repeats

WIDTH, HEIGHT = AREA
OK = Element(role="button", box=(10, 20, 40, 10), name="OK", states=("focused",))
NAME = Element(role="textbox", box=(60, 20, 41, 11), name="Name", value='A "b"')
PIXELS = np.arange(WIDTH * HEIGHT * 3, dtype=np.uint32).astype(np.uint8).reshape(HEIGHT, WIDTH, 3)
SEEN = Observation(PIXELS, (0, 0), 0, "Press OK", (OK, NAME))


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """Go to this machine directly, and with no key of the person's."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def model(base_url: str, *, sends_image: bool = False, **more: Any) -> LanguageModel:
    config = EndpointConfig(base_url=base_url, model="m", backoff_s=0, **more)
    return LanguageModel(LanguageModelConfig(endpoint=config, sends_image=sends_image))


def decide(policy: LanguageModel, step: int = 0, agent: str = "a") -> Decision:
    (decision,) = policy.decide([AgentContext(agent, SEEN, step)])
    return decision


def says(brain: Brain, **more: Any) -> Decision:
    """Return the decision of a model that answers so; nothing went wrong."""
    with ChatServer(brain) as server:
        policy = model(server.base_url, **more)
        decision = decide(policy)
    assert not policy.failures
    return decision


def fails(brain: Brain, failure: Failure, **more: Any) -> str:
    """Return what the person is asked when a model answers so."""
    with ChatServer(brain) as server:
        policy = model(server.base_url, **more)
        decision = decide(policy)
        again = decide(policy, 1)
    assert isinstance(decision.action, Ask)
    assert (decision.p_accept, again.p_accept) == (0, 0)
    assert policy.failures == {failure: 2}
    assert failure in decision.action.question
    return decision.action.question


# Actions ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "action"),
    [
        ({"kind": "click", "element": 0}, Click(x=30, y=25)),
        ({"kind": "click", "element": 1, "count": 2}, Click(x=80, y=25, count=2)),
        ({"kind": "click", "x": 12.6, "y": 7}, Click(x=13, y=7)),
        ({"kind": "type", "text": "Ä b"}, TypeText(text="Ä b")),
        (
            {"kind": "key", "key": "a", "modifiers": ["ctrl"]},
            KeyChord(key="a", modifiers=("ctrl",)),
        ),
        ({"kind": "scroll", "element": 0, "dy": 3}, ScrollBy(x=30, y=25, dy=3)),
        ({"kind": "drag", "path": [[1, 2], [3, 4]]}, Drag(path=((1, 2), (3, 4)))),
        ({"kind": "move", "element": 1}, Move(x=80, y=25)),
        ({"kind": "wait", "duration_ms": 500}, Wait(duration_ms=500)),
        ({"kind": "done"}, Done()),
        ({"kind": "ask", "question": "Which?"}, Ask(question="Which?")),
    ],
    ids=str,
)
def test_each_kind_of_action_can_be_said(said: dict[str, object], action: Action) -> None:
    assert says(lambda _: act(0.75, **said)) == Decision(action, 0.75, 1.0)


@pytest.mark.parametrize(
    "text",
    [
        '{"kind": "done", "confidence": 0.5}',
        '```json\n{"action": {"kind": "done"}, "confidence": 0.5}\n```',
        '  {"action": {"kind": "done"}, "confidence": 0.5, "thought": "nice"}  ',
    ],
)
def test_what_is_meant_is_understood(text: str) -> None:
    assert says(lambda _: chat(text)) == Decision(Done(), 0.5, 1.0)


def test_log_probabilities_go_before_what_is_stated() -> None:
    text = '{"action": {"kind": "done"}, "confidence": 1.0}'
    decision = says(lambda _: chat(text, np.log([0.5, 0.5, 1.0]).tolist()))
    assert decision.p_accept == pytest.approx(0.25)


@pytest.mark.parametrize("confidence", [None, "high", True, -0.1, 1.1, float("nan")])
def test_who_states_no_probability_is_not_sure(confidence: object) -> None:
    text = json.dumps({"action": {"kind": "done"}, "confidence": confidence})
    assert says(lambda _: chat(text)).p_accept == 0


# What is asked ------------------------------------------------------------------------------------


def test_the_model_is_shown_goal_elements_screenshot_and_its_actions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", " sk-1\n")
    with ChatServer(lambda _: act(0.5, kind="click", element=0)) as server:
        policy = model(server.base_url, sends_image=True, extra={"seed": 3, "logprobs": None})
        for step in (0, 1, 1, 2):
            decide(policy, step)
        decide(policy, 5, agent="b")
        decide(policy, 0)
    first, _, again, third, others, anew = [_parts(each) for each in server.requests]
    text, image = first[0]["text"], first[1]["image_url"]["url"]
    assert "Goal: Press OK" in text
    assert "Screen: 160 x 210" in text
    assert '0. button "OK" (10, 20, 40, 10) [focused]' in text
    assert '1. textbox "Name" = "A \\"b\\"" (60, 20, 41, 11)' in text
    assert "Your actions so far: none" in text
    png = base64.b64decode(image.removeprefix("data:image/png;base64,"))
    assert np.array_equal(np.array(Image.open(io.BytesIO(png))), PIXELS)
    click = json.dumps(action_to_dict(Click(x=30, y=25)))
    assert [each[0]["text"].count(click) for each in (again, third, others, anew)] == [1, 2, 0, 0]
    assert {each["path"] for each in server.requests} == {"/v1/chat/completions"}
    assert server.requests[0]["seed"] == 3
    assert "logprobs" not in server.requests[0]
    assert {each["Authorization"] for each in server.headers} == {"Bearer sk-1"}


def _parts(request: dict[str, Any]) -> Any:
    return request["messages"][1]["content"]


def test_without_a_key_none_is_sent_and_without_an_image_none() -> None:
    with ChatServer(lambda _: act(0.5, kind="done")) as server:
        decide(model(server.base_url))
    assert "Authorization" not in server.headers[0]
    assert [part["type"] for part in _parts(server.requests[0])] == ["text"]


# Failures -----------------------------------------------------------------------------------------


def test_nobody_at_the_address_is_a_counted_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    policy = model(f"http://127.0.0.1:{port}/v1")
    action = decide(policy).action
    assert isinstance(action, Ask)
    assert f"nobody answers at http://127.0.0.1:{port}/v1" in action.question
    assert policy.failures == {Failure.UNREACHABLE: 1}


def test_the_first_failure_of_each_kind_is_said_at_once(caplog: pytest.LogCaptureFixture) -> None:
    replies = [Reply(status=401), Reply(status=401), chat("what?"), Reply(status=401)]
    with ChatServer(lambda _: replies.pop(0)) as server:
        policy = model(server.base_url)
        for step in range(4):
            decide(policy, step)
    said = [record.getMessage() for record in caplog.records]
    assert ["answered 401" in said[0], "not JSON" in said[1]] == [True, True]
    assert len(said) == 2
    assert policy.failures == {Failure.REFUSED: 3, Failure.MALFORMED: 1}


@pytest.mark.parametrize("url", ["http://a b/v1", "http://h:port/v1", f"http://{'x' * 70}.test/v1"])
def test_an_address_that_nobody_can_have_is_a_counted_failure(url: str) -> None:
    policy = model(url)
    assert isinstance(decide(policy).action, Ask)
    assert policy.failures == {Failure.UNREACHABLE: 1}


def test_a_connection_that_breaks_is_a_counted_failure() -> None:
    fails(lambda _: Reply(b'{"choices":', breaks=True), Failure.UNREACHABLE)


@pytest.mark.parametrize("reply", [Reply(hangs=True), Reply(drips=True)], ids=["hangs", "drips"])
def test_an_answer_that_takes_too_long_is_a_counted_failure(reply: Reply) -> None:
    question = fails(lambda _: reply, Failure.TIMEOUT, timeout_s=0.1)
    assert "took over 0.1 s" in question


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (500, Failure.SERVER_ERROR),
        (503, Failure.SERVER_ERROR),
        (429, Failure.BUSY),
        (401, Failure.REFUSED),
        (404, Failure.REFUSED),
        (302, Failure.REFUSED),
    ],
)
def test_a_status_that_is_no_answer_is_a_counted_failure(status: int, failure: Failure) -> None:
    elsewhere = {"Location": "http://127.0.0.1:1/steals-keys"}
    assert f"answered {status}" in fails(lambda _: Reply(b"{}", status, elsewhere), failure)


def test_only_what_may_pass_is_asked_again_and_with_bounded_patience() -> None:
    replies = [Reply(status=500), Reply(status=429, headers={"Retry-After": "7"})]
    replies += [Reply(status=503, headers={"Retry-After": "9" * 9}), act(0.5, kind="done")]
    waited_s: list[float] = []
    with ChatServer(lambda _: replies.pop(0)) as server:
        config = EndpointConfig(base_url=server.base_url, model="m", retries=3, backoff_s=2)
        answer = Endpoint(config, waited_s.append).ask([])
    assert "done" in answer.text
    assert waited_s == [2, 7, 30]


def test_what_will_not_pass_is_not_asked_again() -> None:
    with ChatServer(lambda _: Reply(status=400)) as server:
        decide(model(server.base_url, retries=5))
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"choices": []}',
        b'{"choices": [{"message": {}}]}',
        b'{"choices": [{"message": {"content": null}}]}',
        b"\xff",
        b"[" * 200_000,
        b" " * 5_000_000,
    ],
    ids=lambda body: repr(body[:30]),
)
def test_what_the_protocol_does_not_know_is_a_counted_failure(body: bytes) -> None:
    fails(lambda _: Reply(body), Failure.MALFORMED)


@pytest.mark.parametrize(
    ("text", "failure"),
    [
        ("I would click OK.", Failure.MALFORMED),
        ('{"action": {"kind": "done"}', Failure.MALFORMED),
        ("[1, 2]", Failure.MALFORMED),
        ('{"action": "done"}', Failure.MALFORMED),
        ("[" * 9000, Failure.MALFORMED),
        ('{"action": {"kind": "teleport"}}', Failure.UNKNOWN_KIND),
        ('{"action": {"kind": ["click"]}}', Failure.UNKNOWN_KIND),
        ("{}", Failure.UNKNOWN_KIND),
        ('{"action": {"kind": "click", "x": 1}}', Failure.BAD_FIELDS),
        ('{"action": {"kind": "click", "x": "1", "y": 2}}', Failure.BAD_FIELDS),
        ('{"action": {"kind": "click", "x": NaN, "y": 2}}', Failure.BAD_FIELDS),
        ('{"action": {"kind": "click", "x": 1, "y": 2, "z": 3}}', Failure.BAD_FIELDS),
        ('{"action": {"kind": "click", "element": 2}}', Failure.BAD_FIELDS),
        ('{"action": {"kind": "click", "element": -1}}', Failure.BAD_FIELDS),
        ('{"action": {"kind": "click", "element": true}}', Failure.BAD_FIELDS),
        ('{"action": {"kind": "click", "x": 1, "y": 2, "count": 0}}', Failure.BAD_FIELDS),
        ('{"action": {"kind": "click", "x": 1, "y": 2, "button": "back"}}', Failure.BAD_FIELDS),
        ('{"action": {"kind": "drag", "path": [[1, 2]]}}', Failure.BAD_FIELDS),
        ('{"action": {"kind": "key", "key": ""}}', Failure.BAD_FIELDS),
        ('{"action": {"kind": "key", "key": "a", "count": 999}}', Failure.BAD_FIELDS),
        ('{"action": {"kind": "key", "key": "a", "modifiers": ["hyper"]}}', Failure.BAD_FIELDS),
        ('{"action": {"kind": "scroll", "x": 1, "y": 2, "dy": NaN}}', Failure.BAD_FIELDS),
        ('{"action": {"kind": "scroll", "x": 1, "y": 2, "dy": 1e99}}', Failure.BAD_FIELDS),
        ('{"action": {"kind": "type", "text": "\\ud800"}}', Failure.BAD_FIELDS),
        ('{"action": {"kind": "wait", "duration_ms": -5}}', Failure.BAD_FIELDS),
        ('{"action": {"kind": "wait", "duration_ms": 1e9}}', Failure.BAD_FIELDS),
        ('{"action": {"kind": "click", "x": 160, "y": 2}}', Failure.OFF_SCREEN),
        ('{"action": {"kind": "click", "x": 1, "y": -1}}', Failure.OFF_SCREEN),
        ('{"action": {"kind": "click", "x": 1e30, "y": 5.0}}', Failure.OFF_SCREEN),
        ('{"action": {"kind": "drag", "path": [[1, 2], [1, 999]]}}', Failure.OFF_SCREEN),
    ],
)
def test_an_answer_that_cannot_be_done_is_a_counted_failure(text: str, failure: Failure) -> None:
    fails(lambda _: chat(text), failure)


PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
PAIRS = st.lists(PLAIN, max_size=3)
JSON = PLAIN | PAIRS | st.lists(PAIRS, max_size=3) | st.dictionaries(st.text(max_size=3), PLAIN)
NAMES = ["x", "y", "element", "path", "key", "text", "duration_ms", "count", "button", "modifiers"]
FIELDS = st.dictionaries(st.sampled_from(NAMES), JSON)
KINDS = st.sampled_from(["click", "drag", "key", "type", "scroll", "wait", "move", "done", "ask"])


def _with_action(kind: str, fields: dict[str, object]) -> str:
    return json.dumps({"action": {"kind": kind, **fields}})


@settings(max_examples=repeats(100, 3000))
@given(st.builds(_with_action, KINDS, FIELDS) | JSON.map(json.dumps) | st.text())
def test_no_answer_whatever_is_a_crash(text: str) -> None:
    with suppress(AnswerError):
        assert isinstance(read_answer(text, SEEN).action, ACTIONS)


# Configuration ------------------------------------------------------------------------------------


def test_a_file_says_which_model(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    config = LanguageModelConfig(endpoint=EndpointConfig(base_url="http://a/v1", model="m"))
    path.write_bytes(msgspec.json.encode(config))
    policy = load_policy(f"harness.agents.language_model:load@{path}")
    assert isinstance(policy, LanguageModel)
    assert policy.config == config


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "no language model in"),
        ("{}", "endpoint"),
        ('{"endpoint": {"base_url": "ftp://a", "model": "m"}}', "allowed: http"),
        ('{"endpoint": {"base_url": "http://a", "model": "m", "timeout_s": 0}}', "above 0"),
        ('{"endpoint": {"base_url": "http://a", "model": "m", "modle": 1}}', "no field 'modle'"),
        ('{"endpoint": {"base_url": "http://a", "model": "m"}, "image": 1}', "no field 'image'"),
    ],
)
def test_a_file_that_says_something_else_is_refused(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match=says):
        load_policy(f"harness.agents.language_model:load@{path}")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no language model in"):
        load_policy(f"harness.agents.language_model:load@{tmp_path / 'none'}")


def test_a_key_that_cannot_be_sent_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk\n1")
    with pytest.raises(ConfigError, match=r"\$OPENAI_API_KEY cannot be sent"):
        model("http://a/v1")


def test_elements_without_words_or_a_goal_are_still_told() -> None:
    bare = replace(SEEN, goal="", elements=(Element(role="image", box=(1, 2, 3, 4)),))
    with ChatServer(lambda _: act(0.5, kind="click", element=0)) as server:
        (decision,) = model(server.base_url).decide([AgentContext("a", bare)])
    assert decision.action == Click(x=2, y=4)
    assert "Goal: none was given" in _parts(server.requests[0])[0]["text"]
