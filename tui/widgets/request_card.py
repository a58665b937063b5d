"""The card of a request: what is asked, and the only place in which it can be answered.

It never takes the keys by itself. With them, the request counts as seen; a key that is no part of
an answer gives them away again.
"""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message

from harness.hub.arming import QUIET_MS, VISIBLE_MS
from harness.hub.messages import Card
from harness.hub.requests import OPEN, HelpRequest, RequestMark
from tui.answering import Decided, Draft, Picking, Press, Reading, pasted, press
from tui.bridge import Access, Bridge
from tui.half_blocks import Point
from tui.hands import Hands
from tui.plain import plain
from tui.widgets.card_words import CardView, crop_around, keys_of, lines_of, title_of
from tui.widgets.lines import Lines, Passage
from tui.widgets.live_screen import LiveScreen

_USUAL_WIDTH = 42
_MOST_WORDS, _MOST_KEYS = 10, 4
"""Rows that these keep, so that cards can follow each other at the same places."""
_NEXT = ("n", "N")
_KEYS = frozenset("yxctdemM")
_MARKS = {"m": RequestMark.NOT_NEEDED, "M": RequestMark.EARLIER}


class RequestCard(Vertical, can_focus=True):
    """Shows one request and turns keys into an answer; the screen gives the orders.

    Args:
        hands: of the person.
    """

    class Turned(Message):
        """The request came in front of the person, or went away."""

        def __init__(self, request: str, *, is_seen: bool) -> None:
            super().__init__()
            self.request = request
            self.is_seen = is_seen

    class Answered(Message):
        """An answer is complete."""

        def __init__(self, card: Card, decided: Decided, quiet_ms: int, focused_ms: int) -> None:
            super().__init__()
            self.card = card
            self.decided = decided
            self.quiet_ms = quiet_ms
            self.focused_ms = focused_ms

    class Marked(Message):
        """A request was labelled."""

        def __init__(self, request: str, mark: RequestMark) -> None:
            super().__init__()
            self.request = request
            self.mark = mark

    class Drafted(Message):
        """What is pressed so far has changed."""

    class Refused(Message):
        """A key came too early to count."""

        def __init__(self, why: str) -> None:
            super().__init__()
            self.why = why

    def __init__(self, hands: Hands) -> None:
        super().__init__()
        self.draft: Draft = Reading()
        self.reach: Callable[[], Point] = lambda: (1, 1)
        """Says how far an arrow moves the cross, px."""
        self._hands = hands
        self._view: CardView | None = None
        self._card: Card | None = None
        self._card_ms = 0
        self._seen = ""
        """The request that is said to be in front of the person."""

    def compose(self) -> ComposeResult:
        """Yield the parts of a card."""
        yield Lines(id="card-title")
        yield Passage(bound=_MOST_WORDS, id="card-words")
        yield LiveScreen(id="card-crop")
        yield Passage(bound=_MOST_KEYS, id="card-keys")

    # What is shown --------------------------------------------------------------------------------

    @property
    def request(self) -> HelpRequest | None:
        """What is shown; None if nothing is."""
        return None if self._view is None else self._view.ticket.request

    def show(self, bridge: Bridge, request: str) -> None:
        """Show a request as it is now; none where it is empty."""
        shift = bridge.shift
        ticket = shift.tickets.get(request)
        if self.request is None or self.request.id != request:
            self._forget()
            self._give_up()
        if ticket is None:
            self._view = None
            self._draw_nothing(len(shift.queue))
            return
        waiting = [each.request.id for each in shift.queue]
        if ticket.stage not in OPEN and self._card is not None:
            self._forget()
            self._give_up()
        self._view = CardView(
            ticket=ticket,
            place=waiting.index(request) + 1 if request in waiting else 0,
            n_waiting=len(waiting),
            t_ms=bridge.t_ms,
            card=self._card,
            draft=self.draft,
            may_answer=bridge.access is Access.DRIVER,
        )
        self._draw(self._view)
        self._show_crop(bridge, ticket.request)

    def deal(self, card: Card, now_ms: int) -> None:
        """Show what an answer needs: the request is in front of the person from now on."""
        if self.has_focus and self.request is not None and self.request.id == card.request:
            self._card, self._card_ms = card, now_ms

    def pick(self, at: Point) -> None:
        """Move the cross to where the mouse was pressed."""
        if isinstance(self.draft, Picking):
            self._take(Picking(at))

    def _draw(self, view: CardView) -> None:
        self.query_one("#card-title", Lines).say(title_of(view))
        words = self.query_one("#card-words", Passage)
        words.tell(Content("\n").join(lines_of(view)))
        keys = keys_of(view, words.size.width or _USUAL_WIDTH)
        self.query_one("#card-keys", Passage).tell(keys)
        self.set_class(view.ticket.request.is_irreversible, "-irreversible")

    def _draw_nothing(self, n_waiting: int) -> None:
        others = f"{n_waiting} ask elsewhere: n" if n_waiting else "nobody asks"
        self.query_one("#card-title", Lines).say(plain("no request"))
        self.query_one("#card-words", Passage).tell(plain(f"This agent asks nothing; {others}."))
        self.query_one("#card-keys", Passage).tell(Content(""))
        self.query_one("#card-crop", LiveScreen).show(None, otherwise="")
        self.remove_class("-irreversible")

    def _show_crop(self, bridge: Bridge, request: HelpRequest) -> None:
        crop = self.query_one("#card-crop", LiveScreen)
        columns, rows = crop.size
        pixels = bridge.picture(request.frame)
        if pixels is None or not columns or not rows:
            crop.show(None)
            return
        left, top, width, height = crop_around(request, (columns, 2 * rows))
        crop.show(pixels[top : top + height, left : left + width])

    # The keys -------------------------------------------------------------------------------------

    def on_focus(self) -> None:
        """Say that the request is in front of the person."""
        if self._view is not None and self._view.ticket.stage in OPEN:
            self._seen = self._view.ticket.request.id
            self.post_message(self.Turned(self._seen, is_seen=True))

    def on_blur(self) -> None:
        """Say that it no longer is."""
        self._forget()

    def on_key(self, event: events.Key) -> None:
        """Take a key as part of the answer, or give the keys away."""
        request, card = self.request, self._card
        if event.key in _NEXT and isinstance(self.draft, Reading):
            return  # to the screen, which turns to another request
        if request is not None and card is None and event.key in _KEYS:
            event.stop()  # it means this card, and nothing that the same key does elsewhere
            self.post_message(self.Refused("it is not in front of you yet, for the hub"))
            return
        if request is None or card is None:
            self._give_up()
            return
        if event.key in _MARKS and isinstance(self.draft, Reading):
            self.post_message(self.Marked(request.id, _MARKS[event.key]))
            self._keep(event)
            return
        pressed = Press(event.key, event.character or "", self.reach())
        drafted = press(self.draft, pressed, request)
        if drafted is None:
            self._give_up()
        elif isinstance(self.draft, Reading) and (why := self._too_early()):
            event.stop()
            self.post_message(self.Refused(why))
        elif isinstance(drafted, Decided):
            self._keep(event)
            self._decide(card, drafted)
        else:
            self._keep(event)
            self._take(drafted)

    def on_paste(self, event: events.Paste) -> None:
        """Take pasted text into what is being written."""
        event.stop()
        if (drafted := pasted(self.draft, event.text)) is not None:
            self._hands.own()
            self._take(drafted)

    def _too_early(self) -> str:
        visible_ms = self._hands.key_ms - self._card_ms
        if visible_ms < VISIBLE_MS:
            return f"shown for {visible_ms} ms; read it first ({VISIBLE_MS} ms)"
        if self._hands.rest_ms < QUIET_MS:
            return f"that came {self._hands.rest_ms} ms after another key; press it by itself"
        return ""

    def _keep(self, event: events.Key) -> None:
        event.stop()
        self._hands.own()

    def _decide(self, card: Card, decided: Decided) -> None:
        hands = self._hands
        self._take(Reading())
        self.post_message(self.Answered(card, decided, hands.quiet_ms, hands.focused_ms))

    def _take(self, draft: Draft) -> None:
        self.draft = draft
        self.post_message(self.Drafted())

    def _give_up(self) -> None:
        """Let the keys go: hands that press others are elsewhere."""
        if self.has_focus:
            self.screen.set_focus(None)

    def _forget(self) -> None:
        self._card, self.draft = None, Reading()
        seen, self._seen = self._seen, ""
        if seen:
            self.post_message(self.Turned(seen, is_seen=False))
