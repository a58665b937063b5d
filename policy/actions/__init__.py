"""The event codec: the schema's actions as the few choices that a network predicts, and back."""

from policy.actions.bits import Codebook, raw_events, rest_bits
from policy.actions.codec import Event, Extra, decode, encode, predicted
from policy.actions.heads import ABSENT, CODES, KEYS, POINTS, SIZES, USES, Head, Kind
from policy.actions.spans import (
    CASINGS,
    GOAL,
    Copy,
    Span,
    find_copy,
    is_aligned,
    same_text,
    source_of,
    texts,
    words,
)

__all__ = [
    "ABSENT",
    "CASINGS",
    "CODES",
    "GOAL",
    "KEYS",
    "POINTS",
    "SIZES",
    "USES",
    "Codebook",
    "Copy",
    "Event",
    "Extra",
    "Head",
    "Kind",
    "Span",
    "decode",
    "encode",
    "find_copy",
    "is_aligned",
    "predicted",
    "raw_events",
    "rest_bits",
    "same_text",
    "source_of",
    "texts",
    "words",
]
