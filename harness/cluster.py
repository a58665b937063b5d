"""Actors on the machines of a Ray cluster. Ray is an extra, imported once it is asked for."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Literal, TypeAlias

from harness.errors import ConfigError

Engine: TypeAlias = Literal["local", "ray"]
"""Where workers run: in processes here, or wherever a Ray cluster has room."""

_NAMESPACE = "understudy"
_STARTING_S = 120.0
"""That a cluster may take to find room for a worker."""


def load_ray() -> Any:
    """Return Ray.

    Raises:
        ConfigError: it is not installed.
    """
    try:
        import ray  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ConfigError(
            "the engine ray needs Ray; install it with pip install 'understudy[ray]'"
        ) from error
    return ray


@asynccontextmanager
async def actors(kind: type[Any], number: int) -> AsyncGenerator[list[Any]]:
    """Start actors of a class, a processor for each, and end them on leaving.

    The cluster is the one that `RAY_ADDRESS` names, else one that runs here, else a new one.

    Raises:
        ConfigError: Ray is not installed, or the cluster has no room for so many.
    """
    ray = load_ray()
    async with AsyncExitStack() as stack:
        if not ray.is_initialized():
            _join(ray)
            stack.callback(ray.shutdown)
        actor = ray.remote(num_cpus=1, scheduling_strategy="SPREAD")(kind)
        started = [actor.remote() for _ in range(number)]
        for each in started:
            stack.callback(ray.kill, each)
        try:
            async with asyncio.timeout(_STARTING_S):
                await asyncio.gather(*(each.__ray_ready__.remote() for each in started))
        except TimeoutError as error:
            there = int(ray.cluster_resources().get("CPU", 0))
            raise ConfigError(
                f"the cluster has no room for {number} workers: it has {there} processors, and "
                "each worker takes one"
            ) from error
        yield started


def _join(ray: Any) -> None:
    ray.init(
        namespace=_NAMESPACE,
        log_to_driver=False,
        logging_level="ERROR",
        runtime_env={
            "env_vars": {
                "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                # cells run side by side already; more threads would only fight for the same cores
                "OMP_NUM_THREADS": "1",
            }
        },
    )
