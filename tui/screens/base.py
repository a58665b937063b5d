"""What every screen of a shift has: a headline, a body, a line for what was said, its keys."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events
from textual.app import ComposeResult
from textual.screen import Screen

from tui.replay import ReplayBridge
from tui.widgets.headline import Headline
from tui.widgets.key_line import KeyLine
from tui.widgets.notice import Notice
from tui.widgets.replay_bar import ReplayBar

if TYPE_CHECKING:
    from tui.app import ForemanApp
    from tui.bridge import Bridge


WIDE, HIGH = 100, 30
"""Size of a terminal, in cells, from which on there is room for all of it."""


class ShiftScreen(Screen[None]):
    """A screen that draws from the bridge; subclasses write `compose_body` and `refresh_shift`."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (HIGH, "-high")]
    AUTO_FOCUS = ""  # nothing gets the keys that nobody gave them to
    NAME: ClassVar[str] = "foreman"
    """In the headline."""
    HAS_CARD: ClassVar[bool] = False
    """Requests can be answered here."""

    owns_keys = False
    """No key gets past this screen now, F12 excepted."""
    is_ready = False
    """Its widgets are there."""

    @property
    def foreman(self) -> ForemanApp:
        """The app, with what all screens share."""
        return cast("ForemanApp", self.app)

    @property
    def bridge(self) -> Bridge:
        """What there is to show."""
        return self.foreman.bridge

    def compose(self) -> ComposeResult:
        """Yield the headline, the body and the lines below."""
        yield Headline()
        yield from self.compose_body()
        yield Notice()
        if isinstance(self.bridge, ReplayBridge):
            yield ReplayBar(self.bridge)
        yield KeyLine()

    @abstractmethod
    def compose_body(self) -> ComposeResult:
        """Yield what is between the headline and the keys."""

    @abstractmethod
    def refresh_shift(self) -> None:
        """Draw what is known now: on arrival, after changes, and once a second for the ages."""

    def refresh_selected(self) -> None:
        """Draw what is another with another agent at once; the rest of it follows."""
        self.refresh_shift()

    def refresh_frames(self) -> None:
        """Draw new frames, eight times a second while this is the screen that is seen."""

    def turn_to_card(self) -> None:
        """Give the keys to the card of the request of the selected agent, where there is one."""

    def is_turned_to(self, agent: str) -> bool:
        """Say whether the keys go to the request of an agent already."""
        del agent
        return False

    def zoom(self) -> None:
        """Go closer to the screen that is shown, or back."""

    def takes_key(self, event: events.Key | events.Paste) -> bool:
        """Say whether this screen takes a key before anything else does, as a takeover has to.

        A recording is steered on every screen.
        """
        key = event.key if isinstance(event, events.Key) else ""
        if not any(each.press(key) for each in self.query(ReplayBar)):
            return False
        self.refresh_all()
        return True

    def on_replay_bar_reached(self, message: ReplayBar.Reached) -> None:
        """Look at the agent to whose moment a recording has jumped."""
        self.foreman.look_at(message.agent)

    def on_mount(self) -> None:
        """Draw for the first time."""
        self.is_ready = True
        self.refresh_all()

    def on_screen_resume(self) -> None:
        """Show what happened meanwhile."""
        self.refresh_all()

    def refresh_all(self) -> None:
        """Draw all of it."""
        if not self.is_ready:
            return
        self.query_one(Headline).show(self.NAME, self.bridge)
        self.query_one(Notice).show(self.foreman.said)
        for bar in self.query(ReplayBar):
            bar.show()
        self.query_one(KeyLine).refresh_keys(is_alone=self.owns_keys)
        self.refresh_shift()
