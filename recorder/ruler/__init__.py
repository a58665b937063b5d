"""The ruler test: how honest a recording's times are, measured against a painted clock."""

from recorder.ruler.measure import Alignment, Ruler, measure_alignment

__all__ = ["Alignment", "Ruler", "measure_alignment"]
