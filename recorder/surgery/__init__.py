"""Surgery: takes spans and rectangles out of a recording, for good."""

from recorder.surgery.operate import redact, remove_span, trim

__all__ = ["redact", "remove_span", "trim"]
