"""Chance that depends on what it is for, not on when it is asked for, for many agents at once.

A draw is a hash of its counters, so that the same agent in the same episode meets the same event
whoever is attended first: allocators are compared on the same draws.
Sources: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011, for numbers by counter;
Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014, for the mixing.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Streams: TypeAlias = NDArray[np.uint64]
"""Where the draws of each of K streams begin, (K,)."""

_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S11, _S27, _S30, _S31 = np.uint64(11), np.uint64(27), np.uint64(30), np.uint64(31)


class Purpose(IntEnum):
    """What is drawn; each has streams of its own."""

    RECORD = 1
    """Which recorded episode an agent plays."""
    NOTICE = 2
    """How long the person takes to notice a request."""
    PICK = 3
    """What an allocator may leave to chance."""


def streams(seed: int, purpose: Purpose, n: int) -> Streams:
    """Return n streams, one for each agent; `seed` is from 0 to 2⁶⁴ - 1.

    >>> one, other = uniform(streams(7, Purpose.NOTICE, 2), np.array([0, 0]))
    >>> bool(one == other)
    False
    """
    root = substreams(np.full(1, seed, np.uint64), np.full(1, purpose))
    return substreams(np.repeat(root, n), np.arange(n))


def substreams(parents: Streams, counters: NDArray[np.int64]) -> Streams:
    """Return the so-manieth stream of each of others; counters are (K,), from 0."""
    state = parents + _STEP * (counters.astype(np.uint64) + np.uint64(1))
    state = (state ^ (state >> _S30)) * _FIRST
    state = (state ^ (state >> _S27)) * _SECOND
    return state ^ (state >> _S31)


def uniform(parents: Streams, counters: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the so-manieth number of each stream, from 0 up to 1; counters are (K,), from 0."""
    # 53 bits are what a float holds
    return (substreams(parents, counters) >> _S11).astype(np.float64) * 2.0**-53
