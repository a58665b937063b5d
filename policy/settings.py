"""How to train: what a person chooses, with nothing heavy to import."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from policy.errors import ConfigError

Size: TypeAlias = Literal["tiny", "small", "base"]


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """How to train."""

    size: Size = "tiny"
    """tiny trains on a laptop in minutes, base wants a large GPU."""
    updates: int = 800
    """Optimizer steps."""
    batch: int = 64
    """Windows in each update, over all processes."""
    learning_rate: float = 1e-3
    """Its highest value; the first twentieth warms up, the rest falls like a cosine."""
    weight_decay: float = 0.05
    seed: int = 0
    context: int = 1
    """Steps that are seen at once."""
    elements: bool = True
    """See the elements of the page, where there are any."""
    pixels: bool = True
    """See the picture of the screen."""
    goal: bool = True
    """Be told the goal in words, and not only by what is on the screen."""
    reader: str = ""
    """See only what is on the screen: elements and goal are read from the picture by the reader in
    this folder, or by the one that comes with us if it is `shipped`."""
    encoder: str = "conv"
    """Screen encoder: conv, or the folder of a vision model of transformers."""
    memory_mb: int = 256
    """Memory for what is learned from. What does not fit is shuffled and read again piece by piece,
    so that another size is another order."""
    shard_weights: bool = False
    """In several processes, let each keep but a share of weights and moments (FSDP), as `base`
    always does."""
    save_every: int = 100
    """Updates between checkpoints; none is deleted."""

    def check(self) -> None:
        """Refuse what cannot be trained.

        Raises:
            ConfigError: it makes no sense.
        """
        for name in ("updates", "batch", "save_every", "learning_rate", "memory_mb"):
            if getattr(self, name) <= 0:
                raise ConfigError(f"{name} is {getattr(self, name)}; it must be above 0")
