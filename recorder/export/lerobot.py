"""stub"""

from typing import Any


def to_lerobot(*a: Any, **k: Any) -> None:
    """Stub."""
