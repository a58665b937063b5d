"""What pages say reaches the terminal as text, and does nothing there; all of it is real."""

from __future__ import annotations

import random
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from harness.gate import Reason
from harness.hub.events import (
    AgentFound,
    AgentJoined,
    AgentLost,
    DriverCame,
    DriverLeft,
    Happened,
    Held,
    HeldReason,
    HubEvent,
    Raised,
    Seen,
    ShiftOpened,
    Unseen,
    Withdrawn,
)
from harness.hub.pictures import Pictures
from harness.hub.proposals import Proposal, proposal
from harness.hub.requests import HelpRequest, Stage
from harness.hub.shift_log import read_shift
from harness.hub.untrusted import shown
from harness.hub.worker import Supervised
from harness.latch import Latch
from harness.measure.events import EpisodeStarted, Initiator
from recorder.schema import TypeText
from tests.harness.hub.counters import planned
from tests.harness.hub.shop import Shop, eventually, shop
from tests.harness.hub.test_untrusted import ATTACKS, assert_harmless
from tests.soak import repeats
from tests.tui.foreman.terminal import Terminal, foreman, terminal

pytestmark = pytest.mark.slow

AGENT = "a"
CANARY = "4242"
HOSTILE = [
    *ATTACKS,
    f"\x1b[{CANARY}m\x1b]0;{CANARY}\x07",
    f"\x9b{CANARY}m\x1b[38;5;{CANARY}m",
    "[@click=app.stop_all]Inbox[/]",
    "[@click=app.release_latch()][link='x:y'][/red][[[",
    "$error [$error]x[/$error] \\[",
    "]8;;http://e\x07x\x1b]8;;\x07",
    "🏳\u200d🌈👩\u200d👩\u200d👧 ﷽ 𒐫 日本語",
]
COLUMNS, ROWS = 120, 140
ALTERNATIVES = 97
TEXTS_A_REQUEST = ALTERNATIVES + 3
"""That a card shows: what it wants, what else it could do, the goal and the target."""
WRITTEN_BY_TEXTUAL = re.compile(
    rb"\x1b\[[0-9;:]*m"  # style
    rb"|\x1b\[[0-9;]*H"  # place
    rb"|\x1b\[\?[0-9]+[hl]"  # modes
    rb"|\x1b\[\?[0-9]+\$p|\x1b\[[<>=][0-9]*u"  # what it asks for at the start, and of keys
    rb"|\x1b\]22;[a-z-]+\x07"  # shape of the pointer
)
HARMLESS_EVENTS = (
    ShiftOpened,
    DriverCame,
    DriverLeft,
    AgentJoined,
    AgentLost,
    AgentFound,
    Happened,
    Raised,
    Withdrawn,
    Seen,
    Unseen,
)


_RECENT = 500_000
"""Signs that are searched: several whole screens may come at once."""


def hostile(rng: random.Random) -> str:
    """Return what a page could say."""
    if rng.random() < 0.002:
        return rng.choice(HOSTILE) * (1_000_000 // 10)
    signs = [chr(rng.randrange(0x110000 if rng.random() < 0.3 else 0x300)) for _ in range(30)]
    parts = ["".join(signs), *rng.choices(HOSTILE, k=2), str(rng.random())]
    rng.shuffle(parts)
    return "".join(parts)


@dataclass
class Liar:
    """An agent of whose page nothing is true."""

    supervised: Supervised
    frame: str
    rng: random.Random = field(default_factory=lambda: random.Random(8))
    asked: int = 0

    def tell(self, event: Happened | Raised | Withdrawn) -> None:
        self.supervised.tell(AGENT, event)

    def begin(self) -> None:
        started = EpisodeStarted(t_ms=0, planned=planned(AGENT), agent=AGENT)
        self.tell(Happened(t_ms=0, agent=AGENT, number=self.number, event=started))

    @property
    def number(self) -> int:
        return self.supervised.next_number(AGENT)

    def ask(self) -> str:
        """Ask the next thing in place of the one before; return words that show that it is seen."""
        if self.asked:
            name = f"r{self.asked}"
            stage = Stage.SUPERSEDED
            self.tell(Withdrawn(t_ms=0, request=name, agent=AGENT, number=self.number, stage=stage))
        self.asked += 1
        words = f"n{self.asked:06}"
        self.tell(Raised(t_ms=0, number=self.number, request=self._request(words)))
        return words

    def _request(self, words: str) -> HelpRequest:
        return HelpRequest(
            id=f"r{self.asked}",
            agent=AGENT,
            episode=planned(AGENT).key,
            step=1,
            reason=Reason.RISK,
            initiator=Initiator.AGENT,
            proposed=self._proposal(words),
            alternatives=tuple(self._proposal("") for _ in range(ALTERNATIVES)),
            novelty=0.5,
            frame=self.frame,
            size=(20, 20),
            target_text=shown(hostile(self.rng), self.most),
            goal=shown(hostile(self.rng), self.most),
            title=shown(hostile(self.rng)),
            url=shown("https://" + hostile(self.rng)),
            is_irreversible=False,
            deadline_ms=10_000_000,
        )

    def _proposal(self, words: str) -> Proposal:
        # a whole deed of a megabyte is no request any more, but a broken one
        raw = (words + hostile(self.rng))[: self.most].encode(errors="replace").decode()
        return proposal(TypeText(text=raw), 0.4)

    @property
    def most(self) -> int:
        """Characters of a text: mostly few, so that all of a card has room."""
        return 200 if self.rng.random() < 0.05 else 30


@asynccontextmanager
async def liar(where: Shop) -> AsyncGenerator[Liar]:
    async with Supervised([AGENT], where.config.socket) as supervised:
        assert supervised.welcome
        pictures = Pictures(Path(supervised.welcome.folder) / "pictures")
        agent = Liar(supervised, pictures.keep(np.zeros((20, 20, 3), np.uint8)))
        agent.begin()
        yield agent


class Listener:
    """Looks at all that comes to a terminal."""

    def __init__(self, app: Terminal) -> None:
        self._app = app
        self._tail = b""
        self._recent = ""

    def hear(self) -> str:
        """Check what came since, and return the last of it, without styles."""
        came = self._tail + self._app.take()
        end = came.rfind(b"\x1b[")  # what is before the last escape sequence is complete
        whole, self._tail = (came[:end], came[end:]) if end > 0 else (b"", came)
        assert CANARY.encode() not in b"".join(WRITTEN_BY_TEXTUAL.findall(whole))
        left = WRITTEN_BY_TEXTUAL.sub(b"", whole).replace(b"\r\n", b"")
        assert b"\x1b" not in left, left[max(0, left.find(b"\x1b") - 40) :][:120]
        text = left.decode()
        assert_harmless(text)
        self._recent = (self._recent + text)[-_RECENT:]
        return self._recent


async def seen(listener: Listener, words: str, app: Terminal) -> None:
    def is_seen() -> bool:
        assert app.process.is_alive(), bytes(app.written[-3000:]).decode(errors="replace")
        return words in listener.hear()

    try:
        await eventually(is_seen)
    except TimeoutError:
        raise AssertionError(f"{words} is not seen, but {listener.hear()[-3000:]!r}") from None


def click(app: Terminal, rng: random.Random) -> None:
    """Click anywhere on the screen but on the line of keys."""
    column, row = rng.randrange(1, COLUMNS + 1), rng.randrange(1, ROWS)
    app.press(f"\x1b[<0;{column};{row}M\x1b[<0;{column};{row}m".encode())


async def test_nothing_that_a_page_says_gets_out_of_its_place(tmp_path: Path) -> None:
    rng = random.Random(4)
    with shop(tmp_path, AGENT) as where:
        where.start()
        async with liar(where) as agent:
            run = foreman(where.config.socket, where.config.latch)
            with terminal(run, COLUMNS, ROWS, is_emulated=False) as app:
                listener = Listener(app)
                for turn in range(repeats(1200, 100_000) // TEXTS_A_REQUEST):
                    await seen(listener, agent.ask(), app)
                    click(app, rng)
                    if turn % 10 == 9:
                        app.press(b"v")  # the other screen with cards, and back
                assert app.process.is_alive()
        strange = [each for each in read_shift(where.config.folder) if not is_harmless(each)]
        assert strange == []
        with Latch(where.config.latch) as latch:
            assert not latch.stops().everybody


def is_harmless(event: HubEvent) -> bool:
    """Say whether nobody ordered an event; on a busy machine the hub may miss signs of life."""
    is_held_by_hub = isinstance(event, Held) and event.reason is HeldReason.DEADMAN
    return is_held_by_hub or isinstance(event, HARMLESS_EVENTS)
