"""Tasks in a spreadsheet (gnumeric): set a cell."""

from __future__ import annotations

import gzip
from functools import partial
from pathlib import Path
from typing import TypeAlias
from xml.etree import ElementTree as ET

import numpy as np

from harness.tasks.desktop.moves import Actions, Finder, click, ctrl, dismiss_dialogs
from harness.tasks.desktop.task import Elements, Launch, Scene, Screen, Verdict
from harness.tasks.desktop.words import pick
from recorder.schema import Done, Element, KeyChord, TypeText

_SPACE = "http://www.gnumeric.org/v10.dtd"
_STRING, _NUMBER = "60", "40"
_GZIP = b"\x1f\x8b"
_FILE = "stock.gnumeric"
_SHEET = "Stock"
_COLUMNS = ("item", "price", "count")

Cells: TypeAlias = dict[tuple[int, int], str]


def set_cell(folder: Path, rng: np.random.Generator) -> Scene:
    """Prepare: change one number in a table of goods."""
    goods = pick(rng, "goods", int(rng.integers(4, 8)))
    rows = [_COLUMNS] + [
        (thing, str(rng.integers(2, 60)), str(rng.integers(2, 200))) for thing in goods
    ]
    cells = {
        (row, column): text for row, line in enumerate(rows) for column, text in enumerate(line)
    }
    row, column = int(rng.integers(1, len(rows))), int(rng.integers(1, len(_COLUMNS)))
    new = str(rng.integers(200, 1000))
    write_sheet(folder / _FILE, cells)
    wanted = {**cells, (row, column): new}

    async def solve(screen: Screen) -> Actions:
        if read_sheet(screen.folder / _FILE) != wanted:
            async for action in _set(screen, row, column, new):
                yield action
            await screen.wait_for(
                lambda _: read_sheet(screen.folder / _FILE) == wanted or None, "the saved table"
            )
        yield Done()

    return Scene(
        goal=f"In the table, set the {_COLUMNS[column]} of {goods[row - 1]} to {new} and save it.",
        launches=(Launch(("gnumeric", "--no-splash", _FILE)),),
        check=partial(_check, wanted=wanted),
        expert=solve,
    )


def write_sheet(path: Path, cells: Cells) -> None:
    """Write a spreadsheet as gnumeric reads it."""
    ET.register_namespace("gnm", _SPACE)
    book = ET.Element(_tag("Workbook"))
    ET.SubElement(ET.SubElement(book, _tag("SheetNameIndex")), _tag("SheetName")).text = _SHEET
    sheet = ET.SubElement(ET.SubElement(book, _tag("Sheets")), _tag("Sheet"))
    ET.SubElement(sheet, _tag("Name")).text = _SHEET
    listed = ET.SubElement(sheet, _tag("Cells"))
    for (row, column), text in cells.items():
        kind = _NUMBER if text.isdigit() else _STRING
        at = {"Row": str(row), "Col": str(column), "ValueType": kind}
        ET.SubElement(listed, _tag("Cell"), at).text = text
    ET.ElementTree(book).write(path, "utf-8", xml_declaration=True)


def read_sheet(path: Path) -> Cells:
    """Return the cells of a spreadsheet's first sheet; none where there is no readable one."""
    try:
        raw = path.read_bytes()
        book = ET.fromstring(gzip.decompress(raw) if raw.startswith(_GZIP) else raw)
    except (OSError, EOFError, ET.ParseError):  # not there, or half written
        return {}
    sheet = book.find(f".//{_tag('Sheet')}")
    found = sheet.iter(_tag("Cell")) if sheet is not None else ()
    return {(int(cell.attrib["Row"]), int(cell.attrib["Col"])): cell.text or "" for cell in found}


def _check(folder: Path, wanted: Cells) -> Verdict:
    found = read_sheet(folder / _FILE)
    wrong = sorted(at for at in found | wanted if found.get(at) != wanted.get(at))
    if wrong:
        return Verdict(f"{_address(*wrong[0])} does not say what it should")
    return Verdict()


async def _set(screen: Screen, row: int, column: int, text: str) -> Actions:
    async for action in dismiss_dialogs(screen):
        yield action
    address = _address(row, column)
    yield click(await screen.wait_for(_cell_name, "the name of the cell"))
    yield ctrl("a")
    yield TypeText(text=address)
    yield KeyChord(key="Enter")
    await screen.wait_for(_is_at(address), f"the cell {address}")
    yield TypeText(text=text)
    yield KeyChord(key="Enter")
    yield ctrl("s")


def _cell_name(elements: Elements) -> Element | None:
    """Return the field that names the cell, left of all others."""
    fields = (item for item in elements if item.role == "textbox")
    return min(fields, key=lambda item: item.box[0], default=None)


def _is_at(address: str) -> Finder:
    def find(elements: Elements) -> Element | None:
        field = _cell_name(elements)
        return field if field and field.value == address else None

    return find


def _address(row: int, column: int) -> str:
    """Return a cell as people call it.

    >>> _address(2, 1)
    'B3'
    """
    return f"{chr(ord('A') + column)}{row + 1}"


def _tag(name: str) -> str:
    return f"{{{_SPACE}}}{name}"
