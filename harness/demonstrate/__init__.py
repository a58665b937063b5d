"""Demonstrations: experts, or a person, do tasks in front of the recorder.

plan.json           what was asked for
recordings/NAME/    recordings, each of many episodes
episodes/NAME.json  the episodes found in a recording that is closed: its takes
"""

from harness.demonstrate.by_human import demonstrate_by_human
from harness.demonstrate.plan import Plan, Unit
from harness.demonstrate.reading import demonstrations
from harness.demonstrate.recording import demonstrate
from harness.demonstrate.takes import Take

__all__ = [
    "Plan",
    "Take",
    "Unit",
    "demonstrate",
    "demonstrate_by_human",
    "demonstrations",
]
