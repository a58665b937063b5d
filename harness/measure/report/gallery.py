"""Episodes worth looking at: what failed silently, and where a person was asked for nothing."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from harness.measure.events import ContactKind, EpisodeStarted, RunEvent, StepTaken
from harness.measure.interventions import interventions
from harness.measure.metrics import REPAIR_FACTOR, is_silent_failure, is_verified
from harness.measure.state import Episode, Run

MOST = 8
"""Episodes of each kind."""
_MOST_OF_A_TASK = 2
_MOST_PICTURES = 8
_TYPES = {".webp": "image/webp", ".png": "image/png"}
_NUMBERED = re.compile(r"\d+\.(webp|png)")


class CaseKind(StrEnum):
    """Why an episode is worth looking at."""

    SILENT = "silent failure"
    NEEDLESS = "needless ask"
    """A person was asked, only approved, and the goal was reached."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What an agent saw before one step."""

    step: int
    media_type: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An episode with what is kept of its steps."""

    kind: CaseKind
    episode: Episode
    steps: tuple[StepTaken, ...] = ()
    pictures: tuple[Picture, ...] = ()


def notable(run: Run, most: int = MOST) -> list[tuple[CaseKind, Episode]]:
    """Return the costliest silent failures, and the needless asks that were surest.

    At most two of each kind are of one task, so that one weakness does not hide others.
    """
    episodes = [run.ended[key] for key in sorted(run.ended)]
    silent = sorted(filter(is_silent_failure, episodes), key=lambda each: -_harm_s(each))
    needless = sorted(filter(is_needless, episodes), key=lambda each: -len(each.contacts))
    return [
        (kind, each)
        for kind, kept in ((CaseKind.SILENT, silent), (CaseKind.NEEDLESS, needless))
        for each in _varied(kept)[:most]
    ]


def is_needless(episode: Episode) -> bool:
    """Return whether a person came, found all of it right, and it was.

    What the agent would have done unaided is known only where its episode is forked; that a person
    who looked changed nothing is the sign of it in the log.
    """
    found = interventions(episode.all_contacts)
    return (
        bool(found)
        and is_verified(episode)
        and all(each.kind is ContactKind.APPROVAL for each in found)
    )


def steps_of(events: Iterable[RunEvent], keys: Collection[str]) -> dict[str, tuple[StepTaken, ...]]:
    """Return the steps of some episodes, the last attempt at each."""
    found: dict[str, list[StepTaken]] = {key: [] for key in keys}
    for event in events:
        if isinstance(event, EpisodeStarted) and event.episode in found:
            found[event.episode] = []
        elif isinstance(event, StepTaken) and event.episode in found:
            found[event.episode].append(event)
    return {key: tuple(steps) for key, steps in found.items()}


def picture_folder(run_folder: Path, key: str) -> Path | None:
    """Return where a run keeps an episode's screens; None for a key that points elsewhere."""
    frames = (run_folder / "frames").resolve()
    folder = (frames / key).resolve()
    return folder if folder.is_relative_to(frames) else None


def pictures_of(run_folder: Path, key: str) -> tuple[Picture, ...]:
    """Return what a run kept of an episode's screens, the last ones; nothing of an unsafe key."""
    folder = picture_folder(run_folder, key)
    if not folder or not folder.is_dir():
        return ()
    numbered = [path for path in folder.iterdir() if _NUMBERED.fullmatch(path.name)]
    kept = sorted(numbered, key=lambda path: int(path.stem))[-_MOST_PICTURES:]
    return tuple(Picture(int(path.stem), _TYPES[path.suffix], path.read_bytes()) for path in kept)


def _harm_s(episode: Episode) -> float:
    damage_s = episode.end.damage_s if episode.end else 0.0
    return REPAIR_FACTOR * episode.planned.human.seconds + damage_s


def _varied(episodes: Sequence[Episode]) -> list[Episode]:
    kept: list[Episode] = []
    for each in episodes:
        if sum(other.planned.task == each.planned.task for other in kept) < _MOST_OF_A_TASK:
            kept.append(each)
    return kept
