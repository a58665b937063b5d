"""Text from outside, as widgets may draw it: as it stands, whatever it says.

Text of a `Shown` is fit to be shown already. It is cleaned here once more, so that neither a log
from elsewhere nor a mistake at the hub can reach the terminal; and it is never read as markup.
"""

from __future__ import annotations

from textual.content import Content

from harness.hub.untrusted import Shown, shown


def plain(text: Shown | str, style: str = "") -> Content:
    r"""Return text as a widget may draw it, on one line.

    Args:
        text: from anywhere.
        style: of all of it, such as `bold $error`; ours, never from outside.

    >>> plain("[red]Inbox[/] \x1b[2J").plain
    '[red]Inbox[/] ␛[2J'
    """
    cleaned = shown(text.text if isinstance(text, Shown) else text, Shown.MOST).text
    return Content.styled(cleaned, style) if style else Content(cleaned)
