"""Runs the benchmark of the policy: ours and the peer decide and learn on the same pages."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice, repeat
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from policy import checkpoint
from policy.actions import encode
from policy.agent import load
from policy.bench.pages import episodes, turns
from policy.bench.peer import Peer, PeerPolicy
from policy.errors import ConfigError
from policy.observe import ObserveConfig, batch, observe
from policy.train import Ears, Progress, TrainConfig, network_config, new_model, train
from recorder.schema import AgentContext, Decision

AGENTS = (1, 8)
"""Agents that are decided for at once."""
PEAK_FLOPS = 989e12
"""What an H100 or H200 can do a second in bf16 without sparsity, from NVIDIA's data sheet."""
_EPISODES = 24
_WARM = 3  # decisions that fill caches
_FEWEST = 5  # decisions of a row, however slow they are
_FEWEST_UPDATES = 2


class Policy(Protocol):
    """Anything that decides."""

    def decide(self, batch: Sequence[AgentContext]) -> list[Decision]:
        """Return a decision for each agent."""
        ...


def run(config: TrainConfig, *, seconds: float, report: Callable[[str], None]) -> dict[str, Any]:
    """Return every figure of the benchmark by its name.

    Decisions are timed on one core, from an observation to an action: as a clock on the wall sees
    it, and in processor time, which others on the machine do not lengthen. No page is seen twice,
    and its words are new, so that no cache knows it. Training takes all cores
    there are, or the accelerator.

    Args:
        config: the network and its training; the first half of the updates warms up.
        seconds: how long each row of decisions is measured.
        report: told what is being measured.

    Raises:
        ConfigError: there are fewer than two updates.
    """
    if config.updates < _FEWEST_UPDATES:
        raise ConfigError(f"{config.updates} updates; a rate takes at least {_FEWEST_UPDATES}")
    figures: dict[str, Any] = {
        "seconds": seconds,
        "seed": config.seed,
        "size": config.size,
        "updates": config.updates,
        "batch": config.batch,
        "cpus": os.cpu_count(),
        "load_before": os.getloadavg()[0],
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        "training_threads": torch.get_num_threads(),
    }
    with TemporaryDirectory() as name:
        for suffix, pixels in (("", True), ("_elements", False)):
            what = "pixels and elements" if pixels else "elements only"
            own = replace(config, pixels=pixels, save_every=config.updates)
            folder = Path(name) / what
            report(f"training, {what}")
            figures |= _training(own, folder, suffix)
            report(f"deciding, {what}")
            policy = load(folder / "checkpoint")
            figures |= _deciding(policy, suffix, seconds, config.seed)
            if pixels:
                figures |= _unchanged(policy, seconds, config.seed)
    report("the peer")
    return figures | _peer(replace(config, pixels=True), seconds)


# Deciding -----------------------------------------------------------------------------------------


def _deciding(policy: Policy, suffix: str, seconds: float, seed: int) -> dict[str, float]:
    figures: dict[str, float] = {}
    for agents in AGENTS:
        several = "" if agents == 1 else f"_{agents}"
        taken = _decide(policy, turns(agents, seed), seconds)
        figures[f"decision_ms_p50{several}{suffix}"] = taken.wall_ms
        figures[f"decision_cpu_ms_p50{several}{suffix}"] = taken.cpu_ms
    return figures


def _unchanged(policy: Policy, seconds: float, seed: int) -> dict[str, float]:
    """Return what it takes to decide again when nothing that is seen has changed."""
    (context,) = next(turns(1, seed))
    pixels = context.observation.pixels
    # another array with the same pixels, as a new screenshot would be
    observation = replace(context.observation, pixels=pixels.copy())
    policy.decide([context])
    again = AgentContext(context.agent, observation, 1)
    taken = _decide(policy, repeat([again]), seconds)
    return {"unchanged_frame_ms": taken.wall_ms, "unchanged_frame_cpu_ms": taken.cpu_ms}


class _Taken(NamedTuple):
    """The median time of a decision."""

    wall_ms: float
    cpu_ms: float


def _decide(policy: Policy, seen: Iterator[Sequence[AgentContext]], seconds: float) -> _Taken:
    wall: list[float] = []
    cpu: list[float] = []
    with one_core():
        for turn in islice(seen, _WARM):
            policy.decide(turn)
        start = time.perf_counter()
        while time.perf_counter() - start < seconds or len(wall) < _FEWEST:
            turn = next(seen)
            began, began_cpu = time.perf_counter(), time.thread_time()
            policy.decide(turn)
            wall.append(time.perf_counter() - began)
            cpu.append(time.thread_time() - began_cpu)
    return _Taken(1000 * median(wall), 1000 * median(cpu))


@contextmanager
def one_core() -> Generator[None]:
    """Have torch compute on one core while this block runs."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


# Training -----------------------------------------------------------------------------------------


def _training(config: TrainConfig, folder: Path, suffix: str) -> dict[str, Any]:
    """Train for a few updates in a folder, and return how fast and how busy that was."""
    made = episodes(_EPISODES, config.seed)
    moments: list[float] = []
    heard: list[Progress] = []

    def told(progress: Progress) -> None:
        moments.append(time.perf_counter())
        heard.append(progress)

    train(made, folder, config, Ears(told=told))
    rate = updates_per_s(moments)
    flops = _flops(config, folder.with_name(f"{folder.name}, counted"))
    figures: dict[str, Any] = {
        f"training_updates_per_s{suffix}": rate,
        f"windows_per_s{suffix}": rate * config.batch,
        f"data_wait_share{suffix}": heard[-1].data_wait,
        f"flops_per_update{suffix}": flops,
    }
    if torch.cuda.is_available():
        figures[f"mfu{suffix}"] = flops * rate / PEAK_FLOPS
    return figures


def updates_per_s(moments: Sequence[float]) -> float:
    """Return the rate of the later half of some updates, given when each ended, in s.

    >>> updates_per_s([0, 10, 20, 21, 22])
    1.0
    """
    later = moments[(len(moments) - 1) // 2 :]
    return (len(later) - 1) / (later[-1] - later[0])


def _flops(config: TrainConfig, folder: Path) -> float:
    """Return the floating-point operations of one update, forward and backward."""
    once = replace(config, updates=1, save_every=1)
    with FlopCounterMode(display=False) as counter, torch.compiler.set_stance("force_eager"):
        train(episodes(_EPISODES, config.seed), folder, once)
    return float(counter.get_total_flops())


# The peer -----------------------------------------------------------------------------------------


def _peer(config: TrainConfig, seconds: float) -> dict[str, Any]:
    """Return the figures of a peer of the size of our network."""
    network = network_config(config)
    parameters = sum(each.numel() for each in new_model(network, config.seed).parameters())
    torch.manual_seed(config.seed)
    peer = Peer(network, parameters)
    observing = checkpoint.observe_config(network)
    rate = _peer_rate(peer, observing, config)
    policy = PeerPolicy(peer.cpu(), observing)
    sizes = {
        "parameters": parameters,
        "parameters_peer": sum(each.numel() for each in peer.parameters()),
    }
    decisions = _deciding(policy, "_peer", seconds, config.seed)
    return {**sizes, **decisions, "training_updates_per_s_peer": rate}


def _peer_rate(peer: Peer, observing: ObserveConfig, config: TrainConfig) -> float:
    """Return how many updates a second the peer does on windows of the same number and pages."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    steps = [step for episode in episodes(_EPISODES, config.seed) for step in episode.steps]
    views = [observe(step.observation, observing) for step in steps]
    events = [encode(step.action, step.observation)[0] for step in steps]
    labels = torch.tensor([event.labels for event in events], device=device)
    places = torch.tensor(
        [
            peer.bins_of(*view.to_frame(*event.points[0]))
            for event, view in zip(events, views, strict=True)
        ],
        device=device,
    )
    frames = batch(views).frames.to(device)
    peer.to(device).train()
    optimizer = torch.optim.AdamW(peer.parameters(), lr=1e-3)
    chance = np.random.default_rng(config.seed)
    moments: list[float] = []
    for _ in range(config.updates):
        rows = torch.from_numpy(chance.integers(0, len(steps), config.batch)).to(device)
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
            loss = peer.loss(frames[rows], labels[rows], places[rows])
        loss.backward()
        optimizer.step()
        loss.item()  # waits for the device
        moments.append(time.perf_counter())
    return updates_per_s(moments)
