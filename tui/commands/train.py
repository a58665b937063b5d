"""`understudy train`: from demonstrations to a policy."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from tyro.conf import Positional

from harness.demonstrate import demonstrations
from policy.settings import TrainConfig
from tui.console import err, out

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
    with _bars() as bars:
        reading = bars.add_task("reading", total=len(episodes), says="")
        learning = bars.add_task("learning", total=what.how.updates, says="")

        def told(standing: Standing) -> None:
            bars.update(learning, completed=standing.update, says=line(standing))

        ears = Ears(read=lambda count: bars.update(reading, completed=count), told=told)
        place = train_policy(episodes, what.to, what.how, ears)
    out.print(f"kept in {place}", markup=False)
    return 0


def line(standing: Standing) -> str:
    """Return how training stands, in a few words."""
    return (
        f"loss {standing.loss:.3f}  {standing.bits_per_event:.2f} bits/event  "
        f"{standing.updates_per_s:.2f} updates/s  waits {standing.data_wait:.0%}"
    )


def _bars() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[says]}"),
        console=err,
    )
