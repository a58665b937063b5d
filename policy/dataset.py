"""Episodes as windows on disk: small arrays in safetensors, pictures in memory-mapped bytes.

The cache is built once for a set of episodes, so that nothing is decoded while training; it is
complete or not there at all.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from policy.actions import encode, rest_bits
from policy.errors import DataError
from policy.features import StepFeatures, Targets, featurise, targets
from policy.observe import ObserveConfig, observe, preprocessing_hash
from policy.reader.read import Reader, Reading
from recorder.schema import Episode, Observation

VERSION = 2
_INDEX, _ARRAYS, _FRAMES, _FOVEAS = "index.json", "arrays.safetensors", "frames.npy", "foveas.npy"
Arrays: TypeAlias = dict[str, NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class EpisodeRow:
    """Where an episode's steps are."""

    task: str
    seed: str
    recording: str
    first: int
    steps: int
    success: bool


@dataclass(frozen=True, slots=True, eq=False)
class LearnedStep:
    """One step as it is learned from."""

    features: StepFeatures
    targets: Targets
    frame: int
    """Row of the pictures; ABSENT without pixels."""
    cursor: tuple[int, int]
    shown: tuple[float, float]
    """Pixels of the frame for each pixel of the screen, across and down."""
    weight: float
    rest_bits: float
    """Bits of what the heads leave out."""


class Dataset:
    """The steps of a cache.

    Raises:
        DataError: the cache is torn, or of another version.
    """

    def __init__(self, folder: Path) -> None:
        try:
            index = json.loads((folder / _INDEX).read_bytes())
            self._arrays = load_file(folder / _ARRAYS)
            self.frames = np.load(folder / _FRAMES, mmap_mode="r", allow_pickle=False)
            self.foveas = np.load(folder / _FOVEAS, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, SafetensorError) as error:
            raise DataError(f"{folder}: the cache of steps is torn: {error}; delete it") from error
        if index.get("version") != VERSION:
            raise DataError(f"{folder}: a cache of version {index.get('version')}; delete it")
        self.fingerprint: str = index["fingerprint"]
        self.episodes = [EpisodeRow(**row) for row in index["episodes"]]
        ends = {name: np.cumsum(self._arrays[name]) for name in ("words_in", "elements_in")}
        self._words, self._elements = ends["words_in"], ends["elements_in"]
        self._pairs = np.cumsum(self._arrays["words_in"] * self._arrays["elements_in"])

    def __len__(self) -> int:
        return len(self._words)

    def goal_words(self) -> list[int]:
        """Return rows of the hash table of all words that goals are made of, sorted."""
        return np.unique(self._arrays["words"][:, 0]).tolist()

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
            int(arrays["frame"][number]),
            tuple(arrays["cursor"][number].tolist()),
            tuple(arrays["shown"][number].tolist()),
            float(arrays["weight"][number]),
            float(arrays["rest_bits"][number]),
        )


def prepare(
    episodes: Iterable[Episode],
    folder: Path,
    config: ObserveConfig | None,
    told: Callable[[int], None] = lambda _: None,
    reader: Reader | None = None,
) -> Dataset:
    """Return the steps of episodes, from the cache in a folder if they are there already.

    Args:
        episodes: what to learn from; those that failed are kept, and marked.
        folder: where caches are kept; each set of episodes has its own.
        config: sizes of the pictures; None to keep no pictures.
        told: is called with the number of episodes that have been read.
        reader: what elements and instructions are read with; None for those that were recorded.

    Raises:
        DataError: there are no steps, or an episode is damaged; the message says which.
    """
    kept = list(episodes)
    if not kept:
        raise DataError("no episodes to learn from; record some with `understudy demonstrate`")
    place = folder / source_name(kept, config, reader.model_hash if reader else "")
    if not (place / _INDEX).is_file():
        _build(kept, place, config, told, reader)
    return Dataset(place)


def source_name(
    episodes: Sequence[Episode], config: ObserveConfig | None, reader_hash: str = ""
) -> str:
    """Return a name for a set of episodes under a config, from what they are called."""
    digest = hashlib.blake2b(digest_size=12)
    digest.update(f"{VERSION} {preprocessing_hash(config) if config else ''}{reader_hash}".encode())
    for each in episodes:
        name = (each.recording, each.task, each.seed, each.goal, each.success, len(each.steps))
        digest.update(json.dumps(name).encode())
    return digest.hexdigest()


def _build(
    episodes: Sequence[Episode],
    place: Path,
    config: ObserveConfig | None,
    told: Callable[[int], None],
    reader: Reader | None,
) -> None:
    rows: list[EpisodeRow] = []
    steps: list[LearnedStep] = []
    partial = place.with_name(place.name + ".part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    pictures = _Pictures(partial, config, sum(len(each.steps) for each in episodes))
    for number, episode in enumerate(episodes, start=1):
        read = read_episode(episode, pictures.add, reader)
        success = episode.success is not False
        row = (episode.task, episode.seed, episode.recording, len(steps), len(read), success)
        rows.append(EpisodeRow(*row))
        steps += read
        told(number)
    if not steps:
        raise DataError(f"{len(episodes)} episodes without a single step; nothing to learn from")
    pictures.close()
    arrays = _arrays(steps)
    save_file(arrays, partial / _ARRAYS)
    digest = hashlib.sha256((partial / _ARRAYS).read_bytes() + pictures.digest.digest())
    index = {
        "version": VERSION,
        "fingerprint": digest.hexdigest(),
        "episodes": [asdict(row) for row in rows],
    }
    (partial / _INDEX).write_text(json.dumps(index))
    partial.rename(place)


def read_episode(
    episode: Episode,
    add: Callable[[Observation], tuple[int, tuple[float, float]]],
    reader: Reader | None = None,
) -> list[LearnedStep]:
    """Return the steps of an episode as they are learned from.

    Args:
        episode: what was done.
        add: keeps a picture, and returns its row and its scale across and down.
        reader: what elements and instructions are read with; None for those that were recorded.

    Raises:
        DataError: the episode is damaged; the message says which one and how.
    """
    name = f"episode {episode.task} seed {episode.seed!r} of recording {episode.recording!r}"
    if not len(episode.steps):
        raise DataError(f"{name} has no steps; leave it out")
    read: list[LearnedStep] = []
    before_ns: int | None = None
    reading: Reading | None = None
    for number, step in enumerate(episode.steps):
        observation = step.observation
        pixels = observation.pixels
        if pixels.ndim != 3 or not pixels.size or pixels.dtype != np.uint8:
            raise DataError(f"{name}: step {number} has pixels {pixels.shape} of {pixels.dtype}")
        if reader:
            reading = reader.read(pixels, reading)
            observation = reading.as_seen(observation)
        gap_ms = 0 if before_ns is None else (step.t_ns - before_ns) // 1_000_000
        if gap_ms < 0:
            raise DataError(f"{name}: step {number} begins before the one before it")
        before_ns = step.t_ns
        events = encode(step.action, observation, gap_ms=gap_ms)
        # of a text that is spelled, the first piece is what this observation calls for
        frame, shown = add(observation)
        learned = LearnedStep(
            featurise(observation),
            targets(events[0], observation),
            frame,
            observation.cursor,
            shown,
            step.weight,
            sum(rest_bits(event, observation) for event in events),
        )
        read.append(learned)
    return read


class _Pictures:
    """Pictures of all steps, written to memory-mapped files; those that repeat are kept once."""

    def __init__(self, folder: Path, config: ObserveConfig | None, most: int) -> None:
        self._config = config
        self.digest = hashlib.sha256()
        self._rows: dict[bytes, int] = {}
        frame = (most, 3, config.height_px, config.width_px) if config else (0,)
        fovea = (most, 3, config.fovea_px, config.fovea_px) if config else (0,)
        opened = np.lib.format.open_memmap
        self._frames = opened(folder / _FRAMES, "w+", np.uint8, frame) if most and config else None
        self._foveas = opened(folder / _FOVEAS, "w+", np.uint8, fovea) if most and config else None
        if self._frames is None:
            np.save(folder / _FRAMES, np.zeros(0, np.uint8))
            np.save(folder / _FOVEAS, np.zeros(0, np.uint8))

    def add(self, observation: Observation) -> tuple[int, tuple[float, float]]:
        """Return the row of an observation's picture, and its scale across and down."""
        if self._config is None or self._frames is None or self._foveas is None:
            return -1, (1.0, 1.0)
        view = observe(observation, self._config)
        key = hashlib.blake2b(view.frame.tobytes() + view.fovea.tobytes(), digest_size=16).digest()
        if key not in self._rows:
            row = self._rows[key] = len(self._rows)
            self._frames[row], self._foveas[row] = view.frame, view.fovea
            self.digest.update(key)
        return self._rows[key], view.to_frame(1, 1)

    def close(self) -> None:
        """Write what is still in memory."""
        for array in (self._frames, self._foveas):
            if array is not None:
                array.flush()


def _arrays(steps: Sequence[LearnedStep]) -> dict[str, NDArray[np.generic]]:
    def joined(parts: Sequence[NDArray[np.generic]]) -> NDArray[np.generic]:
        return np.ascontiguousarray(np.concatenate(parts))

    features, said = [step.features for step in steps], [step.targets for step in steps]
    return {
        "words_in": np.array([len(each.words) for each in features], np.int64),
        "elements_in": np.array([len(each.elements) for each in features], np.int64),
        "words": joined([each.words for each in features]),
        "word_flags": joined([each.word_flags.astype(np.float16) for each in features]),
        "elements": joined([each.elements for each in features]),
        "numbers": joined([each.numbers for each in features]),
        "matches": joined(
            [
                each.matches.reshape(-1, each.matches.shape[-1]).astype(np.float16)
                for each in features
            ]
        ),
        "boxes": joined([each.boxes for each in features]),
        "labels": np.stack([each.labels for each in said]),
        "accepted": joined([np.ascontiguousarray(each.accepted.T) for each in said]),
        "points": np.stack([each.points for each in said]),
        "span": np.stack([each.span for each in said]),
        "frame": np.array([step.frame for step in steps], np.int64),
        "cursor": np.array([step.cursor for step in steps], np.int64),
        "shown": np.array([step.shown for step in steps], np.float32),
        "weight": np.array([step.weight for step in steps], np.float32),
        "rest_bits": np.array([step.rest_bits for step in steps], np.float32),
    }


# Splits -------------------------------------------------------------------------------------------


def split_episodes(
    episodes: Sequence[EpisodeRow], share: float, *, by_task: bool = False, seed: int = 0
) -> tuple[list[int], list[int]]:
    """Return which episodes to train on and which to keep out; never parts of one.

    Args:
        episodes: all there are.
        share: of episodes of each task to keep out, or of tasks if `by_task`.
        by_task: keep whole tasks out.
        seed: of the draw.
    """
    rng = np.random.default_rng(seed)
    tasks = sorted({row.task for row in episodes})
    out: set[int] = set()
    if by_task:
        chosen = set(rng.permutation(tasks)[: round(share * len(tasks))].tolist())
        out = {number for number, row in enumerate(episodes) if row.task in chosen}
    else:
        for task in tasks:
            own = [number for number, row in enumerate(episodes) if row.task == task]
            out |= set(rng.permutation(own)[: round(share * len(own))].tolist())
    return [number for number in range(len(episodes)) if number not in out], sorted(out)


def windows(episodes: Sequence[EpisodeRow], context: int) -> list[tuple[int, ...]]:
    """Return the steps of each window: stretches of `context` steps, the last one shorter."""
    return [
        tuple(range(row.first + start, row.first + min(start + context, row.steps)))
        for row in episodes
        for start in range(0, row.steps, context)
    ]
