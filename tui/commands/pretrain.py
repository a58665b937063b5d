"""`understudy pretrain`: from pages that are made up here to a reader of any screen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rich.table import Table
from tyro.conf import Positional

from policy.reader.settings import PretrainConfig
from recorder.store import write_atomically
from tui.console import out
from tui.progress import Bars

if TYPE_CHECKING:
    from policy.reader.score import Score
    from policy.reader.train import Progress as Standing

_PAGES, _SCORES = "pages", "scores.json"


@dataclass(frozen=True)
class Pretraining:
    """What to train, and where it goes."""

    what: Positional[Literal["reader"]]
    """The reader, which turns pictures of screens into text and widgets."""
    to: Path = field(default_factory=lambda: Path("reader-run"))
    """Folder for pages and the reader. Ask for the same again to go on after an interruption."""
    shards: int = 80
    """Shards of 16 pages to draw and learn from."""
    measured: int = 3
    """Shards to measure it on, of pages and of fonts that it never learns from; 0 not to."""
    how: PretrainConfig = field(default_factory=PretrainConfig)


def pretrain(what: Pretraining) -> int:
    """Train a reader on pages that are made up, drawn and labelled here; nothing is downloaded.

    Pages are drawn ahead of training by another process. It may be interrupted at any time, or
    killed; the same command goes on from the last checkpoint.

    For example:

        understudy pretrain reader --to reader-run --minutes 20
    """
    from policy.reader.fonts import without_missing  # noqa: PLC0415 - torch takes seconds
    from policy.reader.shards import generated_ahead  # noqa: PLC0415 - as above
    from policy.reader.styles import FONTS  # noqa: PLC0415 - as above
    from policy.reader.train import pretrain as pretrain_reader  # noqa: PLC0415 - as above

    what.how.check()
    if missing := sorted({*FONTS} - {*without_missing(FONTS)}):
        out.print(
            f"{', '.join(missing)}: not here, so not learned from; "
            "pip install 'understudy[fonts]' brings them",
            markup=False,
        )
    pages = what.to / _PAGES
    with Bars() as shown:
        limit_s = round(what.how.minutes * 60)
        learning = shown.add_task("learning", total=limit_s, note="waits for pages")

        def told(standing: Standing) -> None:
            shown.update(learning, completed=int(standing.spent_s), note=line(standing))

        with generated_ahead(pages, what.shards):
            place = pretrain_reader(pages, what.to, what.how, told)
    if what.measured:
        out.print(score_table(_measure(place, what)))
    out.print(f"kept in {place}", markup=False)
    return 0


def _measure(place: Path, what: Pretraining) -> dict[str, Score]:
    """Return how well it reads pages and fonts that it has never seen, and write that down."""
    from policy.reader.read import Reader  # noqa: PLC0415 - torch takes seconds to import
    from policy.reader.score import score_pages  # noqa: PLC0415 - as above
    from policy.reader.shards import held_out  # noqa: PLC0415 - as above
    from policy.reader.styles import FONTS, UNSEEN_FONTS  # noqa: PLC0415

    reader = Reader.load(place)
    found: dict[str, Score] = {}
    for name, families in (("unseen pages", FONTS), ("unseen fonts", UNSEEN_FONTS)):
        folder = what.to / name.replace(" ", "-")
        found[name] = score_pages(reader, held_out(folder, what.measured, families))
    scores = {name: asdict(each) for name, each in found.items()}
    write_atomically(what.to / _SCORES, json.dumps(scores, indent=1).encode())
    return found


def score_table(scores: Mapping[str, Score]) -> Table:
    """Return how much was read right, with counts."""
    table = Table("", "words exact", "in fields", "widgets found", "states", box=None)
    for name, score in scores.items():
        counts = (
            (score.exact, score.words),
            (score.field_exact, score.field_words),
            (score.found, score.widgets),
            (score.states_right, score.found),
        )
        table.add_row(name, *(f"{part / max(whole, 1):.3f} of {whole}" for part, whole in counts))
    return table


def line(standing: Standing) -> str:
    """Return how training stands, in a few words."""
    return (
        f"update {standing.updates}  finding {standing.find_loss:.3f}  "
        f"reading {standing.line_loss:.3f}  shards {standing.shards}"
    )
