"""How synthetic pages look: fonts, sizes, themes, and how thick and round things are."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

FONTS = (
    *(*("Liberation Sans",) * 5, "Liberation Serif", "Liberation Serif"),
    *("Liberation Mono", "Liberation Sans Narrow", "DejaVu Sans", "DejaVu Sans", "DejaVu Serif"),
    *("DejaVu Sans Mono", "DejaVu Sans Condensed", "DejaVu Sans Light", "Nimbus Sans"),
    *("Nimbus Roman", "Nimbus Sans Narrow", "URW Bookman", "P052", "DejaVu Math TeX Gyre"),
    *("Roboto", "Source Sans Pro", "Source Serif Pro", "Manrope", "Hanken Grotesk", "Caladea"),
    *("Lato", "Fredoka One", "Intuitive"),
)
"""Families that are learned from; what stands here twice is seen twice as often."""
UNSEEN_FONTS = ("C059", "URW Gothic", "Nimbus Mono PS", "DejaVu Serif Condensed")
"""Families that are never learned from, to tell how a reader does on others."""
_SIZES_PX = (
    *(8, 9, 10, 10, 10, 11, 11, 12, 12, 12, 13, 13, 14, 14, 15, 16, 16, 18, 20, 24, 28, 32),
)
_SMALL_SIZES_PX = (*(8, 9, 9, 10, 10, 10, 10, 10, 11, 11, 12, 12, 12, 13, 13, 14, 14, 16, 18, 20),)
_INKS = ("#000", "#000", "#111", "#222", "#333", "#444", "#555", "#036", "#600", "#041", "#528")
_PAPERS = ("#fff", "#fff", "#fff", "#fafafa", "#f0f0f0", "#eee", "#ddd", "#ffe", "#eef", "#ff0")
_LIGHT_INKS = ("#fff", "#fff", "#eee", "#ddd", "#ccc", "#9cf", "#fc9", "#ff8")
_DARK_PAPERS = ("#000", "#111", "#1e1e1e", "#222", "#333", "#013", "#250", "#302", "#555")
_ACCENTS = ("#007fff", "#06c", "#1a73e8", "#36c", "#d93025", "#c00", "#188038", "#e6007e", "#70c")
"""Of faces, with light ink on them."""
_ACCENTED = 0.2  # share of pages
_LINKS = ("#00f", "#00e", "#06c", "#0645ad", "#33f", "#1155cc", "#800080", "#0a58ca")
_LIGHT_LINKS = ("#8ab4f8", "#9cf", "#6cf", "#ccf", "#aef")


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours and letters of one page."""

    ink: str
    paper: str
    link: str
    family: str
    size_px: int
    has_plain_widgets: bool
    """Widgets look as the browser draws them."""
    radius_px: int
    border: str
    face: str
    """Background of buttons and tabs."""
    face_ink: str
    field: str
    """Background of fields."""

    def css(self) -> str:
        """Return the style sheet of a page."""
        rules = [
            f"body{{margin:0;background:{self.paper};color:{self.ink};"
            f"font:{self.size_px}px '{self.family}';overflow:hidden}}",
            f"a,.link{{color:{self.link};text-decoration:underline;cursor:pointer}}",
            "button,input,select,textarea{box-sizing:border-box;max-width:100%}",
            "p{margin:2px 0} ul,ol{margin:0;padding-left:20px} td,th{padding:1px 4px}",
            f".tab{{display:inline-block;padding:3px 7px;border:1px solid {self.border};"
            f"background:{self.face};color:{self.face_ink};border-radius:{self.radius_px}px "
            f"{self.radius_px}px 0 0;cursor:pointer}}",
            f".tab[aria-selected=true]{{background:{self.paper};color:{self.ink};"
            f"border-bottom-color:{self.paper}}}",
            f".box{{border:1px solid {self.border};border-radius:{self.radius_px}px}}",
            f".bar{{background:{self.face};color:{self.face_ink};padding:2px 4px}}",
        ]
        if not self.has_plain_widgets:
            rules += [
                f"button,.button,input[type=button],input[type=submit]{{background:{self.face};"
                f"color:{self.face_ink};border:1px solid {self.border};padding:3px 8px;"
                f"border-radius:{self.radius_px}px}}",
                f"input:not([type]),input[type=text],input[type=password],textarea,select"
                f"{{background:{self.field};color:{self.ink};border:1px solid {self.border};"
                f"border-radius:{self.radius_px}px;padding:2px 4px}}",
            ]
        return "".join(rules)


def theme(rng: Random, families: tuple[str, ...], *, is_small: bool) -> Theme:
    """Return a random theme; most are light, as most screens are."""
    is_dark = rng.random() < 0.2
    inks, papers = (_LIGHT_INKS, _DARK_PAPERS) if is_dark else (_INKS, _PAPERS)
    sizes = _SMALL_SIZES_PX if is_small else _SIZES_PX
    is_inverted = rng.random() < 0.25
    faces = _DARK_PAPERS if is_dark != is_inverted else ("#eee", "#f6f6f6", "#ddd")
    face_inks = _LIGHT_INKS if is_dark != is_inverted else _INKS
    if rng.random() < _ACCENTED:
        faces, face_inks = _ACCENTS, ("#fff", "#fff", "#eee")
    return Theme(
        ink=rng.choice(inks),
        paper=rng.choice(papers),
        link=rng.choice(_LIGHT_LINKS if is_dark else _LINKS),
        family=rng.choice(families),
        size_px=rng.choice(sizes),
        has_plain_widgets=rng.random() < 0.5,
        radius_px=rng.choice((0, 0, 2, 3, 4, 6, 10)),
        border=rng.choice(("#000", "#555", "#888", "#aaa", "#ccc", "#d3d3d3", "#36c")),
        face=rng.choice(faces),
        face_ink=rng.choice(face_inks),
        field=rng.choice(("#222", "#333", "#000") if is_dark else ("#fff", "#fff", "#fffff0")),
    )


def letters(rng: Random, families: tuple[str, ...], *, is_small: bool) -> str:
    """Return a style of its own for one part of a page."""
    sizes = _SMALL_SIZES_PX if is_small else _SIZES_PX
    found = f"font-size:{rng.choice(sizes)}px;"
    if rng.random() < 0.6:
        found += f"font-family:'{rng.choice(families)}';"
    if rng.random() < 0.2:
        found += f"font-weight:{rng.choice((300, 500, 600, 700, 700, 700, 700))};"
    if rng.random() < 0.07:
        found += "font-style:italic;"
    if rng.random() < 0.05:
        found += f"letter-spacing:{rng.choice((-0.4, 0.5, 1, 2))}px;"
    return found
