"""`understudy evaluate`: policies play unseen pages, and a page shows what came of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rich.markup import escape
from rich.table import Table
from tyro.conf import Positional

from harness.gate import SILENT, Gate
from policy.errors import ConfigError
from policy.sight import Sight
from recorder.store import write_atomically
from tui.console import err, out
from tui.playing import load_calibrator, load_policy, model_hash_of, task_names
from tui.progress import Bars

if TYPE_CHECKING:
    from rich.progress import Progress

    from policy.evaluate.closed_loop import Rules
    from policy.evaluate.environments import Environments, Policy
    from policy.evaluate.open_loop import OpenRecord
    from policy.evaluate.records import EpisodeRecord, RecordFile, Trial
    from policy.evaluate.study import Study
    from policy.evaluate.tables import Share
    from recorder.schema import Episode

ShiftName = Literal[
    "dark", "moved", "renamed", "popup", "font", "scale", "pointed", "deleted", "misspelled"
]

_MANIFEST = "manifest.json"
_OPEN_FILE = "demonstrations.jsonl"
_PROBE_FILE = "probe.json"
_PAGE = "report.html"


@dataclass(frozen=True)
class Evaluation:
    """What to evaluate, and where it goes."""

    checkpoint: Positional[str]
    """Folder of a trained policy, or `module:factory` of any other."""
    tasks: tuple[str, ...]
    """Tasks, as `understudy tasks` lists them."""
    to: Path
    """Folder for the results. Ask for the same again to go on after an interruption."""
    episodes: int = 100
    """Episodes of each task."""
    seed: int = 1_000_000
    """Seed of the first episode of each task; never train or calibrate on these."""
    shifts: tuple[ShiftName, ...] = ()
    """Also play pages that are dark, moved, renamed …"""
    shift_episodes: int = 20
    """Episodes of each task, for each shift."""
    budgets: tuple[float, ...] = ()
    """Also let an expert help in these shares of steps, such as 0.1 0.25 0.4."""
    help_episodes: int = 20
    """Episodes of each task, for each budget and way of asking."""
    learned_from: Path | None = None
    """Demonstrations that it was trained on, for the baselines that learn."""
    learned_episodes: int | None = None
    """How many of each task it was trained on, the first ones; all if not said."""
    unseen: Path | None = None
    """Demonstrations that nothing was trained on: how well are they foretold?"""
    demonstrations: int = 300
    """How many of the unseen are asked about, as many of each task."""
    longest: int = 50
    """Steps after which an episode has failed, where its task does not end it before."""
    places: int = 4
    """Pages side by side."""
    baselines: bool = True
    """Also play what it must beat."""


def evaluate(what: Evaluation) -> int:
    r"""Let a policy play unseen pages, and show what it can do and whether it knows what it cannot.

    Each episode is a line of `episodes.jsonl`; `report.html` shows all of them and works offline.
    Policies that learned nothing, or next to nothing, play the same pages.

    For example:

        understudy evaluate run/best --tasks miniwob-click-button miniwob-enter-text --to results

    With everything:

        understudy evaluate run/best --tasks miniwob-click-button --to results \
            --shifts dark popup font deleted --budgets 0.1 0.25 0.4 \
            --learned-from demos --unseen unseen-demos
    """
    from policy.evaluate.environments import Shift  # noqa: PLC0415 - SciPy and torch are slow
    from policy.evaluate.records import RECORDS_FILE, RecordFile  # noqa: PLC0415
    from policy.evaluate.study import Study  # noqa: PLC0415

    study = Study(
        tasks=task_names(what.tasks),
        episodes=what.episodes,
        seed=what.seed,
        shifts=tuple(Shift(name) for name in what.shifts),
        shift_episodes=what.shift_episodes,
        budgets=what.budgets,
        help_episodes=what.help_episodes,
    )
    policies = _policies(what)
    _claim(what)
    file = RecordFile(what.to / RECORDS_FILE)
    lost = _play_all(what, study, policies, file)
    _foretell(what, policies)
    body = report(what.to)
    write_atomically(what.to / _PAGE, body.encode())
    out.print(success_summary(file.read()))
    out.print(f"see {escape(str(what.to / _PAGE))}")
    if lost:
        err.print(f"[bold red]{lost} episodes were lost to the browser; ask again to play them[/]")
    return int(lost > 0)


def report(folder: Path) -> str:
    """Return the page of what was found so far, from the files of a folder alone."""
    from policy.evaluate.open_loop import read_open  # noqa: PLC0415 - SciPy and torch are slow
    from policy.evaluate.page import Findings, page  # noqa: PLC0415
    from policy.evaluate.records import RECORDS_FILE, RecordFile  # noqa: PLC0415
    from policy.evaluate.tables import Share  # noqa: PLC0415

    manifest = json.loads((folder / _MANIFEST).read_bytes())
    foretold: list[OpenRecord] = []
    probe: dict[int, Share] = {}
    if (folder / _OPEN_FILE).exists():
        foretold = read_open((folder / _OPEN_FILE).read_bytes())
    if (folder / _PROBE_FILE).exists():
        found = json.loads((folder / _PROBE_FILE).read_bytes())
        probe = {int(ms): Share(*counts) for ms, counts in found.items()}
    episodes = RecordFile(folder / RECORDS_FILE).read()
    tasks = len({each.trial.task for each in episodes})
    return page(
        Findings(
            title="How well it understudies",
            subtitle=f"{manifest['policy']} · {len(episodes)} episodes of {tasks} tasks · seeds "
            f"from {manifest['seed']} · model {manifest['model'][:12] or 'without weights'}",
            episodes=episodes,
            demonstrations=foretold,
            probe=probe,
        )
    )


def success_summary(records: Sequence[EpisodeRecord]) -> Table:
    """Return success over all tasks, policy by policy."""
    from policy.evaluate.tables import success_table  # noqa: PLC0415 - SciPy is slow

    table = Table("policy", "mean", "all episodes", "n", "steps", box=None, pad_edge=False)
    for row in success_table(records):
        if not row.task:
            cells = (f"{row.mean:.3f}", escape(str(row.success)), str(row.success.n))
            table.add_row(escape(row.row), *cells, f"{row.steps:g}")
    return table


# Who plays ----------------------------------------------------------------------------------------


def _policies(what: Evaluation) -> dict[str, Policy]:
    from policy.baselines import (  # noqa: PLC0415 - torch takes seconds to import
        CopyLast,
        NearestNeighbour,
        NoOp,
        Prior,
        TextMatch,
    )
    from policy.evaluate.tables import OURS  # noqa: PLC0415

    policies: dict[str, Policy] = {OURS: load_policy(what.checkpoint)}
    if not what.baselines:
        return policies
    policies |= {"text match": TextMatch(), "no-op": NoOp()}
    if what.learned_from:
        learned = demonstrated(what.learned_from, what.tasks, what.learned_episodes)
        episodes = list(learned)
        policies |= {
            "copy-last": CopyLast.from_episodes(episodes),
            "prior": Prior.from_episodes(episodes),
            "nearest neighbour": NearestNeighbour.from_episodes(episodes),
        }
    if _is_checkpoint(what.checkpoint):
        policies["zero-vision"] = load_policy(what.checkpoint, sight=Sight.BLIND)
        policies["scrambled words"] = load_policy(what.checkpoint, sight=Sight.SCRAMBLED)
    return policies


def demonstrated(folder: Path, tasks: Sequence[str], episodes: int | None) -> Iterator[Episode]:
    """Return demonstrations of these tasks that reached their goal."""
    from harness.demonstrate import demonstrations  # noqa: PLC0415 - the browser's extras

    found = demonstrations(folder, task_names(tasks), episodes)
    return (episode for episode in found if episode.success)


def _is_checkpoint(spec: str) -> bool:
    return Path(spec).is_dir()


def _claim(what: Evaluation) -> None:
    model = model_hash_of(Path(what.checkpoint)) if _is_checkpoint(what.checkpoint) else ""
    manifest = {"policy": what.checkpoint, "model": model, "seed": what.seed}
    path = what.to / _MANIFEST
    if path.exists():
        before = json.loads(path.read_bytes())
        if before != manifest:
            raise ConfigError(
                f"{what.to} holds results of {before}; asked: {manifest}; name another folder"
            )
    what.to.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps(manifest, indent=1).encode())


# Playing ------------------------------------------------------------------------------------------


def _play_all(what: Evaluation, study: Study, policies: dict[str, Policy], file: RecordFile) -> int:
    from policy.evaluate.records import unplayed  # noqa: PLC0415 - SciPy and torch are slow
    from policy.evaluate.study import rules_of  # noqa: PLC0415
    from policy.evaluate.tables import OURS  # noqa: PLC0415
    from tui.web_environments import WebEnvironments  # noqa: PLC0415

    calibrator = None
    if _is_checkpoint(what.checkpoint):
        model = model_hash_of(Path(what.checkpoint))
        calibrator = load_calibrator(what.checkpoint, model)
    if study.budgets and not calibrator:
        raise ConfigError("help needs to know when to ask: run understudy calibrate before")
    gate = Gate(calibrator.thresholds if calibrator else SILENT)
    rules = replace(rules_of(calibrator, what.longest), gate=gate)
    done = file.read()
    lost = 0
    with WebEnvironments(what.places) as environments, Bars() as progress:
        for row, policy in policies.items():
            trials = study.plain(row)
            if row == OURS:
                trials += study.shifted() + study.helped()
            missing = unplayed(trials, done)
            # what others would have been told matters to nobody, and takes half the time
            told = replace(rules, has_experts=row == OURS)
            lost += _play(policy, environments, (told, missing, file), progress)
    return lost


def _play(
    policy: Policy,
    environments: Environments,
    work: tuple[Rules, Sequence[Trial], RecordFile],
    progress: Progress,
) -> int:
    from policy.evaluate.closed_loop import play  # noqa: PLC0415 - SciPy and torch are slow

    rules, trials, file = work
    if not trials:
        return 0
    bar = progress.add_task(trials[0].row, total=len(trials), note="")
    reached = lost = 0
    for number, played in enumerate(play(policy, environments, trials, rules), 1):
        if played.failure:
            lost += 1
        else:
            file.append(played.record)
            reached += played.record.success
        progress.update(bar, advance=1, note=f"{reached / number:.0%} reached the goal")
    return lost


def _foretell(what: Evaluation, policies: dict[str, Policy]) -> None:
    from policy.evaluate.open_loop import (  # noqa: PLC0415 - SciPy and torch are slow
        open_loop,
        shift_probe,
        write_open,
    )
    from policy.evaluate.tables import OURS  # noqa: PLC0415

    if not what.unseen or (what.to / _PROBE_FILE).exists():
        return
    each = -(-what.demonstrations // len(what.tasks))
    episodes = list(demonstrated(what.unseen, what.tasks, each))
    if not episodes:
        raise ConfigError(f"no demonstrations that reached their goal in {what.unseen}")
    records: list[OpenRecord] = []
    with Bars() as progress:
        bar = progress.add_task("foretelling", total=len(policies) * len(episodes), note="")
        for row, policy in policies.items():
            for record in open_loop(policy, row, episodes):
                records.append(record)
                progress.advance(bar)
    write_atomically(what.to / _OPEN_FILE, write_open(records))
    with err.status("showing screens too early and too late"):
        probe: dict[int, Share] = shift_probe(policies[OURS], episodes)
    counts = {ms: (share.count, share.n) for ms, share in probe.items()}
    write_atomically(what.to / _PROBE_FILE, json.dumps(counts).encode())
