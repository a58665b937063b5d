"""Synthetic pages: all that a reader learns from, made up from a number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from random import Random

from policy.reader.styles import FONTS, letters, theme
from policy.reader.words import phrase, sentence, word

_SMALL = ((160, 210), (160, 210), (160, 210), (200, 200), (240, 160), (256, 256))
_WIDE = ((640, 400), (480, 320), (500, 320), (400, 300))
_SCALES = (1.0, 1.0, 1.0, 1.0, 1.0, 1.25, 1.5, 2.0)
_CROSSES = ("\N{MULTIPLICATION SIGN}", "X", "✕", "x")
_SIGNS = (*_CROSSES, *"+<>»?☰⋮-^")
_KEYS = (*"0123456789", *"+-*/=%().,", *"ABCDEFGHXYZabxyz", "AC", "CE", "MR", "M+", "+/-", "<-")
_MOST_SCALED_PX = 640 * 400


@dataclass(frozen=True, slots=True)
class Page:
    """A page to be rendered."""

    html: str
    width_px: int
    """In CSS px, as the height."""
    height_px: int
    scale: float
    """Device pixels for each CSS px."""
    focus: bool
    """Whether a field of it has the focus."""


def draw_page(seed: int, families: tuple[str, ...] = FONTS) -> Page:
    """Return the page of a seed, in these font families."""
    rng = Random(seed)
    is_small = rng.random() < 0.55
    width, height = rng.choice(_SMALL if is_small else _WIDE)
    looks = theme(rng, families, is_small=is_small)
    writer = _Writer(rng, families, is_small=is_small)
    body = writer.page()
    scale = rng.choice(_SCALES)
    if width * height * scale * scale > _MOST_SCALED_PX:
        scale = 1.0
    html = (
        f"<head><meta charset=utf-8><style>{looks.css()}</style></head>"
        f"<body style='padding:{rng.randint(0, 8)}px'>{body}"
    )
    return Page(html, width, height, scale, focus=rng.random() < 0.4)


class _Writer:
    """Writes parts of pages; what it writes follows from its random numbers alone."""

    def __init__(self, rng: Random, families: tuple[str, ...], *, is_small: bool) -> None:
        self._rng = rng
        self._families = families
        self._is_small = is_small
        self._parts: tuple[tuple[Callable[[], str], int], ...] = (
            *((self._paragraph, 5), (self._heading, 2), (self._buttons, 4), (self._fields, 4)),
            *((self._choices, 4), (self._list, 2), (self._tabs, 2), (self._links, 3)),
            *((self._table, 1), (self._dialog, 1), (self._select, 2), (self._area, 1)),
            *((self._icons, 1), (self._slider, 1), (self._scattered, 1)),
            *((self._keypad, 2), (self._menus, 1)),
        )

    def page(self) -> str:
        """Return the parts of one page."""
        parts = [part for part, _ in self._parts]
        count = self._rng.randint(2, 6) if self._is_small else self._rng.randint(8, 22)
        chosen = self._rng.choices(parts, [weight for _, weight in self._parts], k=count)
        body = "".join(self._placed(part()) for part in chosen)
        if self._rng.random() < 0.5:
            body = self._instruction() + body
        if not self._is_small and self._rng.random() < 0.6:
            body = f"<div style='columns:{self._rng.randint(2, 3)}'>{body}</div>"
        return body

    def _placed(self, part: str) -> str:
        rng = self._rng
        style = letters(rng, self._families, is_small=self._is_small)
        style += f"margin:{rng.randint(0, 9)}px {rng.randint(0, 6)}px;"
        if rng.random() < 0.1:
            style += "text-align:center;"
        if rng.random() < 0.12:
            ink, paper = rng.choice(
                (("#000", "#ffc"), ("#fff", "#36c"), ("#333", "#e8f0fe"), ("#fff", "#222"))
            )
            style += f"background:{paper};color:{ink};"
        return f'<div style="{style}">{part}</div>'

    def _say(self, fewest: int = 1, most: int = 3) -> str:
        return escape(phrase(self._rng, fewest, most))

    def _instruction(self) -> str:
        rng = self._rng
        colour = rng.choice(("#ff0", "#ffc", "#eee", "#def", "#fff", "transparent", "#efe"))
        said = escape(sentence(rng, rng.randint(3, 16)))
        size = rng.choice((9, 10, 10, 11, 12, 13))
        family = rng.choice(self._families)
        return (
            f"<div style=\"background:{colour};color:#000;padding:3px;font:{size}px '{family}';"
            f'margin-bottom:{rng.randint(0, 12)}px">{said}</div>'
        )

    def _paragraph(self) -> str:
        rng = self._rng
        count = rng.randint(3, 18) if self._is_small else rng.randint(8, 45)
        words = escape(sentence(rng, count), quote=False).split(" ")
        for _ in range(rng.randint(0, 3)):
            place = rng.randrange(len(words))
            tag = rng.choice(("<a href=#>{}</a>", "<a href=#>{}</a>", "<b>{}</b>", "<i>{}</i>"))
            words[place] = tag.format(words[place])
        return f"<p>{' '.join(words)}</p>"

    def _heading(self) -> str:
        level = self._rng.randint(2, 5)
        return f"<h{level} style='margin:3px 0'>{self._say(1, 4)}</h{level}>"

    def _button(self) -> str:
        rng = self._rng
        state = " disabled" if rng.random() < 0.1 else ""
        style = (
            f"padding:{rng.randint(1, 8)}px {rng.randint(2, 14)}px" if rng.random() < 0.6 else ""
        )
        own = f' style="font:inherit;{style}"' if rng.random() < 0.7 else f' style="{style}"'
        kind = rng.random()
        if kind < 0.25:
            return f'<input type=button value="{self._say(1, 2)}"{state}{own}>'
        if kind < 0.32:
            return f"<div role=button class='button box bar'{own}>{self._say(1, 2)}</div>"
        if kind < 0.42:
            return f"<button{state}{own}>{rng.choice(_SIGNS)}</button>"
        return f"<button{state}{own}>{self._say(1, 2)}</button>"

    def _buttons(self) -> str:
        gap = self._rng.choice(("", " ", " ", "<br>", "&nbsp;&nbsp;"))
        return gap.join(self._button() for _ in range(self._rng.randint(1, 4)))

    def _field(self) -> str:
        rng = self._rng
        width = rng.choice((60, 90, 110, 120, 130, 140, 180, 240))
        kind = rng.choice(("text", "text", "text", "password", "search", "email", "number"))
        chance = rng.random()
        said = ""
        if kind == "number":
            said = f' value="{rng.randint(0, 999)}"'
        elif chance < 0.45:
            said = f' value="{escape(phrase(rng, 1, 3))}"'
        elif chance < 0.55:
            said = f' placeholder="{self._say(1, 2)}"'
        state = rng.choice(("", "", "", "", "", " disabled"))
        font = "font:inherit;" if rng.random() < 0.5 else ""
        pad = f"padding:{rng.randint(0, 6)}px;" if rng.random() < 0.3 else ""
        return f'<input type={kind}{said}{state} style="{font}{pad}width:{width}px">'

    def _fields(self) -> str:
        rng = self._rng
        is_labelled, gap = rng.random() < 0.7, rng.choice((" ", "<br>"))
        rows = [
            (f"<label>{self._say(1, 2)}{rng.choice((':', ''))}</label>{gap}" if is_labelled else "")
            + self._field()
            for _ in range(rng.randint(1, 3))
        ]
        return f"<br style='line-height:{rng.choice((1, 2))}'>".join(rows)

    def _choices(self) -> str:
        rng = self._rng
        kind = rng.choice(("checkbox", "radio"))
        group = rng.randrange(10**6)
        gap = rng.choice(("<br>", "<br>", "<br>", " "))
        rows: list[str] = []
        for _ in range(rng.randint(1, 6)):
            state = " checked" if rng.random() < 0.4 else ""
            state += " disabled" if rng.random() < 0.06 else ""
            big = (
                f" style='width:{rng.randint(14, 22)}px;height:18px'" if rng.random() < 0.1 else ""
            )
            said = self._say(1, 2) if rng.random() < 0.9 else ""
            rows.append(f"<label><input type={kind} name=g{group}{state}{big}>{said}</label>")
        return gap.join(rows)

    def _list(self) -> str:
        # numbers of items are nowhere in a DOM, so that nothing would say what they are
        items = "".join(f"<li>{self._say(1, 5)}" for _ in range(self._rng.randint(2, 6)))
        return f"<ul>{items}</ul>"

    def _tabs(self) -> str:
        rng = self._rng
        count = rng.randint(2, 4)
        chosen = rng.randrange(count)
        tabs = [
            f"<span role=tab class=tab aria-selected={str(each == chosen).lower()}>"
            f"{self._say(1, 2) if rng.random() < 0.7 else f'Tab #{each + 1}'}</span>"
            for each in range(count)
        ]
        return rng.choice(("", " ")).join(tabs)

    def _links(self) -> str:
        kind = self._rng.choice(("<a href=#>{}</a>", "<span class=link>{}</span>"))
        gap = self._rng.choice((" ", "<br>", " | ", " · "))
        return gap.join(kind.format(self._say(1, 3)) for _ in range(self._rng.randint(1, 5)))

    def _table(self) -> str:
        rng = self._rng
        border = rng.choice(("", " border=1", " style='border-collapse:collapse' border=1"))
        columns = rng.randint(2, 4)
        rows = [
            "<tr>" + "".join(f"<td>{escape(word(rng))}" for _ in range(columns))
            for _ in range(rng.randint(2, 5))
        ]
        return f"<table{border}>{''.join(rows)}</table>"

    def _dialog(self) -> str:
        rng = self._rng
        close = rng.choice(
            (
                *_CROSSES,
                "<svg width=8 height=8><path d='M0 0L8 8M8 0L0 8' stroke=currentColor /></svg>",
            )
        )
        return (
            f"<div class=box style='width:{rng.randint(110, 220)}px;padding:3px'>"
            f"<div class=bar>{self._say(1, 3)} <button style='float:right;padding:0 3px'>{close}"
            f"</button></div><p>{escape(sentence(rng, rng.randint(3, 12)))}</p>"
            f"{self._buttons() if rng.random() < 0.5 else ''}</div>"
        )

    def _select(self) -> str:
        rng = self._rng
        state = rng.choice(("", "", "", " disabled"))
        size = rng.choice(("", "", "", f" size={rng.randint(2, 4)}"))
        if size:
            return f"<div class=box>{'<br>'.join(self._say(1, 2) for _ in range(4))}</div>"
        options = "".join(f"<option>{self._say(1, 2)}" for _ in range(3))
        return (
            f"<select{state} style='font:inherit;width:{rng.randint(60, 150)}px'>{options}</select>"
        )

    def _area(self) -> str:
        rng = self._rng
        said = escape(sentence(rng, rng.randint(1, 10))) if rng.random() < 0.6 else ""
        size = f"width:{rng.randint(90, 200)}px;height:{rng.randint(25, 70)}px"
        return f"<textarea style='{size};overflow:hidden'>{said}</textarea>"

    def _icons(self) -> str:
        rng = self._rng
        shapes = (
            "<circle cx=50 cy=50 r=40 />",
            "<rect x=10 y=10 width=80 height=80 />",
            "<path d='M50 5L95 95L5 95Z' />",
            "<path d='M10 30H90M10 55H90M10 80H90' stroke-width=12 />",
            "<path d='M20 50L45 75L85 20' fill=none stroke-width=14 />",
        )
        colour = rng.choice(("#c33", "#36c", "#393", "#888", "#000", "#f90"))
        return " ".join(
            f"<svg width={side} height={side} viewBox='0 0 100 100' fill='{colour}' "
            f"stroke='{colour}'>{rng.choice(shapes)}</svg>"
            for side in (rng.randint(8, 40) for _ in range(rng.randint(1, 4)))
        )

    def _keypad(self) -> str:
        """Return a grid of lone characters, as of a calculator, or of days."""
        rng = self._rng
        columns, rows = rng.randint(3, 7), rng.randint(2, 5)
        is_month, first = rng.random() < 0.4, rng.randint(1, 12)
        size = f"padding:{rng.randint(1, 9)}px {rng.randint(2, 16)}px"
        tag = rng.choice(("td", "button", "button"))

        def key(place: int) -> str:
            said = str(first + place) if is_month else escape(rng.choice(_KEYS))
            return f'<{tag} style="font:inherit;{size}">{said}</{tag}>'

        if tag == "td":
            body = "".join(
                f"<tr>{''.join(key(row * columns + each) for each in range(columns))}"
                for row in range(rows)
            )
            return f"<table>{body}</table>"
        return "<br>".join(
            "".join(key(row * columns + each) for each in range(columns)) for row in range(rows)
        )

    def _menus(self) -> str:
        """Return a bar of menus, each with the letter underlined that opens it."""
        rng = self._rng
        gap = rng.randint(4, 16)

        def menu() -> str:
            said = phrase(rng, 1, 1)
            place = rng.randrange(len(said)) if rng.random() < 0.7 else len(said)
            parts = (said[:place], said[place : place + 1], said[place + 1 :])
            before, under, behind = map(escape, parts)
            return f"<span style='margin-right:{gap}px'>{before}<u>{under}</u>{behind}</span>"

        return "".join(menu() for _ in range(rng.randint(3, 6)))

    def _slider(self) -> str:
        return f"<input type=range value={self._rng.randint(0, 100)} style='width:100px'>"

    def _scattered(self) -> str:
        rng = self._rng
        return "".join(
            f"<span style='margin-left:{rng.randint(4, 40)}px'>{escape(word(rng))}</span>"
            f"{rng.choice(('', '', '<br>'))}"
            for _ in range(rng.randint(2, 7))
        )
