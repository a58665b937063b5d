"""How unlike the known screens an observation is, as a p-value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from policy.errors import DataError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Novelty:
    """Split conformal p-values of the distance to the k-th nearest known observation.

    Under exchangeability with the observations behind `scores`, a p-value is at most u with a
    probability of at most u. Source: Vovk, Gammerman and Shafer, "Algorithmic learning in a random
    world", 2005; Bates et al., "Testing for outliers with conformal p-values", 2023.
    """

    reference: Floats
    """(R, D) embeddings of known observations."""
    scores: Floats
    """(M,) sorted distances of held-out observations to the reference."""
    neighbour: int
    """k."""

    def p_values(self, embeddings: Floats) -> Floats:
        """Return the p-value of each observation, (N,), from embeddings (N, D).

        Raises:
            DataError: they are not of the reference's length.
        """
        found = distances(self.reference, embeddings, self.neighbour)
        at_least = len(self.scores) - np.searchsorted(self.scores, found, side="left")
        return (1 + at_least) / (len(self.scores) + 1)


def fit_novelty(reference: Floats, held_out: Floats, neighbour: int = 5) -> Novelty:
    """Score held-out observations against known ones; the two must not share an episode.

    Args:
        reference: (R, D).
        held_out: (M, D).
        neighbour: k; fewer where the reference is smaller.

    Raises:
        DataError: one of them is empty, or their lengths differ.
    """
    if not len(reference) or not len(held_out):
        raise DataError(
            f"{len(reference)} known and {len(held_out)} held-out observations; "
            "allowed: at least one each"
        )
    neighbour = min(neighbour, len(reference))
    scores = np.sort(distances(reference, held_out, neighbour))
    return Novelty(reference, scores, neighbour)


def distances(reference: Floats, embeddings: Floats, neighbour: int) -> Floats:
    """Return the distance to the `neighbour`-th nearest of the reference, (N,).

    Raises:
        DataError: the lengths of the embeddings differ.
    """
    if embeddings.shape[1:] != reference.shape[1:]:
        raise DataError(
            f"embeddings of length {embeddings.shape[-1]}; allowed: {reference.shape[-1]}"
        )
    found = np.partition(cdist(embeddings, reference), neighbour - 1, axis=1)[:, neighbour - 1]
    # distances that differ by rounding only are equal, or p-values of repeated screens would jitter
    return np.round(found, 6).astype(np.float64)
