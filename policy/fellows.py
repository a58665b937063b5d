"""The processes that train one policy together: one alone, or those that torchrun starts."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import torch
from accelerate import Accelerator
from torch import Tensor, distributed
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.distributed_c10d import PrefixStore
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard
from torch.distributed.rendezvous import rendezvous
from torch.distributed.tensor import DTensor, distribute_tensor

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

    def joined(
        self, model: UnderstudyModel, optimizer: torch.optim.Optimizer, *, is_sharded: bool = False
    ) -> Learner:
        """Have a network learn in all processes; it is the same in each of them already.

        Args:
            model: as it is now; it is changed in place.
            optimizer: of it, with its moments.
            is_sharded: each process keeps but a share of weights and moments.
        """
        if is_sharded and self.count > 1:
            return self._shared_out(model, optimizer)
        accelerator = self._accelerator
        prepared, tuned = accelerator.prepare(model, optimizer)
        prepared.train()
        running = torch.compile(prepared) if self.device.type == "cuda" else prepared

        def backward(loss: Tensor) -> None:
            accelerator.backward(loss)
            accelerator.clip_grad_norm_(prepared.parameters(), _STEEPEST)

        return Learner(running, tuned, backward)

    def _shared_out(self, model: UnderstudyModel, optimizer: torch.optim.Optimizer) -> Learner:
        has_gpu = self.device.type == "cuda"
        halved = MixedPrecisionPolicy(param_dtype=torch.bfloat16, output_dtype=torch.float32)
        # the trunk reads weights of all its blocks at once, so that all of them are one group
        shard(
            model,
            optimizer,
            init_device_mesh(self.device.type, (self.count,)),
            halved if has_gpu else MixedPrecisionPolicy(),
        )
        model.train()

        def backward(loss: Tensor) -> None:
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), _STEEPEST)

        return Learner(model, optimizer, backward)


def shard(
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    mesh: DeviceMesh,
    precision: MixedPrecisionPolicy,
) -> None:
    """Leave to each process its share of a network's weights and of their moments, in place."""
    model.to(mesh.device_type)
    # of outputs that are changed in place, which ours are not
    warnings.filterwarnings("ignore", message=".*returned a view tensor.*")
    names = {whole: name for name, whole in model.named_parameters()}
    fully_shard(model, mesh=mesh, mp_policy=precision)
    shares = dict(model.named_parameters())
    for group in optimizer.param_groups:
        group["params"] = [shares[names[whole]] for whole in group["params"]]
    for whole, name in names.items():
        share = cast(DTensor, shares[name])
        optimizer.state[share] = {
            key: distribute_tensor(moment, share.device_mesh, share.placements)
            if moment.shape == whole.shape
            else moment
            for key, moment in optimizer.state.pop(whole, {}).items()
        }


def gathered(tensor: Tensor) -> Tensor:
    """Return all of a tensor of which each process may have a share; all of them have to ask."""
    whole = tensor.full_tensor() if isinstance(tensor, DTensor) else tensor
    return whole.detach().cpu().contiguous()


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
