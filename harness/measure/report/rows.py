"""The names of a suite's rows: who played, and under which conditions."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TypeAlias

from harness.errors import ConfigError

OURS = "ours"
"""The policy that the suite is about."""
NEVER_ASK, ORACLE, RANDOM_TRIGGER = "never-ask", "oracle", "random-trigger"
_KNOWN = (OURS, ORACLE, NEVER_ASK, "always-ask", RANDOM_TRIGGER, "human-only", "random", "null")
_PATTERN = re.compile(
    r"(?P<row>[^/@#]+)"
    r"(@(?P<setting>[0-9.eE+-]+))?"
    r"(#(?P<training>\d+))?"
    r"(/N=(?P<n_agents>\d+)(/(?P<allocator>[^/@#]+))?)?"
)

Order: TypeAlias = tuple[int, str, float, int, int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowName:
    """A row: a policy with what decides when it asks, and on shifts how many agents are helped how.

    As text `ROW[@SETTING][#TRAINING][/N=AGENTS[/ALLOCATOR]]`.
    """

    row: str
    setting: float | None = None
    """Threshold or budget of the trigger, where the suite tries several."""
    training: int | None = None
    """Which training of the policy, where there are several."""
    n_agents: int | None = None
    """On shifts."""
    allocator: str = ""
    """On shifts: whom to help first."""

    @classmethod
    def parse(cls, text: str) -> RowName:
        """Return the name that a text says.

        Raises:
            ConfigError: it is no name of a row.

        >>> RowName.parse("ours@0.9#2/N=4/fifo").allocator
        'fifo'
        """
        found = _PATTERN.fullmatch(text)
        if not found:
            raise ConfigError(
                f"{text!r} is no name of a row; it looks like "
                "ROW[@SETTING][#TRAINING][/N=AGENTS[/ALLOCATOR]]"
            )
        part = found.groupdict()
        try:
            setting = None if part["setting"] is None else float(part["setting"])
        except ValueError as error:
            raise ConfigError(f"{text!r} has a setting that is no number") from error
        return cls(
            row=part["row"],
            setting=setting,
            training=None if part["training"] is None else int(part["training"]),
            n_agents=None if part["n_agents"] is None else int(part["n_agents"]),
            allocator=part["allocator"] or "",
        )

    def __str__(self) -> str:
        setting = "" if self.setting is None else f"@{str(self.setting).removesuffix('.0')}"
        training = "" if self.training is None else f"#{self.training}"
        agents = "" if self.n_agents is None else f"/N={self.n_agents}"
        allocator = f"/{self.allocator}" if self.allocator else ""
        return f"{self.row}{setting}{training}{agents}{allocator}"

    @property
    def is_ours(self) -> bool:
        """True for the policy that the suite is about, under whatever conditions."""
        return self.row == OURS

    @property
    def order(self) -> Order:
        """Where it stands in a table: ours first, then from the best informed to the null agent."""
        known = _KNOWN.index(self.row) if self.row in _KNOWN else len(_KNOWN)
        setting = -1.0 if self.setting is None else self.setting
        training = -1 if self.training is None else self.training
        return known, self.row, setting, training, self.n_agents or 0, self.allocator

    def only(self, row: str) -> RowName:
        """Return the row of that name under the same conditions but with no setting or training."""
        return replace(self, row=row, setting=None, training=None)

    def beside(self, main: RowName) -> str:
        """Return the name as it is said beside another: without agents and allocator they share.

        >>> RowName.parse("null/N=4/fifo").beside(RowName.parse("ours/N=4/fifo"))
        'null'
        """
        if (self.n_agents, self.allocator) != (main.n_agents, main.allocator):
            return str(self)
        return str(replace(self, n_agents=None, allocator=""))
