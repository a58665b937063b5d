"""The actor: performs actions on an X display, and writes each event in the ledger first."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import assert_never

from recorder.capture import Capture
from recorder.clock import Clock, SystemClock
from recorder.desktop.inputs import BUTTONS, WHEEL
from recorder.desktop.keys import Keymap, code_of, keysym_of, symbol_number
from recorder.desktop.viewport import Viewport
from recorder.desktop.x11 import connect
from recorder.errors import ConfigError
from recorder.ledger import Entry, Ledger, signature
from recorder.schema import (
    Action,
    AgentAction,
    Ask,
    Button,
    Click,
    Controller,
    Done,
    Drag,
    InputEvent,
    Key,
    KeyChord,
    Move,
    PointerButton,
    PointerMove,
    Scroll,
    ScrollBy,
    TypeText,
    Wait,
)

_PIXELS_PER_NOTCH = 120.0
_MAPPING_S = 0.05  # apps read the keyboard's mapping when they hear that it changed
_SHIFT_KEYSYM = "Shift_L"
_MODIFIER_KEYSYMS = {
    "alt": "Alt_L",
    "ctrl": "Control_L",
    "meta": "Super_L",
    "shift": _SHIFT_KEYSYM,
}
# W3C `key` values whose X names differ
_KEY_NAMES = {
    "Enter": "Return",
    "Backspace": "BackSpace",
    "ArrowLeft": "Left",
    "ArrowRight": "Right",
    "ArrowUp": "Up",
    "ArrowDown": "Down",
    "PageUp": "Prior",
    "PageDown": "Next",
    "ContextMenu": "Menu",
    "CapsLock": "Caps_Lock",
    "Control": "Control_L",
    "Shift": "Shift_L",
    "Alt": "Alt_L",
    "Meta": "Super_L",
}
_BUTTON_NUMBERS: dict[Button, int] = {name: number for number, name in BUTTONS.items()}


class DesktopActor:
    """Acts on one display as an agent or a script.

    Args:
        display: the X display, None meaning `$DISPLAY`.
        ledger: shared with whoever records the display.
        controller: who acts.
        agent: its name.
        capture: the running recording, when it is in this process; it notes whole actions.
        viewport: where the image that actions refer to lies on the desktop.

    Raises:
        UnsupportedError: there is no display.
    """

    def __init__(
        self,
        display: str | None,
        ledger: Ledger,
        controller: Controller,
        agent: str,
        *,
        capture: Capture | None = None,
        viewport: Viewport | None = None,
    ) -> None:
        self._connection = connect(display)
        self._client = int(self._connection.display.info.resource_id_base)
        self._ledger = ledger
        self._controller = controller
        self._agent = agent
        self._capture = capture
        self._viewport = viewport or Viewport()
        self._clock: Clock = capture.clock if capture else SystemClock()
        self._keymap = Keymap(self._connection)
        self._borrowed: list[int] = []

    def close(self) -> None:
        """Give back borrowed keys and leave the display."""
        self._give_back()
        self._connection.close()

    def perform(self, action: Action) -> AgentAction:
        """Do one action and return when and by whom it was done.

        Raises:
            ConfigError: a key or character cannot be typed on this display.
        """
        begun_ns = self._clock.now_ns()
        self._do(action)
        self._connection.sync()
        done = AgentAction(
            t_ns=begun_ns,
            end_ns=self._clock.now_ns(),
            controller=self._controller,
            agent=self._agent,
            action=action,
        )
        if self._capture:
            self._capture.submit(done)
        return done

    # Actions ----------------------------------------------------------------------------------

    def _do(self, action: Action) -> None:
        match action:
            case Move():
                self._move(action.x, action.y)
            case Click():
                self._click(action)
            case Drag():
                self._drag(action)
            case ScrollBy():
                self._scroll(action)
            case KeyChord():
                self._chord(action)
            case TypeText():
                self._type(action.text)
            case Wait():
                time.sleep(action.duration_ms / 1000)
            case Done() | Ask():
                pass
            case _:
                assert_never(action)

    def _click(self, action: Click) -> None:
        self._move(action.x, action.y)
        with self._holding(action.modifiers):
            for _ in range(action.count):
                self._button(action.button, down=True)
                self._button(action.button, down=False)

    def _drag(self, action: Drag) -> None:
        self._move(*action.path[0])
        with self._holding(action.modifiers):
            self._button(action.button, down=True)
            for x, y in action.path[1:]:
                self._move(x, y)
            self._button(action.button, down=False)

    def _scroll(self, action: ScrollBy) -> None:
        self._move(action.x, action.y)
        scale = 1.0 if action.unit == "notch" else 1 / _PIXELS_PER_NOTCH
        for number, (dx, dy) in WHEEL.items():
            for _ in range(round(scale * (action.dx * dx + action.dy * dy))):
                self._turn(number)

    def _chord(self, action: KeyChord) -> None:
        keysym = symbol_number(_KEY_NAMES.get(action.key, action.key))
        if not keysym and len(action.key) == 1:
            keysym = keysym_of(action.key)
        if not keysym:
            raise ConfigError(
                f"there is no key {action.key!r}; allowed: names as in W3C UI Events, such as "
                "'Enter', 'F5' or 'a'"
            )
        self._borrow([keysym])
        with self._holding(action.modifiers):
            for _ in range(action.count):
                self._press(keysym)
        self._give_back()

    def _type(self, text: str) -> None:
        keysyms = [keysym_of(character) for character in text]
        self._borrow(keysyms)
        for keysym in keysyms:
            self._press(keysym)
        self._give_back()

    def _press(self, keysym: int) -> None:
        found = self._keymap.find(keysym)
        if found is None:
            raise ConfigError(f"no key of this display gives the symbol {keysym:#x}")
        keycode, shifted = found
        with self._holding(("shift",) if shifted else ()):
            self._key(keycode, down=True)
            self._key(keycode, down=False)

    @contextmanager
    def _holding(self, modifiers: Sequence[str]) -> Generator[None]:
        keycodes: list[int] = []
        for modifier in modifiers:
            found = self._keymap.find(symbol_number(_MODIFIER_KEYSYMS.get(modifier, "")))
            if found is None:
                raise ConfigError(f"no modifier {modifier!r}; allowed: alt, ctrl, meta, shift")
            keycodes.append(found[0])
        for keycode in keycodes:
            self._key(keycode, down=True)
        try:
            yield
        finally:
            for keycode in reversed(keycodes):
                self._key(keycode, down=False)

    # Borrowed keys ------------------------------------------------------------------------------

    def _borrow(self, keysyms: Sequence[int]) -> None:
        """Give spare keys the symbols that no key has."""
        missing = sorted({keysym for keysym in keysyms if self._keymap.find(keysym) is None})
        if not missing:
            return
        spare = self._keymap.spare_keycodes()
        if len(spare) < len(missing):
            raise ConfigError(
                f"cannot type {len(missing)} different characters that no key of this display "
                f"has; at most {len(spare)} at a time"
            )
        for keycode, keysym in zip(spare, missing, strict=False):
            self._connection.change_keyboard_mapping(keycode, [[keysym, keysym]])
            self._borrowed.append(keycode)
        self._connection.sync()
        self._keymap = Keymap(self._connection)
        time.sleep(_MAPPING_S)

    def _give_back(self) -> None:
        if not self._borrowed:
            return
        self._connection.sync()
        time.sleep(_MAPPING_S)
        for keycode in self._borrowed:
            self._connection.change_keyboard_mapping(keycode, [[0, 0]])
        self._borrowed.clear()
        self._connection.sync()
        self._keymap = Keymap(self._connection)

    # Events ---------------------------------------------------------------------------------------

    def _move(self, x: int, y: int) -> None:
        from Xlib import X  # noqa: PLC0415 - with the desktop extra only

        left, top = self._viewport.origin
        screen = self._connection.screen().root.get_geometry()
        # the server would do the same, and the entry must say where the pointer really goes
        to_x = min(max(x + left, 0), screen.width - 1)
        to_y = min(max(y + top, 0), screen.height - 1)
        self._inject(
            lambda t_ns: PointerMove(t_ns=t_ns, x=to_x - left, y=to_y - top),
            X.MotionNotify,
            0,
            to_x,
            to_y,
        )

    def _button(self, button: Button, *, down: bool) -> None:
        from Xlib import X  # noqa: PLC0415 - with the desktop extra only

        self._inject(
            lambda t_ns: PointerButton(t_ns=t_ns, button=button, down=down, x=0, y=0),
            X.ButtonPress if down else X.ButtonRelease,
            _BUTTON_NUMBERS[button],
        )

    def _turn(self, number: int) -> None:
        from Xlib import X  # noqa: PLC0415 - with the desktop extra only
        from Xlib.ext import xtest  # noqa: PLC0415

        dx, dy = WHEEL[number]
        self._inject(lambda t_ns: Scroll(t_ns=t_ns, dx=dx, dy=dy, x=0, y=0), X.ButtonPress, number)
        # the release of a wheel is no event of ours, so the ledger does not have it
        xtest.fake_input(self._connection, X.ButtonRelease, number)

    def _key(self, keycode: int, *, down: bool) -> None:
        from Xlib import X  # noqa: PLC0415 - with the desktop extra only

        self._inject(
            lambda t_ns: Key(t_ns=t_ns, down=down, keycode=keycode, code=code_of(keycode)),
            X.KeyPress if down else X.KeyRelease,
            keycode,
        )

    def _inject(
        self,
        event: Callable[[int], InputEvent],
        kind: int,
        detail: int,
        x: int = 0,
        y: int = 0,
    ) -> None:
        from Xlib.ext import xtest  # noqa: PLC0415 - with the desktop extra only

        now_ns = self._clock.now_ns()
        what = signature(event(now_ns))
        self._ledger.write(Entry(now_ns, what, self._controller, self._agent, self._client))
        xtest.fake_input(self._connection, kind, detail, x=x, y=y)
        self._connection.flush()
