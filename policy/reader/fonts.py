"""Fonts that come in packages, beside those of the system, for the Chromium that draws pages."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.sax.saxutils import escape

PACKAGED = {
    "Roboto": "font_roboto",
    "Source Sans Pro": "font_source_sans_pro",
    "Source Serif Pro": "font_source_serif_pro",
    "Manrope": "font_manrope",
    "Hanken Grotesk": "font_hanken_grotesk",
    "Caladea": "font_caladea",
    "Lato": "font_lato",
    "Fredoka One": "font_fredoka_one",
    "Intuitive": "font_intuitive",
}
"""The package of each family; `pip install 'understudy[fonts]'` brings them all."""
_SYSTEMS = "/etc/fonts/fonts.conf"


def folders() -> dict[str, Path]:
    """Return where the packaged families are that are installed."""
    found = {family: find_spec(package) for family, package in PACKAGED.items()}
    return {
        family: Path(spec.origin).parent / "files"
        for family, spec in found.items()
        if spec and spec.origin
    }


def without_missing(families: tuple[str, ...]) -> tuple[str, ...]:
    """Return those families that are the system's or in packages that are installed."""
    there = folders()
    return tuple(each for each in families if each not in PACKAGED or each in there)


@contextmanager
def font_environment() -> Generator[dict[str, str]]:
    """Give variables that show fontconfig the packaged fonts, for as long as the block runs."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "fonts.conf"
        rules = [f"<dir>{escape(str(each))}</dir>" for each in folders().values()]
        system = escape(os.environ.get("FONTCONFIG_FILE", _SYSTEMS))
        path.write_text(
            '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">'
            f'<fontconfig><include ignore_missing="yes">{system}</include>'
            f"{''.join(rules)}</fontconfig>"
        )
        yield {"FONTCONFIG_FILE": str(path)}
