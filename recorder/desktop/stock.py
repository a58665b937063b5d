"""Input on macOS and Windows, through pynput's own listeners.

Nothing there gives us the time of an event, so all are stamped on receipt and say so. What pynput
says of injected events is not used.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from recorder.clock import Clock, SystemClock
from recorder.desktop.inputs import attributed
from recorder.desktop.viewport import Viewport
from recorder.ledger import Ledger
from recorder.schema import (
    Button,
    HeldState,
    InputEvent,
    Key,
    PointerButton,
    PointerMove,
    Scroll,
    TimeSource,
)

_PATIENCE_S = 2.0
_BUTTONS: dict[str, Button] = {
    "left": "left",
    "middle": "middle",
    "right": "right",
    "x1": "back",
    "x2": "forward",
    "button8": "back",
    "button9": "forward",
}
# pynput's name: W3C code and X symbol, so that recordings of all platforms read alike
_NAMED: dict[str, tuple[str, str]] = {
    "alt": ("AltLeft", "Alt_L"),
    "alt_gr": ("AltRight", "ISO_Level3_Shift"),
    "alt_l": ("AltLeft", "Alt_L"),
    "alt_r": ("AltRight", "Alt_R"),
    "backspace": ("Backspace", "BackSpace"),
    "caps_lock": ("CapsLock", "Caps_Lock"),
    "cmd": ("MetaLeft", "Super_L"),
    "cmd_l": ("MetaLeft", "Super_L"),
    "cmd_r": ("MetaRight", "Super_R"),
    "ctrl": ("ControlLeft", "Control_L"),
    "ctrl_l": ("ControlLeft", "Control_L"),
    "ctrl_r": ("ControlRight", "Control_R"),
    "delete": ("Delete", "Delete"),
    "down": ("ArrowDown", "Down"),
    "end": ("End", "End"),
    "enter": ("Enter", "Return"),
    "esc": ("Escape", "Escape"),
    "home": ("Home", "Home"),
    "insert": ("Insert", "Insert"),
    "left": ("ArrowLeft", "Left"),
    "menu": ("ContextMenu", "Menu"),
    "num_lock": ("NumLock", "Num_Lock"),
    "page_down": ("PageDown", "Next"),
    "page_up": ("PageUp", "Prior"),
    "pause": ("Pause", "Pause"),
    "print_screen": ("PrintScreen", "Print"),
    "right": ("ArrowRight", "Right"),
    "scroll_lock": ("ScrollLock", "Scroll_Lock"),
    "shift": ("ShiftLeft", "Shift_L"),
    "shift_l": ("ShiftLeft", "Shift_L"),
    "shift_r": ("ShiftRight", "Shift_R"),
    "space": ("Space", "space"),
    "tab": ("Tab", "Tab"),
    "up": ("ArrowUp", "Up"),
    **{f"f{number}": (f"F{number}", f"F{number}") for number in range(1, 25)},
}
_MODIFIERS = {"Alt": "alt", "Control": "ctrl", "Meta": "meta", "Shift": "shift"}


class Listener(Protocol):
    """What we use of pynput's listeners."""

    def start(self) -> None:
        """Begin to listen."""
        ...

    def stop(self) -> None:
        """Listen no more."""
        ...

    def join(self, timeout: float | None = None) -> None:
        """Wait until its thread has ended, at most this long."""
        ...

    def is_alive(self) -> bool:
        """Return whether its thread runs."""
        ...


class StockInput:
    """Listens to mouse and keyboard with pynput and submits events.

    Args:
        submit: takes each event; called from the listening threads.
        clock: where receipt times come from.
        ledger: what our own executors inject.
        viewport: where the image lies on the desktop.
        listeners: makes the listeners that call this object; pynput's by default.
    """

    def __init__(
        self,
        submit: Callable[[InputEvent], None],
        *,
        clock: Clock | None = None,
        ledger: Ledger | None = None,
        viewport: Viewport | None = None,
        listeners: Callable[[StockInput], Sequence[Listener]] | None = None,
    ) -> None:
        self._submit = submit
        self._clock = clock or SystemClock()
        self._ledger = ledger
        self._viewport = viewport or Viewport()
        self._lock = threading.Lock()  # mouse and keyboard come on threads of their own
        self._place = (0, 0)
        self._buttons: set[Button] = set()
        self._keys: dict[int | str, str] = {}
        self._stopping = False
        self._listeners = (listeners or _pynput_listeners)(self)

    def start(self) -> None:
        """Begin to listen."""
        for listener in self._listeners:
            listener.start()

    def stop(self) -> None:
        """Listen no more."""
        self._stopping = True
        for listener in self._listeners:
            listener.stop()
        for listener in self._listeners:
            if listener.is_alive():
                listener.join(_PATIENCE_S)

    def check(self) -> str | None:
        """Return a fault when a listener is dead."""
        if self._stopping or all(listener.is_alive() for listener in self._listeners):
            return None
        return "listener-dead: input is no longer recorded; stop and start again"

    def held_state(self) -> HeldState | None:
        """Return what is held down, as far as its presses were seen."""
        with self._lock:
            return HeldState(
                t_ns=self._clock.now_ns(),
                x=self._place[0],
                y=self._place[1],
                buttons=tuple(sorted(self._buttons)),
                keycodes=tuple(sorted(key for key in self._keys if isinstance(key, int))),
            )

    # Callbacks --------------------------------------------------------------------------------

    def on_move(self, x: float, y: float) -> None:
        """Take a motion of the pointer."""
        with self._lock:
            at = self._located(x, y)
            self._pass_on(PointerMove(**self._stamp(), x=at[0], y=at[1]))

    def on_click(self, x: float, y: float, button: Any, pressed: bool) -> None:  # noqa: FBT001
        """Take a press or release of a button."""
        name = _BUTTONS.get(button.name)
        if name is None:
            return
        with self._lock:
            (self._buttons.add if pressed else self._buttons.discard)(name)
            at = self._located(x, y)
            self._pass_on(
                PointerButton(**self._stamp(), button=name, down=pressed, x=at[0], y=at[1])
            )

    def on_scroll(self, x: float, y: float, dx: float, dy: float) -> None:
        """Take a turn of the wheel; pynput counts upwards, we count downwards."""
        with self._lock:
            at = self._located(x, y)
            self._pass_on(Scroll(**self._stamp(), dx=dx, dy=-dy, x=at[0], y=at[1]))

    def on_press(self, key: Any) -> None:
        """Take a key press."""
        self._on_key(key, down=True)

    def on_release(self, key: Any) -> None:
        """Take a key release."""
        self._on_key(key, down=False)

    def _on_key(self, key: Any, *, down: bool) -> None:
        keycode, code, symbol = _describe(key)
        name = keycode or code or symbol
        with self._lock:
            repeat = down and name in self._keys
            modifiers = _modifiers(self._keys.values())
            if down:
                self._keys[name] = code
            else:
                self._keys.pop(name, None)
            self._pass_on(
                Key(
                    **self._stamp(),
                    down=down,
                    code=code,
                    keycode=keycode,
                    symbol=symbol,
                    modifiers=modifiers,
                    repeat=repeat,
                )
            )

    def _located(self, x: float, y: float) -> tuple[int, int]:
        self._place = self._viewport.locate(round(x), round(y))
        return self._place

    def _stamp(self) -> dict[str, Any]:
        now_ns = self._clock.now_ns()
        return {"t_ns": now_ns, "received_ns": now_ns, "time_source": TimeSource.RECEIPT}

    def _pass_on(self, event: InputEvent) -> None:
        entry = self._ledger.claim(event) if self._ledger else None
        self._submit(attributed(event, entry.controller, entry.agent) if entry else event)


def _describe(key: Any) -> tuple[int, str, str]:
    """Return keycode, code and symbol of a pynput `Key` or `KeyCode`."""
    named = getattr(key, "name", None)
    keycode = getattr(getattr(key, "value", key), "vk", None) or 0
    if named:
        code, symbol = _NAMED.get(named, ("", named))
        return keycode, code, symbol
    return keycode, "", getattr(key, "char", None) or ""


def _modifiers(codes: Any) -> tuple[str, ...]:
    held = {
        _MODIFIERS[kind]
        for code in codes
        for kind in [code.removesuffix("Left").removesuffix("Right")]
        if kind in _MODIFIERS
    }
    return tuple(sorted(held))


def _pynput_listeners(target: StockInput) -> Sequence[Listener]:
    # importing pynput connects to the display, which there may not be
    from pynput import keyboard, mouse  # noqa: PLC0415

    return (
        mouse.Listener(
            on_move=target.on_move, on_click=target.on_click, on_scroll=target.on_scroll
        ),
        keyboard.Listener(on_press=target.on_press, on_release=target.on_release),
    )
