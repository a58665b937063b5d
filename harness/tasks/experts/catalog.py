"""Which expert does which page."""

from __future__ import annotations

from harness.errors import ConfigError
from harness.tasks.experts import (
    adjusting,
    apps,
    browsing,
    calendars,
    choosing,
    copying,
    dragging,
    entering,
    figures,
    flights,
    folds,
    guessing,
    mail,
    moving,
    plotting,
    pointing,
    reading,
)
from harness.tasks.experts.dom import Expert

_EXPERTS: dict[str, Expert] = {
    **adjusting.EXPERTS,
    **apps.EXPERTS,
    **browsing.EXPERTS,
    **calendars.EXPERTS,
    **choosing.EXPERTS,
    **copying.EXPERTS,
    **dragging.EXPERTS,
    **entering.EXPERTS,
    **figures.EXPERTS,
    **flights.EXPERTS,
    **folds.EXPERTS,
    **guessing.EXPERTS,
    **mail.EXPERTS,
    **moving.EXPERTS,
    **plotting.EXPERTS,
    **pointing.EXPERTS,
    **reading.EXPERTS,
}


def has_expert(path: str) -> bool:
    """Say whether a page can be solved by an expert."""
    return path.removesuffix(".html") in _EXPERTS


def expert_of(path: str) -> Expert:
    """Return the expert of a page.

    Raises:
        ConfigError: it has none.
    """
    try:
        return _EXPERTS[path.removesuffix(".html")]
    except KeyError:
        raise ConfigError(f"no expert knows {path}; those of {len(_EXPERTS)} pages do") from None
