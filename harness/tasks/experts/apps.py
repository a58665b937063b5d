"""Experts for small applications: a menu to order from, an agreement, a terminal, a text editor."""

from __future__ import annotations

import re
from collections.abc import Mapping

from harness.tasks.experts.deciding import deciding, drag, filled, pressed, quoted, scrolled, told
from harness.tasks.experts.dom import Expert, Page, spot, spots
from recorder.schema import Action, KeyChord, TypeText

_STYLES = {
    "bold": ("bold", True),
    "italics": ("italic", True),
    "underlined": ("underline", True),
}
_COLORS = {
    "red": "#e60000",
    "orange": "#ff9900",
    "yellow": "#ffff00",
    "green": "#008a00",
    "blue": "#0066cc",
    "purple": "#9933ff",
}

# What is in the editor: its text, where some of it begins and ends, what is selected, and which
# styles which stretch has.
_EDITOR = """(text) => {
  const spaced = ` ${editor.getText()}`.replace(/\\s/g, " ");
  const at = Math.max(0, spaced.indexOf(` ${text} `));
  const { left, top } = document.querySelector("#editor").getBoundingClientRect();
  const place = (index) => {
    const box = editor.getBounds(index);
    return [Math.round(left + box.left), Math.round(top + box.top + box.height / 2)];
  };
  const { index, length } = editor.selection.savedRange; // outlives the focus
  const selected = editor.getText(index, length);
  const stretches = editor.getContents().ops
    .map(({ insert, attributes }) => [insert.trim(), Object.entries(attributes ?? {})])
    .filter(([insert]) => insert);
  return { whole: editor.getText().trim(), selected: selected.trim(), stretches,
           start: place(at), end: place(at + text.length) };
}"""


async def _order(page: Page) -> Action | None:
    """Bring each dish to its number, from the top of the menu on."""
    wanted = await _dishes(page)
    for dish in await spots(page, ".food-item"):
        name = dish.attributes["data-item"].strip()
        more = wanted.get(name, 0) - int(dish.attributes["data-quantity"])
        if more:
            item = f'.food-item[data-id="{dish.attributes["data-id"]}"]'
            return await pressed(page, f"{item} {'.add' if more > 0 else '.remove'}")
    return await pressed(page, "#submit-order button")


async def _dishes(page: Page) -> Mapping[str, int]:
    """Return how many of which dish are to be ordered."""
    found = re.search(r"Order (\d+) items that are (.+)", page.goal)
    if not found:
        return dict.fromkeys(re.split(r"\s*,\s*", page.goal.partition(": ")[2]), 1)
    count, kind = int(found[1]), found[2]
    names = await page.read(
        """(kind) => [...document.querySelectorAll(".food-item")]
          .filter((dish) => dish.querySelector(`img[alt="${kind}"]`))
          .map((dish) => dish.dataset.item.trim())""",
        kind,
    )
    chosen = dict.fromkeys(names[:count], 1)
    chosen[names[0]] += count - len(chosen)
    return chosen


async def _agreement(page: Page) -> Action | None:
    """Read to the end, sign and decide; or only cancel."""
    names = quoted(page.goal)
    if len(names) > 1:
        name, button = names
        look = await scrolled(page, "#text-area", down=True) if await _is_locked(page) else None
        if action := look or await filled(page, "#name", name):
            return action
        return await pressed(page, "#area button", button)
    return await pressed(page, "#cancel")


async def _is_locked(page: Page) -> bool:
    return bool(await page.read("""() => document.querySelector("#name").disabled"""))


async def _terminal(page: Page) -> Action | None:
    """List the files, remove one of the kind."""
    if not await spot(page, "#terminal-target:focus"):
        return await pressed(page, "#terminal")
    if begun := await page.read("""() => document.querySelector("#active-input").textContent"""):
        return KeyChord(key="Backspace", count=len(begun))
    files = await page.read("() => currentFiles")
    lines = [line.text.split() for line in await spots(page, ".terminal-output .output")]
    if files not in lines:
        return TypeText(text="ls\n")
    return TypeText(text=f"rm {_doomed(files, page.goal)}\n")


def _doomed(files: list[str], goal: str) -> str:
    """Return the file to remove.

    The page wants the extension to be where its letters first occur in the name: shark.sh won't do.
    """
    found = re.search(r"extension \.(\S+)", goal)
    if not found:
        return next(file for file in files if "." not in file)
    extension = found[1]
    fitting = [file for file in files if file.endswith(f".{extension}")]
    return max(fitting, key=lambda file: file.index(extension) == len(file) - len(extension))


async def _editor(page: Page) -> Action | None:
    """Select the text, give it its style or color."""
    found = told(page.goal, r"(?:text (\S+)|everything) the (?:style|color) (\w+)")
    editor = await page.read(_EDITOR, found[1] or "")
    text, style = found[1] or editor["whole"], found[2]
    key, value = _STYLES[style] if style in _STYLES else ("color", _COLORS[style])
    if [text, [[key, value]]] in editor["stretches"]:
        return await pressed(page, "#subbtn")
    if editor["selected"] != text:
        if action := await pressed(page, ".ql-expanded .ql-picker-label"):
            return action
        select_word = drag(tuple(editor["start"]), tuple(editor["end"]))
        return select_word if found[1] else await _select_all(page)
    color = await pressed(page, f'.ql-expanded .ql-picker-item[data-value="{value}"]')
    button = ".ql-color .ql-picker-label" if key == "color" else f".ql-{key}"
    return color or await pressed(page, button)


async def _select_all(page: Page) -> Action | None:
    if await spot(page, ".ql-editor:focus"):
        return KeyChord(key="a", modifiers=("ctrl",))
    return await pressed(page, ".ql-editor p")


async def _named_button(page: Page) -> Action | None:
    """Click a button of this text."""
    return await pressed(page, "#area button", quoted(page.goal)[0])


EXPERTS: dict[str, Expert] = {
    "order-food": deciding(_order),
    "sign-agreement": deciding(_agreement),
    "terminal": deciding(_terminal),
    "text-editor": deciding(_editor),
    "unicode-test": deciding(_named_button),
}
