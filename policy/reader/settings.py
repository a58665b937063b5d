"""How to train a reader: what a person chooses, with nothing heavy to import."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from policy.errors import ConfigError


@dataclass(frozen=True, slots=True)
class PretrainConfig:
    """How to train a reader."""

    minutes: float = 20.0
    """Processor time on one core to learn for; pages are drawn besides."""
    seed: int = 0
    """Of the first weights and of all draws."""
    learning_rate: float = 2e-3
    """Its highest value."""
    save_every_s: float = 60.0
    """Seconds between checkpoints."""
    start: Path | None = None
    """A reader whose weights to begin with; the time that it was trained for is added."""

    def check(self) -> None:
        """Refuse what cannot be trained.

        Raises:
            ConfigError: it makes no sense.
        """
        for name in ("minutes", "learning_rate", "save_every_s"):
            if getattr(self, name) <= 0:
                raise ConfigError(f"{name} is {getattr(self, name)}; it must be above 0")
