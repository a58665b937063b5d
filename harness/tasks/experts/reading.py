"""Experts for pages whose answer is to be read or worked out from what they show."""

from __future__ import annotations

import re
from collections.abc import Mapping

from harness.tasks.experts.deciding import deciding, filled, form, ordinal, pressed, scrolled, told
from harness.tasks.experts.dom import Expert, Page, spots
from recorder.schema import Action

_LAST_WORD = """(css) => document.querySelector(css).value.trim().split(/\\s+/).pop()"""


async def _first_text(page: Page, css: str) -> str:
    return (await spots(page, css))[0].text


async def _nth_word(page: Page) -> Mapping[str, str]:
    words = (await _first_text(page, "#area p")).split()
    return {"#answer-input": _letters(words[ordinal(page.goal) - 1])}


async def _table(page: Page) -> dict[str, str]:
    cells = [cell.text for cell in await spots(page, "#tab td")]
    return dict(zip(cells[::2], cells[1::2], strict=True))


async def _cell(page: Page) -> Mapping[str, str]:
    return {"#tt": (await _table(page))[told(page.goal, r"value of (.+) into")[1]]}


async def _two_cells(page: Page) -> Mapping[str, str]:
    table = await _table(page)
    return {
        f"#tt{number}": table[(await _first_text(page, f"#ll{number}")).rstrip(":")]
        for number in (1, 2)
    }


async def _algebra(page: Page) -> Mapping[str, str]:
    return {"#math-answer": str(solved(await _first_text(page, "#math-problem")))}


async def _arithmetic(page: Page) -> Mapping[str, str]:
    left, sign, right = (await _first_text(page, "#math-problem")).split()[:3]
    return {"#math-answer": str(_combined(int(left), sign, int(right)))}


async def _blocks(page: Page) -> Mapping[str, str]:
    return {"#math-answer": str(len(await spots(page, ".addition-block")))}


async def _skewed(page: Page) -> Mapping[str, str]:
    return {"#tt": "".join(letter.text for letter in await spots(page, "#captcha span"))}


async def _last_word(page: Page) -> Action | None:
    """Scroll down to the last word, copy it."""
    word = _letters(await page.read(_LAST_WORD, "#text-area"))
    field = (await spots(page, "#answer-input"))[0]
    look = None if field.value == word else await scrolled(page, "#text-area", down=True)
    return look or await filled(page, "#answer-input", word) or await pressed(page, "#subbtn")


async def _scroll_to_end(page: Page) -> Action | None:
    """Scroll to the end that is asked for."""
    down = "bottom" in page.goal
    return await scrolled(page, "#text-area", down=down) or await pressed(page, "#subbtn")


def solved(equation: str) -> int:
    """Return the unknown of `x + 2 = 5`, `x - 2 = 5`, `2 + x = 5` or `2 - x = 5`.

    >>> solved("2 - x = 5")
    -3
    """
    left, sign, right, _, total = equation.split()
    known = int(right if left == "x" else left)
    if sign == "+":
        return int(total) - known
    return int(total) + known if left == "x" else known - int(total)


def _combined(left: int, sign: str, right: int) -> int:
    match sign:
        case "+":
            return left + right
        case "-":
            return left - right
        case _:
            return left * right


def _letters(word: str) -> str:
    return re.sub(r"[^a-zA-Z]", "", word)


EXPERTS: dict[str, Expert] = {
    "find-word": form(_nth_word),
    "read-table": form(_cell),
    "read-table-2": form(_two_cells),
    "scroll-text": deciding(_last_word),
    "scroll-text-2": deciding(_scroll_to_end),
    "simple-algebra": form(_algebra),
    "simple-arithmetic": form(_arithmetic),
    "text-transform": form(_skewed),
    "visual-addition": form(_blocks),
}
