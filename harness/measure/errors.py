"""What can go wrong in measuring, a branch of the tree in `harness/errors.py`.

MeasureError
├── LogError         a run log is torn, altered or in use
└── EventOrderError  an event cannot follow those before it
"""

from harness.errors import HarnessError


class MeasureError(HarnessError):
    """Root of what the measuring raises on purpose."""


class LogError(MeasureError):
    """Raised when a run log is damaged, foreign, or being written by another process."""


class EventOrderError(MeasureError):
    """Raised when an event cannot follow those before it: its episode is unknown, or over."""
