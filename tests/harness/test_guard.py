"""An agent that would break a rule is refused, whatever trick brought it there."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.env.page import TaskPage
from harness.errors import ConfigError
from harness.guard import (
    ForeignApp,
    ForeignSite,
    Guard,
    GuardRules,
    Irreversible,
    Looping,
    OffScreen,
    OutOfRegion,
    Place,
    Rate,
    Refusal,
    TooFast,
)
from harness.tasks.registry import web_task
from recorder.schema import (
    Action,
    Ask,
    Click,
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
from tests.harness.crew import crew
from tests.soak import repeats

SEND = Element(role="button", box=(10, 10, 40, 20), text="Send")
NAME = Element(role="textbox", box=(100, 10, 40, 20), name="Name", states=("focused",))
CLICK = Click(x=5, y=5)
MANY_URLS = repeats(2000, 100_000)
SHOP_ONLY = GuardRules(sites=frozenset({"shop.example"}))
HARMLESS: list[Action] = [Wait(duration_ms=5), Ask(), Done()]


def seen(shade: int = 0, *elements: Element) -> Observation:
    return Observation(np.full((210, 160, 3), shade, np.uint8), (0, 0), 0, "", elements)


def judge(rules: GuardRules, action: Action, place: Place, *elements: Element) -> Refusal | None:
    return Guard(rules).check(action, seen(0, *elements), 0, place)


# Where --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "is_allowed"),
    [
        ("https://shop.example/cart?next=1", True),
        ("https://SHOP.example:443/", True),
        ("https://shop.example./", True),
        ("http://localhost:8080/x", True),
        ("https://a.wiki.example/", True),
        ("https://a.b.wiki.example/", True),
        ("https://xn--bcher-kva.example/", True),
        ("https://wiki.example/", False),
        ("https://evilwiki.example/", False),
        ("http://localhost/", False),
        ("http://localhost:8081/", False),
        ("https://shop.example:8443/", False),
        ("https://shop.example.evil.example/", False),
        ("https://shop.example@evil.example/", False),
        ("https://evil.example/https://shop.example/", False),
        ("https://evil.example\\@shop.example/", False),
        ("https://shop.example\\.evil.example/", False),
        ("https://shop\u200b.example/", False),
        ("https://shop\t.example/", False),
        ("https://\u0455hop.example/", False),
        ("https://user:word@shop.example/", False),
        ("javascript:location='https://shop.example'", False),
        ("data:text/html,shop.example", False),
        ("blob:https://shop.example/6a1", False),
        ("file://shop.example/etc/passwd", False),
        ("view-source:https://shop.example/", False),
        ("about:blank", False),
        ("https://[::1", False),
        ("https://shop.example:99999/", False),
        ("", False),
    ],
)
def test_only_the_sites_that_are_named_may_be_acted_on(url: str, is_allowed: bool) -> None:
    sites = frozenset({"Shop.example", "localhost:8080", "*.wiki.example", "bücher.example"})
    refusal = judge(GuardRules(sites=sites), CLICK, Place(url=url))
    assert refusal == (None if is_allowed else ForeignSite(url))


def test_where_a_page_went_since_counts_not_where_it_was() -> None:
    guard = Guard(GuardRules(sites=frozenset({"shop.example"})))
    here, there = "https://shop.example/", "https://evil.example/"
    assert guard.check(CLICK, seen(), 0, Place(url=here)) is None
    assert guard.check(CLICK, seen(1), 0, Place(url=there)) == ForeignSite(there)


PIECES = [
    *("https:", "http:", "HTTPS:", "javascript:", "data:", "blob:", "file:", "ws:", "view-source:"),
    *("//", "/", "\\", "///", "@", ":", ":443", ":80", ":8080", ".", "..", "%2e", "%40", "%00"),
    *(
        "shop.example",
        "Shop.Example",
        "shop",
        ".example",
        "evil.example",
        "xn--",
        "\uff53hop.example",
    ),
    *(
        "shop\u3002example",
        "shop\u00ad.example",
        "[::1]",
        "127.1",
        "0x7f",
        "a",
        "#",
        "?",
        ";",
        "\t",
        " ",
    ),
]


@pytest.mark.slow
@pytest.mark.browser
def test_what_the_guard_takes_for_a_site_chromium_takes_for_it_too() -> None:
    chance, dot = random.Random(3), Observation(np.zeros((9, 9, 3), np.uint8), (0, 0), 0)
    texts = ["".join(chance.choices(PIECES, k=chance.randint(1, 6))) for _ in range(MANY_URLS)]
    urls = [start + text for text in texts for start in ("", "https://", "http://")]
    allowed = tuple(
        url for url in urls if Guard(SHOP_ONLY).check(CLICK, dot, 0, Place(url=url)) is None
    )
    assert len(allowed) > 30
    hosts: dict[str, str | None] = crew([allowed], _hosts, size=1)[allowed]
    found = {host and host.rstrip(".") for host in hosts.values()}
    assert found == {"https://shop.example", "http://shop.example"}


async def _hosts(page: TaskPage, urls: tuple[str, ...]) -> dict[str, str | None]:
    await page.reset(web_task("miniwob-click-test"), 1)
    found = await page.read(
        """(urls) => urls.map((text) => {
          const url = URL.canParse(text) ? new URL(text) : null;
          return url && `${url.protocol}//${url.host}`;
        })""",
        list(urls),
    )
    return dict(zip(urls, found, strict=True))


@pytest.mark.parametrize(
    ("app", "is_allowed"), [("gnumeric", True), ("gnumeric2", False), ("", False)]
)
def test_only_the_apps_that_are_named_may_be_acted_in(app: str, is_allowed: bool) -> None:
    refusal = judge(GuardRules(apps=frozenset({"gnumeric"})), TypeText(text="a"), Place(app=app))
    assert refusal == (None if is_allowed else ForeignApp(app))


@pytest.mark.parametrize("site", ["", "https://shop.example", "shop.example/cart", "a b", "x@y"])
def test_a_site_that_could_never_be_met_is_refused_at_once(site: str) -> None:
    with pytest.raises(ConfigError, match=r"allowed: host, host:port, \*\.host"):
        GuardRules(sites=frozenset({site}))


@pytest.mark.parametrize(
    ("action", "point"),
    [
        (Click(x=160, y=5), (160, 5)),
        (Move(x=0, y=210), (0, 210)),
        (ScrollBy(x=-1, y=5, dy=1), (-1, 5)),
        (Drag(path=((5, 5), (5, 999))), (5, 999)),
    ],
)
def test_nothing_is_done_off_the_screen(action: Action, point: tuple[int, int]) -> None:
    assert judge(GuardRules(), action, Place()) == OffScreen(point)


@pytest.mark.parametrize(
    ("action", "refusal"),
    [
        (Click(x=20, y=20), None),
        (Click(x=60, y=20), OutOfRegion((60, 20))),
        (Click(x=120, y=20), None),
        (Drag(path=((20, 20), (70, 20))), OutOfRegion((70, 20))),
        (TypeText(text="a"), None),
    ],
)
def test_an_agent_keeps_to_its_part_of_the_screen(action: Action, refusal: Refusal | None) -> None:
    rules = GuardRules(regions=((0, 0, 50, 50), (90, 0, 60, 60)))
    assert judge(rules, action, Place(), NAME) == refusal


def test_keys_go_nowhere_when_nobody_knows_where() -> None:
    rules = GuardRules(regions=((0, 0, 50, 50),))
    assert judge(rules, KeyChord(key="a"), Place()) == OutOfRegion(None)
    assert judge(rules, KeyChord(key="a"), Place(), NAME) == OutOfRegion((120, 20))


# How often ----------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 400), max_size=60), st.integers(1, 5), st.integers(1, 900))
def test_no_stretch_of_time_holds_more_actions_than_the_rate(
    pauses_ms: list[int], actions: int, window_ms: int
) -> None:
    guard = Guard(GuardRules(rate=Rate(actions=actions, window_ms=window_ms)))
    now_ms, done_ms = 0, list[int]()
    for number, pause_ms in enumerate(pauses_ms):
        now_ms += pause_ms
        refusal = guard.check(Click(x=number, y=0), seen(), now_ms)
        recent = [t for t in done_ms if t > now_ms - window_ms]
        if len(recent) < actions:
            assert refusal is None
            done_ms.append(now_ms)
        else:
            assert refusal == TooFast(recent[0] + window_ms)
            assert recent[0] + window_ms > now_ms


def test_what_was_refused_does_not_count_against_the_rate() -> None:
    guard = Guard(GuardRules(rate=Rate(actions=1, window_ms=100)))
    assert guard.check(Click(x=999, y=0), seen(), 0) == OffScreen((999, 0))
    assert guard.check(CLICK, seen(), 0) is None


def test_a_loop_ends_and_a_new_episode_begins_afresh() -> None:
    guard = Guard(GuardRules(repeats=3))
    here_and_there = [CLICK, Click(x=9, y=9)] * 2
    assert [guard.check(each, seen(), 0) for each in here_and_there] == [None] * 4
    assert guard.check(CLICK, seen(), 0) == Looping(3)
    assert guard.check(CLICK, seen(), 0) == Looping(3)
    assert guard.check(CLICK, seen(1), 0) is None
    guard.begin()
    assert guard.check(CLICK, seen(), 0) is None


@pytest.mark.parametrize("action", HARMLESS)
def test_who_touches_nothing_is_never_refused(action: Action) -> None:
    rules = GuardRules(
        apps=frozenset(),
        sites=frozenset(),
        regions=(),
        repeats=2,
        rate=Rate(actions=1, window_ms=9),
    )
    guard = Guard(rules)
    assert [guard.check(action, seen(), 0) for _ in range(5)] == [None] * 5
    assert guard.check(CLICK, seen(), 0) == ForeignApp("")


# What cannot be undone ----------------------------------------------------------------------------


def test_what_cannot_be_undone_needs_a_persons_approval_each_time() -> None:
    guard = Guard()
    press = Click(x=20, y=20)
    assert guard.check(press, seen(0, SEND), 0) == Irreversible()
    assert guard.check(press, seen(0, SEND), 0, is_approved=True) is None
    assert guard.check(press, seen(0, SEND), 0) == Irreversible()
    assert Guard(GuardRules(is_irreversible_allowed=True)).check(press, seen(0, SEND), 0) is None


def test_approval_lifts_no_other_rule() -> None:
    guard = Guard(GuardRules(regions=((90, 0, 60, 60),)))
    refusal = guard.check(Click(x=20, y=20), seen(0, SEND), 0, is_approved=True)
    assert refusal == OutOfRegion((20, 20))


@pytest.mark.parametrize(("actions", "window_ms"), [(0, 5), (5, 0)])
def test_a_rate_that_stands_still_is_refused(actions: int, window_ms: int) -> None:
    with pytest.raises(ConfigError, match="1 or more"):
        Rate(actions=actions, window_ms=window_ms)


def test_a_loop_of_one_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least 2"):
        GuardRules(repeats=1)
