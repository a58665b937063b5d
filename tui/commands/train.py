"""`understudy train`: from demonstrations to a policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tyro.conf import Positional

from harness.demonstrate import demonstrations
from policy.errors import ConfigError
from policy.settings import TrainConfig
from tui.console import out
from tui.playing import load_policy, playable_tasks, task_names
from tui.progress import Bars

if TYPE_CHECKING:
    from rich.progress import Progress

    from policy.data import Dataset
    from policy.train import Progress as Standing
    from recorder.schema import Episode

_LONGEST = 30  # steps after which a trial has failed


@dataclass(frozen=True)
class Training:
    """What to learn from, and how."""

    demonstrations: Positional[str]
    """Folder of demonstrations, as `understudy demonstrate` records them, or address of a dataset
    that `understudy pack` made of some."""
    to: Path = field(default_factory=lambda: Path("policy-run"))
    """Folder for checkpoints. Ask for the same again to go on after an interruption."""
    tasks: tuple[str, ...] = ()
    """Learn only these of the tasks that were demonstrated; all if none is named."""
    episodes: int | None = None
    """Learn from this many episodes of each task, the first ones; from all if not said."""
    trials: int = 5
    """Episodes of each task that the last checkpoints play, and the best of them is chosen; 0 to
    choose the last. They are on pages that neither training nor evaluation uses."""
    places: int = 4
    """Pages side by side in these."""
    skip_damaged: bool = False
    """Go on without shards of a dataset that are missing or damaged, and say which."""
    how: TrainConfig = field(default_factory=TrainConfig)


def train(what: Training) -> int:
    """Train a policy on demonstrations.

    It may be interrupted at any time, or killed; the same command goes on from the last checkpoint
    and ends with the same weights. Of the last checkpoints the one is chosen that reaches the goal
    most often, where the tasks can be played.

    For example:

        understudy train demos --size tiny --to policy-run
    """
    from policy.data import Dataset  # noqa: PLC0415 - torch takes seconds to import
    from policy.train import Ears  # noqa: PLC0415 - torch takes seconds to import
    from policy.train import train as train_policy  # noqa: PLC0415 - torch takes seconds to import

    what.how.check()
    source = _source(what)
    rows = source.episodes if isinstance(source, Dataset) else source
    playable = playable_tasks({row.task for row in rows}) if what.trials else ()
    lost: dict[str, int] = {}
    with Bars() as shown:
        reading = shown.add_task("reading", total=len(rows), note="")
        learning = shown.add_task("learning", total=what.how.updates, note="")

        def told(standing: Standing) -> None:
            lost.update(standing.lost)
            shown.update(learning, completed=standing.update, note=line(standing))

        def success(place: Path) -> float:
            return _success(place, playable, what, shown)

        ears = Ears(
            read=lambda count: shown.update(reading, completed=count),
            told=told,
            success=success if playable else None,
        )
        if isinstance(source, Dataset):
            shown.update(reading, completed=len(rows), note="packed before")
        place = train_policy(source, what.to, what.how, ears, skips_damaged=what.skip_damaged)
    for why, windows in sorted(lost.items()):
        out.print(f"left out: {why}; others stood in for it {windows:,} times", markup=False)
    out.print(f"kept in {place}", markup=False)
    return 0


def _source(what: Training) -> list[Episode] | Dataset:
    from policy.data import INDEX, Dataset, Place  # noqa: PLC0415 - torch takes seconds to import

    if Place(what.demonstrations).has(INDEX):
        if what.tasks or what.episodes is not None:
            raise ConfigError(
                "a dataset is learned from whole; choose --tasks and --episodes when it is packed"
            )
        return Dataset(what.demonstrations)
    folder = Path(what.demonstrations)
    return list(demonstrations(folder, task_names(what.tasks), what.episodes))


def _success(place: Path, tasks: Sequence[str], what: Training, shown: Progress) -> float:
    """Return the share of episodes in which a checkpoint reaches the goal."""
    from policy.evaluate.closed_loop import Rules, play  # noqa: PLC0415 - torch, SciPy
    from policy.evaluate.study import trials_to_choose  # noqa: PLC0415
    from tui.web_environments import WebEnvironments  # noqa: PLC0415

    trials = trials_to_choose(tasks, what.trials)
    bar = shown.add_task(place.name, total=len(trials), note="")
    reached = 0
    with WebEnvironments(what.places) as environments:
        rules = Rules(has_experts=False, longest=_LONGEST)
        for played in play(load_policy(str(place)), environments, trials, rules):
            reached += played.record.success
            shown.update(bar, advance=1, note=f"{reached} reached the goal")
    return reached / len(trials)


def line(standing: Standing) -> str:
    """Return how training stands, in a few words."""
    lost = f"  {len(standing.lost)} shards left out" if standing.lost else ""
    return (
        f"loss {standing.loss:.3f}  {standing.bits_per_event:.2f} bits/event  "
        f"{standing.updates_per_s:.2f} updates/s  waits {standing.data_wait:.0%}{lost}"
    )
