"""What a key's symbol means: the character that it types, and its name in W3C UI Events."""

from __future__ import annotations

from recorder.schema import Key

_ASCII = (
    "space exclam quotedbl numbersign dollar percent ampersand apostrophe parenleft parenright "
    "asterisk plus comma minus period slash 0 1 2 3 4 5 6 7 8 9 colon semicolon less equal greater "
    "question at A B C D E F G H I J K L M N O P Q R S T U V W X Y Z bracketleft backslash "
    "bracketright asciicircum underscore grave a b c d e f g h i j k l m n o p q r s t u v w x y z "
    "braceleft bar braceright asciitilde"
)
_LATIN1 = (
    "nobreakspace exclamdown cent sterling currency yen brokenbar section diaeresis copyright "
    "ordfeminine guillemotleft notsign hyphen registered macron degree plusminus twosuperior "
    "threesuperior acute mu paragraph periodcentered cedilla onesuperior masculine guillemotright "
    "onequarter onehalf threequarters questiondown Agrave Aacute Acircumflex Atilde Adiaeresis "
    "Aring AE Ccedilla Egrave Eacute Ecircumflex Ediaeresis Igrave Iacute Icircumflex Idiaeresis "
    "ETH Ntilde Ograve Oacute Ocircumflex Otilde Odiaeresis multiply Oslash Ugrave Uacute "
    "Ucircumflex Udiaeresis Yacute THORN ssharp agrave aacute acircumflex atilde adiaeresis aring "
    "ae ccedilla egrave eacute ecircumflex ediaeresis igrave iacute icircumflex idiaeresis eth "
    "ntilde ograve oacute ocircumflex otilde odiaeresis division oslash ugrave uacute ucircumflex "
    "udiaeresis yacute thorn ydiaeresis"
)
_KEYPAD = {f"KP_{n}": str(n) for n in range(10)} | {
    "KP_Add": "+",
    "KP_Subtract": "-",
    "KP_Multiply": "*",
    "KP_Divide": "/",
    "KP_Decimal": ".",
    "KP_Separator": ",",
    "KP_Equal": "=",
    "KP_Space": " ",
}
_CHARACTERS = (
    {name: chr(0x20 + place) for place, name in enumerate(_ASCII.split())}
    | {name: chr(0xA0 + place) for place, name in enumerate(_LATIN1.split())}
    | _KEYPAD
    | {"EuroSign": "€"}
)
_NAMES = {
    "Return": "Enter",
    "KP_Enter": "Enter",
    "BackSpace": "Backspace",
    "ISO_Left_Tab": "Tab",
    "Left": "ArrowLeft",
    "Right": "ArrowRight",
    "Up": "ArrowUp",
    "Down": "ArrowDown",
    "Prior": "PageUp",
    "Page_Up": "PageUp",
    "Next": "PageDown",
    "Page_Down": "PageDown",
    "Print": "PrintScreen",
    "Menu": "ContextMenu",
    "Multi_key": "Compose",
    "KP_Left": "ArrowLeft",
    "KP_Right": "ArrowRight",
    "KP_Up": "ArrowUp",
    "KP_Down": "ArrowDown",
    "KP_Home": "Home",
    "KP_End": "End",
    "KP_Prior": "PageUp",
    "KP_Next": "PageDown",
    "KP_Insert": "Insert",
    "KP_Delete": "Delete",
}
_MODIFIERS = {
    "Shift": "shift",
    "Control": "ctrl",
    "Alt": "alt",
    "Meta": "meta",
    "Super": "meta",
    "OS": "meta",
}
_LOCKS = frozenset(
    {"AltGraph", "ISO_Level3_Shift", "Mode_switch", "Caps_Lock", "CapsLock", "Num_Lock", "NumLock"}
)


def character_of(symbol: str) -> str:
    """Return the character that a symbol types, empty when it types none.

    Takes X keysym names and DOM keys alike.

    >>> [character_of(symbol) for symbol in ("a", "exclam", "eacute", "U4F60", "Return", "!")]
    ['a', '!', 'é', '你', '', '!']
    """
    if len(symbol) == 1:
        return symbol
    if found := _CHARACTERS.get(symbol):
        return found
    if symbol[:1] == "U" and len(symbol) >= 5:
        try:
            return chr(int(symbol[1:], 16))
        except (ValueError, OverflowError):
            return ""
    return ""


def key_name(key: Key) -> str:
    """Return the W3C UI Events name of a key.

    >>> [key_name(Key(t_ns=0, down=True, symbol=s)) for s in ("Return", "Prior", "a", "F5")]
    ['Enter', 'PageUp', 'a', 'F5']
    """
    if key.symbol.startswith("dead_"):
        return "Dead"
    named = _NAMES.get(key.symbol) or character_of(key.symbol) or key.symbol
    return named or key.code or "Unidentified"


def modifier_of(key: Key) -> str:
    """Return which modifier a key is, empty when it is none.

    >>> [modifier_of(Key(t_ns=0, down=True, symbol=s)) for s in ("Control_L", "Meta", "x")]
    ['ctrl', 'meta', '']
    """
    for name in (key.symbol.removesuffix("_L").removesuffix("_R"), key.code):
        found = _MODIFIERS.get(name.removesuffix("Left").removesuffix("Right"))
        if found:
            return found
    return ""


def is_lock(key: Key) -> bool:
    """Return whether a key only changes what other keys mean, without being a modifier."""
    return key.symbol in _LOCKS
