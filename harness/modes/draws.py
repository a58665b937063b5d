"""Chance that does not depend on the order in which things happen to run."""

from __future__ import annotations

from random import Random


def draws(seed: int, *key: str | int) -> Random:
    """Return a stream of chance that belongs to a key.

    What one key draws has no influence on another, so that work can be scheduled in any way.

    Args:
        seed: of the run.
        key: names what is drawn, such as the episode, the number of the request and its part.

    >>> draws(7, "a", 1).random() == draws(7, "a", 1).random() != draws(7, "a", 2).random()
    True
    """
    return Random("/".join(map(str, (seed, *key))))  # hashed, so that near keys share nothing
