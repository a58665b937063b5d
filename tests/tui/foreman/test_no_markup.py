"""No text reaches a screen by a way on which it would be read as markup."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

import tui

ROOT = Path(tui.__file__).parent
_USES_WIDGETS = re.compile(r"^\s*(from|import) textual\b", re.MULTILINE)
DRAWING = sorted(each for each in ROOT.rglob("*.py") if _USES_WIDGETS.search(each.read_text()))
"""What draws with widgets; the other commands write lines."""
READ_MARKUP = frozenset({"Static", "Label", "Link", "Tooltip"})
"""Read a string they are given as markup, unless told otherwise."""
READ_MARKUP_ALWAYS = frozenset({"Button", "Checkbox", "RadioButton", "Collapsible", "Tab"})
"""Cannot be told otherwise: what they say must be made first."""
LISTS = frozenset({"add_option", "add_options", "OptionList", "Option", "SelectionList"})
TITLES = frozenset({"border_title", "border_subtitle", "tooltip"})
MAKERS = frozenset(
    node.name
    for path in DRAWING
    for node in ast.walk(ast.parse(path.read_text()))
    if isinstance(node, ast.FunctionDef) and node.returns and ast.unparse(node.returns) == "Content"
)
"""Functions of ours that return what was made."""
MADE = MAKERS | {"plain", "Content", "Text", "assemble", "Option"}
"""Make text that is not read again; what an option is made of is looked at where it is made."""


def complaints(source: str) -> list[str]:
    """Return what in a module could be read as markup, with its line."""
    return [f"{line}: {what}" for line, what in _found(ast.parse(source))]


def _found(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield from _unsafe_subclass(node)
        elif isinstance(node, ast.Call):
            yield from _unsafe_call(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            is_title = any(_is_title(each) for each in targets)
            if is_title and node.value is not None and not _is_made(node.value):
                yield node.lineno, f"a title that is not made: {ast.unparse(node)}"


def _unsafe_subclass(node: ast.ClassDef) -> Iterator[tuple[int, str]]:
    """A subclass says that it reads no markup where it makes its base."""
    if not READ_MARKUP & {_name(each) for each in node.bases}:
        return
    made = [
        each
        for each in ast.walk(node)
        if isinstance(each, ast.Call) and ast.unparse(each.func) == "super().__init__"
    ]
    if not any(_is_off(each) for each in made):
        yield node.lineno, f"{node.name} does not turn markup off"


def _unsafe_call(node: ast.Call) -> Iterator[tuple[int, str]]:
    name = _name(node.func)
    said = ast.unparse(node)
    if name in READ_MARKUP and not _is_off(node) and not _only_made(node.args):
        yield node.lineno, f"markup is on: {said}"
    if name == "notify" and not _is_off(node):
        yield node.lineno, f"markup is on: {said}"
    if name in READ_MARKUP_ALWAYS | LISTS and not _is_off(node) and not _only_made(node.args):
        yield node.lineno, f"text that is not made: {said}"
    if name in {"add_row", "add_column", "add_columns", "update_cell", "update_cell_at"}:
        given = node.args[-1:] if name.startswith("update_cell") else node.args
        if not _only_made(given):
            yield node.lineno, f"a cell that is not made: {said}"
    if name in {"from_markup", "visualize"}:
        yield node.lineno, f"reads markup: {said}"


def _name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(value=value):
            return _name(value)
        case _:
            return ""


def _is_off(node: ast.Call) -> bool:
    return any(
        each.arg == "markup" and isinstance(each.value, ast.Constant) and each.value.value is False
        for each in node.keywords
    )


def _only_made(given: list[ast.expr]) -> bool:
    return all(_is_made(each) for each in given)


def _is_made(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=None | ""):
            return True
        case ast.Starred(value=ast.GeneratorExp() | ast.ListComp() as several):
            return _is_made(several)
        case ast.GeneratorExp(elt=each) | ast.ListComp(elt=each):
            return _is_made(each)
        case ast.List(elts=several):
            return _only_made(several)
        case ast.Starred(value=ast.Call(func=ast.Name(id="map"), args=[by, *_])):
            return _name(by) in MADE
        case ast.IfExp(body=body, orelse=orelse):
            return _is_made(body) and _is_made(orelse)
        case ast.Call(func=called):
            return _name(called) in MADE
        case _:
            return False


def _is_title(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in TITLES


@pytest.mark.parametrize("path", DRAWING, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_in_the_terminal_is_read_as_markup(path: Path) -> None:
    assert complaints(path.read_text()) == []


@pytest.mark.parametrize(
    "source",
    [
        "Static(title)",
        "Label('[b]hub[/]')",
        "Label(f'{url}', markup=True)",
        "Static(plain(title) if title else url)",
        "Button(name)",
        "app.notify(str(error))",
        "table.add_row(plain(name), url)",
        "table.add_row(*map(str, cells))",
        "table.update_cell(row, column, title)",
        "self.border_title = ticket.request.title.text",
        "self.tooltip = title",
        "Option(title, id='a')",
        "choice.add_options([Option(title) for title in titles])",
        "Content.from_markup(title)",
        """
        class Line(Static):
            def __init__(self, text: str) -> None:
                super().__init__(text)
        """,
    ],
)
def test_what_would_be_read_as_markup_is_found(source: str) -> None:
    assert complaints(textwrap.dedent(source))


@pytest.mark.parametrize(
    "source",
    [
        "Static(title, markup=False)",
        "Static()",
        "Static(plain(title))",
        "Button(plain(name))",
        "app.notify(str(error), markup=False)",
        "table.add_row(plain(name), Text(url))",
        "table.add_row(*map(plain, cells))",
        "table.update_cell(row, column, plain(title))",
        "self.border_title = plain(title)",
        "self.border_title = None",
        "choice.add_options([Option(plain(title)) for title in titles])",
        """
        class Line(Static):
            def __init__(self, text: str) -> None:
                super().__init__(text, markup=False)
        """,
    ],
)
def test_what_is_made_first_or_never_read_is_let_be(source: str) -> None:
    assert complaints(textwrap.dedent(source)) == []
