"""All keys, made from the bindings of every screen, and what the words on the screens mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from harness.hub.standing import Standing
from tui.answering import objections
from tui.plain import plain
from tui.screens.base import ShiftScreen
from tui.standings import LOOKS

_MEANINGS = {
    Standing.STARTING: "no work yet, or nobody drives",
    Standing.RUNNING: "its policy has the controls",
    Standing.WATCHED: "the same, in its first steps after a hand-back",
    Standing.ASKING: "it waits for an answer",
    Standing.HELD: "it must not act; r lets it go on",
    Standing.HUMAN: "you have its controls",
    Standing.HANDBACK: "you let go; r lets it go on",
    Standing.STALE: "nobody knows: no new picture, or its process is gone",
    Standing.FAILED: "its page or process broke",
    Standing.VERIFIED: "the checker says that its task is done",
    Standing.UNVERIFIED: "it says that it is done, and no checker does",
}
_CARD_KEYS = (
    ("y", "approve; y and the digit on the card where it cannot be undone"),
    ("x", f"reject: {objections()}"),
    ("c", "correct: arrows or mouse and enter, 2… for what else it thought of, tab to write"),
    ("t d e", "take over, defer, escalate"),
    ("m M", "label it: should not have asked, should have asked earlier"),
)
_KEY_WIDTH = 12


class HelpScreen(ShiftScreen):
    """What can be pressed, and what it all means."""

    NAME = "help"
    AUTO_FOCUS = "#help"  # so that it can be scrolled

    def compose_body(self) -> ComposeResult:
        """Yield one long text."""
        with VerticalScroll(id="help"):
            yield Static(id="help-words", markup=False)

    def refresh_shift(self) -> None:
        """Draw it; it depends on nothing that happens."""
        parts = [
            *_section("Everywhere", _listed(_bindings_of(type(self.app)))),
            *_section("On the card of a request, once n has given it the keys", _CARD_KEYS),
        ]
        for screen in self.foreman.screen_types:
            keys = _listed(_bindings_of(screen))
            parts += _section(f"On {screen.NAME}", keys) if keys else []
        meanings = [(LOOKS[each].mark, said) for each, said in _MEANINGS.items()]
        parts += _section("How an agent stands", meanings)
        self.query_one("#help-words", Static).update(Content("\n").join(parts))


def _section(title: str, keys: Iterable[tuple[str, str]]) -> Iterator[Content]:
    yield Content("")
    yield plain(f" {title}", "bold $accent")
    for key, said in keys:
        yield Content.assemble(plain(f"  {key:<{_KEY_WIDTH}}", "bold"), plain(said))


def _listed(bindings: Iterable[Binding]) -> list[tuple[str, str]]:
    named = {
        binding.key_display or binding.key.replace("question_mark", "?"): binding.tooltip
        for binding in bindings
        if binding.tooltip
    }
    return list(named.items())


def _bindings_of(owner: type) -> Iterator[Binding]:
    for each in getattr(owner, "BINDINGS", []):
        if isinstance(each, Binding):
            yield from Binding.make_bindings([each])
