"""`understudy train`: from demonstrations to a policy."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tyro.conf import Positional

from harness.demonstrate import demonstrations
from policy.settings import TrainConfig
from tui.console import out
from tui.playing import bars

if TYPE_CHECKING:
    from policy.train import Progress as Standing


@dataclass(frozen=True)
class Training:
    """What to learn from, and how."""

    demonstrations: Positional[Path]
    """Folder of demonstrations, as `understudy demonstrate` records them."""
    to: Path = field(default_factory=lambda: Path("policy-run"))
    """Folder for checkpoints. Ask for the same again to go on after an interruption."""
    how: TrainConfig = field(default_factory=TrainConfig)


def train(what: Training) -> int:
    """Train a policy on demonstrations.

    It may be interrupted at any time, or killed; the same command goes on from the last checkpoint
    and ends with the same weights.

    For example:

        understudy train demos --size tiny --to policy-run
    """
    from policy.train import Ears  # noqa: PLC0415 - torch takes seconds to import
    from policy.train import train as train_policy  # noqa: PLC0415 - torch takes seconds to import

    episodes = list(demonstrations(what.demonstrations))
    with bars() as shown:
        reading = shown.add_task("reading", total=len(episodes), note="")
        learning = shown.add_task("learning", total=what.how.updates, note="")

        def told(standing: Standing) -> None:
            shown.update(learning, completed=standing.update, note=line(standing))

        ears = Ears(read=lambda count: shown.update(reading, completed=count), told=told)
        place = train_policy(episodes, what.to, what.how, ears)
    out.print(f"kept in {place}", markup=False)
    return 0


def line(standing: Standing) -> str:
    """Return how training stands, in a few words."""
    return (
        f"loss {standing.loss:.3f}  {standing.bits_per_event:.2f} bits/event  "
        f"{standing.updates_per_s:.2f} updates/s  waits {standing.data_wait:.0%}"
    )
