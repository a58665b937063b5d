"""What agents may do at all, however sure they are: checked before every action of theirs."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlsplit

from harness.actions import digest, is_irreversible
from harness.errors import ConfigError
from recorder.schema import (
    Action,
    Ask,
    Box,
    Done,
    KeyChord,
    Observation,
    TypeText,
    Wait,
    contains,
    points_of,
)

_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """At most so many actions in any stretch of this length."""

    actions: int
    window_ms: int

    def __post_init__(self) -> None:
        if min(self.actions, self.window_ms) < 1:
            raise ConfigError(
                f"a rate of {self.actions} actions in {self.window_ms} ms; allowed: 1 or more each"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardRules:
    """What an agent may do; None where a rule does not apply.

    Raises:
        ConfigError: a site is no host name with or without a port.
    """

    apps: frozenset[str] | None = None
    """Programs that it may act in, by their exact names."""
    sites: frozenset[str] | None = None
    """Sites that it may act on: `shop.example`, `localhost:8080`; `*.shop.example` is all below."""
    schemes: frozenset[str] = frozenset({"https", "http"})
    """Of the pages that it may act on, where sites are limited."""
    regions: tuple[Box, ...] | None = None
    """Parts of the screen that it may act in; keys go where the focus is."""
    rate: Rate | None = None
    repeats: int = 10
    """Ends a loop: the same action on the same frame this many times in an episode."""
    is_irreversible_allowed: bool = False
    """Whether it may do what cannot be undone without a person's approval."""

    def __post_init__(self) -> None:
        for site in self.sites or ():
            if "/" in site or _site_of(f"https://{site.removeprefix('*.')}") is None:
                raise ConfigError(f"{site!r} is no site; allowed: host, host:port, *.host")
        if self.repeats < 2:
            raise ConfigError(f"a loop of {self.repeats} repeats; allowed: at least 2")

    @property
    def needs_place(self) -> bool:
        """Some rule asks where an action would land."""
        return self.apps is not None or self.sites is not None


@dataclass(frozen=True, slots=True)
class Place:
    """Where an action would land, as the environment sees it, not the agent; empty if unknown."""

    app: str = ""
    url: str = ""


NOWHERE = Place()

# Refusals -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ForeignApp:
    """It would act in a program that it may not touch."""

    app: str


@dataclass(frozen=True, slots=True)
class ForeignSite:
    """It would act on a site that it may not touch."""

    url: str


@dataclass(frozen=True, slots=True)
class OffScreen:
    """It would act at a point that is not on the screen."""

    point: tuple[int, int]


@dataclass(frozen=True, slots=True)
class OutOfRegion:
    """It would act outside its part of the screen, or type where nobody knows."""

    point: tuple[int, int] | None
    """None where no element has the focus."""


@dataclass(frozen=True, slots=True)
class TooFast:
    """It did too much in too short a time."""

    free_ms: int
    """When it may act again."""


@dataclass(frozen=True, slots=True)
class Looping:
    """It does the same again and again, and nothing changes."""

    times: int


@dataclass(frozen=True, slots=True)
class Irreversible:
    """It would do what cannot be undone, and nobody approved of it."""


Refusal: TypeAlias = (
    ForeignApp | ForeignSite | OffScreen | OutOfRegion | TooFast | Looping | Irreversible
)


class Guard:
    """Keeps one agent to its rules; what it lets pass, it takes for done."""

    def __init__(self, rules: GuardRules | None = None) -> None:
        self.rules = rules or GuardRules()
        self._times_ms: deque[int] = deque()
        self._deeds: Counter[str] = Counter()

    def begin(self) -> None:
        """Begin a new episode: loops are counted anew, the rate goes on."""
        self._deeds.clear()

    def check(
        self,
        action: Action,
        observation: Observation,
        now_ms: int,
        place: Place = NOWHERE,
        *,
        is_approved: bool = False,
    ) -> Refusal | None:
        """Return why an action must not be done, or None, and then it counts as done.

        Args:
            action: what the agent would do.
            observation: what is on the screen, unless it has changed since.
            now_ms: time by the clock of the agent; never goes back.
            place: where the action would land.
            is_approved: a person saw this very action, and that it cannot be undone.
        """
        if isinstance(action, Wait | Ask | Done):  # they touch nothing
            return None
        deed = digest(observation, action)
        refusal = (
            _refuse_place(self.rules, place)
            or _refuse_points(self.rules.regions, action, observation)
            or self._refuse_repeat(deed)
            or self._refuse_haste(now_ms)
            or self._refuse_irreversible(action, observation, is_approved=is_approved)
        )
        if refusal is None:
            self._deeds[deed] += 1
            self._times_ms.append(now_ms)
        return refusal

    def _refuse_repeat(self, deed: str) -> Looping | None:
        times = self._deeds[deed] + 1
        return Looping(times) if times >= self.rules.repeats else None

    def _refuse_haste(self, now_ms: int) -> TooFast | None:
        rate, times_ms = self.rules.rate, self._times_ms
        if rate is None:
            times_ms.clear()
            return None
        while times_ms and times_ms[0] <= now_ms - rate.window_ms:
            times_ms.popleft()
        return TooFast(times_ms[0] + rate.window_ms) if len(times_ms) >= rate.actions else None

    def _refuse_irreversible(
        self, action: Action, observation: Observation, *, is_approved: bool
    ) -> Irreversible | None:
        if is_approved or self.rules.is_irreversible_allowed:
            return None
        return Irreversible() if is_irreversible(action, observation.elements) else None


# Places -------------------------------------------------------------------------------------------


def _refuse_place(rules: GuardRules, place: Place) -> ForeignApp | ForeignSite | None:
    if rules.apps is not None and place.app not in rules.apps:
        return ForeignApp(place.app)
    if rules.sites is not None and not _is_on(rules.sites, rules.schemes, place.url):
        return ForeignSite(place.url)
    return None


def _is_on(sites: frozenset[str], schemes: frozenset[str], url: str) -> bool:
    found = _site_of(url)
    scheme = urlsplit(url).scheme if found else ""
    if found is None or scheme not in schemes:
        return False
    for site in sites:
        # read like the URL, so that both are spelled alike
        known = _site_of(f"{scheme}://{site.removeprefix('*.')}")
        # a wildcard stands for one name or more before a dot, never for a part of a name
        if found.endswith(f".{known}") if site.startswith("*.") else found == known:
            return True
    return False


def _site_of(url: str) -> str | None:
    """Return host and port of a URL, the port only where it is not the usual one.

    >>> _site_of("https://shop.example:443/cart"), _site_of("http://shop.example:8080/")
    ('shop.example', 'shop.example:8080')
    >>> _site_of("https://shop.example@evil.example/"), _site_of("javascript:alert(1)")
    (None, None)
    """
    # browsers read a backslash as a slash and drop what cannot be seen, so that hosts change
    if "\\" in url or any(not sign.isprintable() or sign.isspace() for sign in url):
        return None
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna").decode().lower().rstrip(".")
        port = parts.port
    except ValueError:
        return None
    if not host or "@" in parts.netloc:
        return None
    return host if port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f"{host}:{port}"


def _refuse_points(
    regions: Sequence[Box] | None, action: Action, observation: Observation
) -> OffScreen | OutOfRegion | None:
    points = points_of(action)
    height, width = observation.pixels.shape[:2]
    for point in points:
        if not contains((0, 0, width, height), point):
            return OffScreen(point)
    if regions is None:
        return None
    if isinstance(action, KeyChord | TypeText):
        points = tuple(
            (x + wide // 2, y + high // 2)
            for x, y, wide, high in (
                each.box for each in observation.elements if "focused" in each.states
            )
        )
        if not points:
            return OutOfRegion(None)
    for point in points:
        if not any(contains(region, point) for region in regions):
            return OutOfRegion(point)
    return None
