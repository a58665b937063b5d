"""What the script in a page says, checked at the border."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from recorder.errors import CaptureError

FloatBox: TypeAlias = tuple[float, float, float, float]


class SeenElement(msgspec.Struct, frozen=True):
    """An element as its own frame sees it."""

    role: str
    box: FloatBox
    name: str = ""
    text: str = ""
    value: str = ""
    states: tuple[str, ...] = ()
    selectors: tuple[str, ...] = ()


class Child(msgspec.Struct, frozen=True):
    """An element that shows another document."""

    id: str
    """The browser's id of the frame, empty while nobody has said which it is."""
    box: FloatBox
    origin: tuple[float, float]
    """Where the document inside has its corner."""
    scale: tuple[float, float]


class Message(msgspec.Struct, frozen=True, tag_field="k"):
    """Anything a page says: which document says it, and when on that document's clock."""

    doc: str
    now: float
    """`performance.now()` in milliseconds."""


class Hello(Message, frozen=True, tag="hello"):
    """The script runs in a new document, where input was missed before it did."""

    missed: int


class Pointer(Message, frozen=True, tag="pointer"):
    """The pointer moved, or a button changed."""

    does: Literal["move", "down", "up"]
    ts: float
    x: float
    y: float
    button: int
    trusted: bool
    target: SeenElement | None = None


class Wheel(Message, frozen=True, tag="wheel"):
    """The wheel turned."""

    ts: float
    x: float
    y: float
    dx: float
    dy: float
    lines: bool
    trusted: bool


class Keystroke(Message, frozen=True, tag="key"):
    """A key changed; without its name where that could be part of a secret."""

    ts: float
    down: bool
    code: str
    symbol: str
    modifiers: tuple[str, ...]
    repeat: bool
    trusted: bool
    target: SeenElement | None


class Typed(Message, frozen=True, tag="text"):
    """A field received text; without the text where it is secret or was pasted."""

    ts: float
    text: str
    inputType: str  # noqa: N815 - as the page spells it
    trusted: bool
    target: SeenElement | None


class Focus(Message, frozen=True, tag="focus"):
    """The keyboard focus moved."""

    ts: float
    target: SeenElement | None


class Visibility(Message, frozen=True, tag="visibility"):
    """The page came to the front, or left it."""

    visible: bool


class Layout(Message, frozen=True, tag="layout"):
    """Where the secrets and the frames of a document are."""

    boxes: tuple[FloatBox, ...]
    children: tuple[Child, ...]
    view: tuple[float, float, float]
    """Offset and scale of the visual viewport."""
    size: tuple[float, float]


class Elements(Message, frozen=True, tag="elements"):
    """All visible elements of a document, after it changed."""

    elements: tuple[SeenElement, ...]


class Markup(Message, frozen=True, tag="markup"):
    """The page parsed markup that may hold closed shadow roots."""


AnyMessage: TypeAlias = (
    Hello | Pointer | Wheel | Keystroke | Typed | Focus | Visibility | Layout | Elements | Markup
)


class EarlyInput(msgspec.Struct, frozen=True):
    """Input that came before the script could tell what it was for."""

    type: Literal["pointerdown", "pointerup", "wheel", "keydown", "input"]
    ts: float
    now: float
    x: float
    y: float
    dx: float
    dy: float
    button: int


_early_decoder: msgspec.json.Decoder[EarlyInput] = msgspec.json.Decoder(EarlyInput)
_decoder: msgspec.json.Decoder[AnyMessage] = msgspec.json.Decoder(AnyMessage)


def read_message(payload: str) -> AnyMessage:
    """Return what a page said.

    Raises:
        CaptureError: it is none of our messages.
    """
    try:
        return _decoder.decode(payload)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise CaptureError(f"a page sent what no script of ours sends: {error}") from error


def read_early(payload: str) -> EarlyInput:
    """Return what a page's own world said.

    Raises:
        CaptureError: it is none of our messages.
    """
    try:
        return _early_decoder.decode(payload)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise CaptureError(f"a page sent what no script of ours sends: {error}") from error
