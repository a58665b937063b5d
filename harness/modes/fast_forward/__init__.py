"""Fast-forward: the light comes on when the rest is understood, and a click runs it."""

from harness.modes.fast_forward.cells import ForwardCell

__all__ = ["ForwardCell"]
