"""Shards: the steps of some episodes in one file, whose bytes follow from the steps.

A shard is a safetensors file of the steps' arrays, one after the other, under zstd. Pictures that
repeat are kept once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from safetensors.numpy import save

from policy.data.steps import LearnedStep, Picture
from policy.errors import DataError
from policy.features import ABSENT, StepFeatures, Targets

Arrays: TypeAlias = dict[str, NDArray[Any]]
_KINDS = {
    "BOOL": np.bool_,
    "U8": np.uint8,
    "U16": np.uint16,
    "I32": np.int32,
    "I64": np.int64,
    "F16": np.float16,
    "F32": np.float32,
}


class Shard:
    """The steps of a shard, in memory."""

    def __init__(self, arrays: Arrays) -> None:
        self._arrays = arrays
        ends = {name: np.cumsum(arrays[name]) for name in ("words_in", "elements_in")}
        self._words, self._elements = ends["words_in"], ends["elements_in"]
        self._pairs = np.cumsum(arrays["words_in"] * arrays["elements_in"])

    def __len__(self) -> int:
        return len(self._words)

    def step(self, number: int) -> LearnedStep:
        """Return one step."""
        arrays = self._arrays
        words = slice(self._words[number] - arrays["words_in"][number], self._words[number])
        listed = arrays["elements_in"][number]
        elements = slice(self._elements[number] - listed, self._elements[number])
        count = words.stop - words.start
        pairs = arrays["matches"][self._pairs[number] - count * listed : self._pairs[number]]
        features = StepFeatures(
            words=arrays["words"][words],
            word_flags=arrays["word_flags"][words].astype(np.float32),
            elements=arrays["elements"][elements],
            numbers=arrays["numbers"][elements],
            matches=pairs.reshape(listed, count, pairs.shape[-1]).astype(np.float32),
            boxes=arrays["boxes"][elements],
            unseen=arrays["unseen"][number],
        )
        said = Targets(
            labels=arrays["labels"][number],
            accepted=arrays["accepted"][elements].T,
            points=arrays["points"][number],
            span=arrays["span"][number],
        )
        return LearnedStep(
            features,
            said,
            self._picture(int(arrays["picture"][number])),
            tuple(arrays["cursor"][number].tolist()),
            tuple(arrays["shown"][number].tolist()),
            float(arrays["weight"][number]),
            float(arrays["rest_bits"][number]),
        )

    def _picture(self, row: int) -> Picture | None:
        if row == ABSENT:
            return None
        return Picture(self._arrays["frames"][row], self._arrays["foveas"][row])


def size_of(step: LearnedStep) -> int:
    """Return about how many bytes of memory a step takes."""
    parts = step.features
    arrays = (parts.words, parts.elements, parts.numbers, parts.boxes)
    pictures = (step.picture.frame, step.picture.fovea) if step.picture else ()
    halved = (parts.word_flags.nbytes + parts.matches.nbytes) // 2
    return halved + sum(array.nbytes for array in (*arrays, *pictures))


def packed(steps: Sequence[LearnedStep]) -> tuple[bytes, int]:
    """Return the file of a shard with these steps, and its size in memory, in bytes."""
    unpacked = save(_arrays(steps))
    return pa.compress(unpacked, codec="zstd", asbytes=True), len(unpacked)


def unpacked(file: bytes, size: int) -> Shard:
    """Return the shard in a file.

    Args:
        file: what `packed` returned.
        size: of the shard in memory, in bytes.

    Raises:
        DataError: it is none.
    """
    try:
        body = pa.decompress(file, decompressed_size=size, codec="zstd", asbytes=True)
        return Shard(dict(_arrays_in(body)))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"no shard of steps: {error}") from error


def _arrays_in(body: bytes) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield the arrays of a safetensors file where they are; its own reader copies them."""
    length = int.from_bytes(body[:8], "little")
    for name, told in json.loads(body[8 : 8 + length]).items():
        first, end = told["data_offsets"]
        data = memoryview(body)[8 + length + first : 8 + length + end]
        yield name, np.frombuffer(data, _KINDS[told["dtype"]]).reshape(told["shape"])


def _arrays(steps: Sequence[LearnedStep]) -> Arrays:
    def joined(parts: Sequence[NDArray[np.generic]]) -> NDArray[np.generic]:
        return np.ascontiguousarray(np.concatenate(parts))

    def halved(array: NDArray[np.float32]) -> NDArray[np.float16]:
        return array.reshape(-1, array.shape[-1]).astype(np.float16)

    features, said = [step.features for step in steps], [step.targets for step in steps]
    return {
        **_pictures(steps),
        "words_in": np.array([len(each.words) for each in features], np.int64),
        "elements_in": np.array([len(each.elements) for each in features], np.int64),
        "words": joined([each.words for each in features]),
        "word_flags": joined([halved(each.word_flags) for each in features]),
        "elements": joined([each.elements for each in features]),
        "numbers": joined([each.numbers for each in features]),
        "matches": joined([halved(each.matches) for each in features]),
        "boxes": joined([each.boxes for each in features]),
        "unseen": np.stack([each.unseen for each in features]),
        "labels": np.stack([each.labels for each in said]),
        "accepted": joined([np.ascontiguousarray(each.accepted.T) for each in said]),
        "points": np.stack([each.points for each in said]),
        "span": np.stack([each.span for each in said]),
        "cursor": np.array([step.cursor for step in steps], np.int64),
        "shown": np.array([step.shown for step in steps], np.float32),
        "weight": np.array([step.weight for step in steps], np.float32),
        "rest_bits": np.array([step.rest_bits for step in steps], np.float32),
    }


def _pictures(steps: Sequence[LearnedStep]) -> Arrays:
    kept: dict[bytes, Picture] = {}
    keys: list[bytes | None] = []
    for step in steps:
        key = _key(step.picture) if step.picture else None
        if key is not None and step.picture:
            kept.setdefault(key, step.picture)
        keys.append(key)
    place = {key: row for row, key in enumerate(kept)}
    rows = [ABSENT if key is None else place[key] for key in keys]
    arrays: Arrays = {"picture": np.array(rows, np.int64)}
    if kept:
        arrays["frames"] = np.stack([each.frame for each in kept.values()])
        arrays["foveas"] = np.stack([each.fovea for each in kept.values()])
    return arrays


def _key(picture: Picture) -> bytes:
    seen = picture.frame.tobytes() + picture.fovea.tobytes()
    return hashlib.blake2b(seen, digest_size=16).digest()
