"""How often a test repeats what it does: little in the gate, much under `make soak`."""

import os

import pytest

SOAK_ONLY = pytest.mark.skipif(
    not os.environ.get("UNDERSTUDY_SOAK"), reason="takes long: make soak runs it"
)


def repeats(gate: int, soak: int) -> int:
    """Return how often to do something."""
    return soak if os.environ.get("UNDERSTUDY_SOAK") else gate
