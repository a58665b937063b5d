"""The processes that train one policy together: one alone, or those that torchrun starts."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import torch
from accelerate import Accelerator
from torch import Tensor, distributed
from torch.distributed.distributed_c10d import PrefixStore
from torch.distributed.rendezvous import rendezvous

from policy.model import Outputs, UnderstudyModel

_STEEPEST = 1.0  # norm of a gradient


class Fellows:
    """This process and the others: each learns from a part of every batch."""

    def __init__(self) -> None:
        has_gpu = torch.cuda.is_available()
        _meet("nccl" if has_gpu else "gloo")
        self._accelerator = Accelerator(
            mixed_precision="bf16" if has_gpu else "no", cpu=not has_gpu
        )

    @property
    def count(self) -> int:
        """Processes."""
        return self._accelerator.num_processes

    @property
    def device(self) -> torch.device:
        """What this one computes on."""
        return self._accelerator.device

    @property
    def own(self) -> slice:
        """This one's part of a batch."""
        return slice(self._accelerator.process_index, None, self.count)

    @contextmanager
    def first(self) -> Generator[None]:
        """Do something in one process before the others do it."""
        with self._accelerator.main_process_first():
            yield

    @contextmanager
    def alone(self) -> Generator[bool]:
        """Say whether this process is the one to do something for all; the others wait for it."""
        self._accelerator.wait_for_everyone()
        yield self._accelerator.is_main_process
        self._accelerator.wait_for_everyone()

    def total(self, own: Tensor | float) -> float:
        """Return the sum of a number over all processes."""
        mine = torch.as_tensor(own, dtype=torch.float64, device=self.device).detach()
        if self.count == 1:
            return mine.item()
        return cast(Tensor, self._accelerator.reduce(mine, "sum")).item()

    def joined(self, model: UnderstudyModel, optimizer: torch.optim.Optimizer) -> Learner:
        """Have a network learn in all processes; it is the same in each of them already."""
        accelerator = self._accelerator
        prepared, tuned = accelerator.prepare(model, optimizer)
        prepared.train()
        running = torch.compile(prepared) if self.device.type == "cuda" else prepared

        def backward(loss: Tensor) -> None:
            accelerator.backward(loss)
            accelerator.clip_grad_norm_(prepared.parameters(), _STEEPEST)

        return Learner(running, tuned, backward)


def _meet(backend: str) -> None:
    """Join the processes that torchrun started, if it did.

    Its store outlives processes that were killed. Those that are started in their place must not
    find addresses there that nobody is at.
    """
    restarts = os.environ.get("TORCHELASTIC_RESTART_COUNT")
    if restarts is None or distributed.is_initialized():
        return
    store, rank, count = next(rendezvous("env://"))
    store = PrefixStore(f"restart-{restarts}", store)
    distributed.init_process_group(backend, store=store, rank=rank, world_size=count)


@dataclass(frozen=True, slots=True)
class Learner:
    """A network that learns in several processes at once."""

    running: Callable[[Any], Outputs]
    optimizer: torch.optim.Optimizer
    backward: Callable[[Tensor], None]
    """Finds the gradients, averaged over the processes and no longer than they may be."""
