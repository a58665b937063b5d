"""Which expert does which page."""

from __future__ import annotations

from harness.errors import ConfigError
from harness.tasks.experts import (
    calendars,
    choosing,
    copying,
    dragging,
    figures,
    flights,
    folds,
    pointing,
    second,
)
from harness.tasks.experts.dom import Expert

_EXPERTS: dict[str, Expert] = {
    **calendars.EXPERTS,
    **choosing.EXPERTS,
    **copying.EXPERTS,
    **dragging.EXPERTS,
    **figures.EXPERTS,
    **flights.EXPERTS,
    **folds.EXPERTS,
    **pointing.EXPERTS,
    **second.EXPERTS,
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
