"""The network for one step alone, with less of Python between its sums."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import fields
from typing import cast

import torch
from torch import Tensor

from policy.model import Inputs, Outputs, UnderstudyModel

_NAMES = tuple(each.name for each in fields(Inputs))


class TracedModel:
    """A network that is a graph for single steps; the outputs are the same to the last bit.

    For one agent, much of a small network's time goes into calling its 400 operations one by one
    from Python. A graph that was recorded once calls them itself. (`torch.compile` would do more,
    but needs a C++ compiler where the policy acts, and minutes.)

    Args:
        model: whose weights change no more; the graphs share them. One with a foreign screen
            encoder stays as it is: what a graph would make of that is unknown.
    """

    def __init__(self, model: UnderstudyModel) -> None:
        self._model = model.requires_grad_(requires_grad=False)
        self._graphs: dict[tuple[str, ...], Callable[..., tuple[Tensor, ...]]] = {}
        """By the names of what they take: with pictures, or without."""

    def __call__(self, inputs: Inputs) -> Outputs:
        """Return what the heads say of every step; the first time takes half a second longer."""
        if not inputs.is_alone or self._model.config.encoder != "conv":
            return self._model(inputs)
        given = {name: value for name in _NAMES if (value := getattr(inputs, name)) is not None}
        names, tensors = tuple(given), tuple(given.values())
        if names not in self._graphs:
            self._graphs[names] = self._trace(names, tensors)
        return Outputs(*self._graphs[names](*tensors))

    def _trace(
        self, names: tuple[str, ...], tensors: tuple[Tensor, ...]
    ) -> Callable[..., tuple[Tensor, ...]]:
        def flat(*given: Tensor) -> tuple[Tensor, ...]:
            return tuple(self._model(Inputs(**dict(zip(names, given, strict=True)))))

        with warnings.catch_warnings():
            # of the API, which has no successor without a compiler, and of each shape in Python
            warnings.simplefilter("ignore")
            traced = torch.jit.trace(flat, tensors, check_trace=False)
            graph = cast(Callable[..., tuple[Tensor, ...]], traced)
            for _ in range(2):  # its first calls improve it, which takes a while
                graph(*tensors)
        return graph
