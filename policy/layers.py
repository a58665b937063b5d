"""Layers of the trunk: pre-RMSNorm, attention with normed queries and keys, SwiGLU; no biases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from policy.config import UnderstudyConfig

_ROPE_BASE = 10_000.0
_LEAST = 1e-6  # a length to divide by


class Turns(NamedTuple):
    """How far each of L tokens is turned, (L, D / 2)."""

    cos: Tensor
    sin: Tensor


def turns(steps: Tensor, size: int) -> Turns:
    """Return how far tokens of these steps, (L,), are turned in heads of `size` channels.

    RoPE over the step index: Su et al., "RoFormer" (2021), eq. 34, with halves in place of pairs.
    """
    half = size // 2
    rates = _ROPE_BASE ** (-torch.arange(half, device=steps.device, dtype=torch.float32) / half)
    angles = steps.to(torch.float32)[:, None] * rates
    return Turns(angles.cos(), angles.sin())


def rotate(x: Tensor, turned: Turns) -> Tensor:
    """Return `x`, (B, H, L, D), turned."""
    first, second = x.chunk(2, dim=-1)
    cos, sin = turned.cos.to(x.dtype), turned.sin.to(x.dtype)
    return torch.cat([first * cos - second * sin, first * sin + second * cos], dim=-1)


def rooted(x: Tensor, weight: Tensor) -> Tensor:
    """Return `x`, (..., C), with a root mean square of `weight`, (..., C).

    RMSNorm (Zhang and Sennrich 2019); on a CPU, torch's own takes twice as long.
    """
    length = torch.linalg.vector_norm(x, dim=-1, keepdim=True).clamp_min(_LEAST)
    return (x / length * (weight * x.shape[-1] ** 0.5)).to(x.dtype)


class Draws(NamedTuple):
    """What dropout draws from: names of windows and of tokens, which say all that is drawn."""

    windows: Tensor  # (B,) int32
    tokens: Tensor  # (L,) int32


class Dropout(nn.Module):
    """Dropout that hits the same in a window wherever it is computed.

    What is drawn follows from the window, the token and the channel alone: not from the process
    that computes it, nor from what else is in the batch. So it is hashed, not drawn in turn
    (lowbias32: Chris Wellons, "Prospecting for hash functions", 2018), a byte for each channel.

    Args:
        share: of channels that are dropped, to the nearest 1/256.
        number: of this layer among all.
    """

    def __init__(self, share: float, number: int) -> None:
        super().__init__()
        self.limit = round(256 * share)
        self.number = number

    def forward(self, x: Tensor, draws: Draws | None) -> Tensor:
        """Return `x`, (B, L, C), with some channels dropped; all of it where nothing is drawn."""
        if draws is None or not self.limit:
            return x
        channels = torch.arange(-(-x.shape[-1] // 4), device=x.device, dtype=torch.int32)
        each = draws.windows[:, None] ^ _mixed(draws.tokens + 7919 * self.number)
        drawn = _mixed(each[..., None] + channels).view(torch.uint8)[..., : x.shape[-1]]
        return x * (drawn >= self.limit) * (256 / (256 - self.limit))


def _mixed(x: Tensor) -> Tensor:
    """Return int32 numbers hashed; their products overflow as they should."""
    x = (x ^ ((x >> 16) & 0xFFFF)) * 0x7FEB352D
    x = (x ^ ((x >> 15) & 0x1FFFF)) * -0x7B935975  # 0x846ca68b
    return x ^ ((x >> 16) & 0xFFFF)


class RootNorm(nn.Module):
    """A norm with a weight for each channel."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        """Return `x`, (..., C), with a root mean square of `weight`."""
        return rooted(x, self.weight)


def biases(mask: Tensor | None, matches: Tensor, weights: Tensor, each: int) -> Sequence[Tensor]:
    """Return what is added to the attention of each layer, (B, heads, L, L).

    In each step's tokens, words come first, then elements; how well these match says how strongly
    one looks at the other.

    Args:
        mask: (B, 1, L, L), 0 where one may look and far below it elsewhere; None for 0 everywhere.
        matches: (B, T, E, G, F) how the elements of each step match its words.
        weights: (layers, 2, heads, F), of words for elements and of elements for words.
        each: tokens of one step.
    """
    batch, steps, elements, words, _ = matches.shape
    layers, _, heads, _ = weights.shape
    said = functional.linear(matches, weights.flatten(0, 2))
    said = said.view(batch, steps, elements, words, layers, 2, heads)
    there, back = said.permute(4, 5, 0, 6, 1, 2, 3).unbind(1)  # (layers, B, heads, T, E, G)
    upper = functional.pad(back.transpose(-1, -2), (words, 0))
    lower = functional.pad(there, (0, elements))
    rest = each - words - elements
    block = functional.pad(torch.cat([upper, lower], dim=-2), (0, rest, 0, rest))
    if steps > 1:  # each step's on the diagonal
        own = torch.eye(steps, dtype=block.dtype, device=block.device)[:, None, :, None]
        block = (block[..., None, :] * own).flatten(-2).flatten(-3, -2)
    block = block.reshape(layers, batch, heads, steps * each, steps * each)
    return (block if mask is None else mask + block).unbind(0)


class Attention(nn.Module):
    """Attention with QK-norm (Henry et al. 2020) and a bias that says which tokens match."""

    def __init__(self, config: UnderstudyConfig, matches: int) -> None:
        super().__init__()
        self.heads = config.attention_heads
        self.joint = nn.Linear(config.width, 3 * config.width, bias=False)
        self.out = nn.Linear(config.width, config.width, bias=False)
        size = config.width // config.attention_heads
        self.query_norm = RootNorm(size)
        self.key_norm = RootNorm(size)
        self.match_bias = nn.Linear(matches, 2 * config.attention_heads, bias=False)

    def forward(self, x: Tensor, turned: Turns | None, bias: Tensor) -> Tensor:
        """Return (B, L, C).

        Args:
            x: (B, L, C).
            turned: None where all tokens are of the first step, which is not turned at all.
            bias: (B, heads, L, L) of this layer.
        """
        batch, length, width = x.shape
        joint = self.joint(x).view(batch, length, 3, self.heads, -1)
        scales = torch.stack([self.query_norm.weight, self.key_norm.weight])[:, None]
        query, key = rooted(joint[:, :, :2], scales).transpose(1, 3).unbind(2)
        if turned:
            query, key = rotate(query, turned), rotate(key, turned)
        mixed = functional.scaled_dot_product_attention(
            query,
            key,
            joint[:, :, 2].transpose(1, 2),
            attn_mask=bias.to(query.dtype),
        )
        return self.out(mixed.transpose(1, 2).reshape(batch, length, width))


class Block(nn.Module):
    """One layer of the trunk."""

    def __init__(self, config: UnderstudyConfig, matches: int, number: int) -> None:
        super().__init__()
        self.attention_norm = RootNorm(config.width)
        self.attention = Attention(config, matches)
        self.feed_norm = RootNorm(config.width)
        self.gate = nn.Linear(config.width, 2 * config.feed_forward, bias=False)
        self.down = nn.Linear(config.feed_forward, config.width, bias=False)
        self.attention_dropout = Dropout(config.dropout, 2 * number)
        self.feed_dropout = Dropout(config.dropout, 2 * number + 1)

    def forward(
        self, x: Tensor, turned: Turns | None, bias: Tensor, draws: Draws | None = None
    ) -> Tensor:
        """Return (B, L, C); arguments as of `Attention.forward`, and what dropout draws from."""
        mixed = self.attention(self.attention_norm(x), turned, bias)
        x = x + self.attention_dropout(mixed, draws)
        gate, value = self.gate(self.feed_norm(x)).chunk(2, dim=-1)
        return x + self.feed_dropout(self.down(functional.silu(gate) * value), draws)
