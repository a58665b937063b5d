"""Policies that a learned one must beat; none of them understands what it sees.

None of their probabilities is calibrated; those that are learned say how often they were right on
what they were learned from.
"""

from policy.baselines.habits import CopyLast, NoOp, Prior
from policy.baselines.neighbour import NearestNeighbour
from policy.baselines.text_match import TextMatch

__all__ = ["CopyLast", "NearestNeighbour", "NoOp", "Prior", "TextMatch"]
