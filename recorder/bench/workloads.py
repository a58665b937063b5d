"""Windows to record while measuring: a desktop at rest, typing, and full-screen scrolling.

Each is a process of its own, `python -m recorder.bench.workloads typing --seed 1`, that paints the
same things for the same seed until it is ended. It prints `ready` once its window is on screen.
"""

from __future__ import annotations

import argparse
import random
import sys
import tkinter as tk
from collections.abc import Callable, Sequence

TYPING_MS = 200  # five characters a second
SCROLL_MS = 100  # one wheel notch, three lines, for every frame at the default rate
_SYLLABLES = [
    "ka",
    "lo",
    "min",
    "tar",
    "es",
    "qui",
    "ber",
    "on",
    "da",
    "fel",
    "ix",
    "mo",
    "ran",
    "su",
    "vel",
    "po",
    "tri",
    "ne",
    "ga",
    "hul",
]
_PAGE_LINES = 4000


def random_text(chance: random.Random, lines: int) -> str:
    """Return lines of made-up words, none like another."""
    return "\n".join(
        " ".join(
            "".join(chance.choices(_SYLLABLES, k=chance.randint(1, 4)))
            for _ in range(chance.randint(10, 26))
        )
        for _ in range(lines)
    )


def idle(root: tk.Tk, chance: random.Random) -> None:
    """Show a form and a page of text in which nothing moves."""
    tk.Label(root, text="Monthly report", font=("DejaVu Sans", 24)).pack(
        anchor="w", padx=24, pady=8
    )
    for name in ("Customer", "Order", "Amount"):
        tk.Button(root, text=name, width=20).pack(anchor="w", padx=24, pady=4)
    page = _page(root, chance, lines=60)
    page.configure(state="disabled")


def typing(root: tk.Tk, chance: random.Random) -> None:
    """Type five characters a second at the end of a page, with a blinking caret."""
    page = _page(root, chance, lines=50)
    page.see("insert")
    page.focus_force()

    def type_one() -> None:
        page.insert("insert", chance.choice("etaoinshrdlu  \n"))
        page.see("insert")

    _repeat(root, TYPING_MS, type_one)


def scroll(root: tk.Tk, chance: random.Random) -> None:
    """Scroll full-screen text by a wheel notch ten times a second."""
    page = _page(root, chance, lines=_PAGE_LINES)

    def turn_wheel() -> None:
        page.yview_scroll(3, "units")
        if page.yview()[1] >= 1.0:
            page.yview_moveto(0.0)

    _repeat(root, SCROLL_MS, turn_wheel)


WORKLOADS: dict[str, Callable[[tk.Tk, random.Random], None]] = {
    "idle": idle,
    "typing": typing,
    "scroll": scroll,
}


def _page(root: tk.Tk, chance: random.Random, *, lines: int) -> tk.Text:
    page = tk.Text(root, font=("DejaVu Sans Mono", 12), wrap="none", padx=12, pady=8)
    page.insert("1.0", random_text(chance, lines))
    page.mark_set("insert", "end")
    page.pack(fill="both", expand=True)
    return page


def _repeat(root: tk.Tk, every_ms: int, act: Callable[[], None]) -> None:
    def again() -> None:
        act()
        root.after(every_ms, again)

    root.after(every_ms, again)


def main(arguments: Sequence[str] | None = None) -> None:
    """Show one workload until the process is ended."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("workload", choices=sorted(WORKLOADS))
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(arguments)
    root = tk.Tk(className="Workload")
    root.title(asked.workload)
    root.geometry(f"{root.winfo_screenwidth()}x{root.winfo_screenheight()}+0+0")
    WORKLOADS[asked.workload](root, random.Random(asked.seed))
    root.update()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    root.mainloop()


if __name__ == "__main__":
    main()
