"""Colours besides those that Textual brings: one of high contrast, one for the colour-blind."""

from __future__ import annotations

from textual.theme import Theme

HIGH_CONTRAST = Theme(
    name="high-contrast",
    primary="#4da6ff",
    secondary="#ffffff",
    accent="#00e5ff",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#262626",
    warning="#ffd400",
    error="#ff5c5c",
    success="#3dff6e",
    dark=True,
)
# hues after Okabe and Ito, "Color universal design", 2008
COLOUR_BLIND_SAFE = Theme(
    name="colour-blind-safe",
    primary="#0072b2",
    secondary="#cc79a7",
    accent="#56b4e9",
    foreground="#f2f2f2",
    background="#101418",
    surface="#161b21",
    panel="#242c34",
    warning="#f0e442",
    error="#d55e00",
    success="#009e73",
    dark=True,
)
THEMES = (HIGH_CONTRAST, COLOUR_BLIND_SAFE)
OFFERED = (*(each.name for each in THEMES), "textual-dark", "textual-light", "ansi-dark")
"""Names of those that can be chosen."""
