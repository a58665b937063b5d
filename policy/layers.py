"""Layers of the trunk: pre-RMSNorm, attention with normed queries and keys, SwiGLU; no biases."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from policy.config import UnderstudyConfig

_ROPE_BASE = 10_000.0


def rotate(x: Tensor, steps: Tensor) -> Tensor:
    """Return `x`, (B, H, L, D), turned by each token's step (L,): RoPE over the step index.

    Su et al., "RoFormer" (2021), eq. 34, with halves in place of pairs.
    """
    half = x.shape[-1] // 2
    rates = _ROPE_BASE ** (-torch.arange(half, device=x.device, dtype=torch.float32) / half)
    angles = steps.to(torch.float32)[:, None] * rates
    cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    first, second = x[..., :half], x[..., half:]
    return torch.cat([first * cos - second * sin, first * sin + second * cos], dim=-1)


class Attention(nn.Module):
    """Attention with QK-norm (Henry et al. 2020) and a bias that says which tokens match."""

    def __init__(self, config: UnderstudyConfig, matches: int) -> None:
        super().__init__()
        self.heads = config.attention_heads
        self.joint = nn.Linear(config.width, 3 * config.width, bias=False)
        self.out = nn.Linear(config.width, config.width, bias=False)
        size = config.width // config.attention_heads
        self.query_norm = nn.RMSNorm(size)
        self.key_norm = nn.RMSNorm(size)
        self.match_bias = nn.Linear(matches, 2 * config.attention_heads, bias=False)
        self.dropout = config.dropout

    def forward(self, x: Tensor, steps: Tensor, mask: Tensor, matches: Tensor) -> Tensor:
        """Return (B, L, C).

        Args:
            x: (B, L, C).
            steps: (L,) step of each token.
            mask: (B, 1, L, L), 0 where one may look and minus infinity elsewhere.
            matches: (B, T, E, G, F) how the elements of each step match its words.
        """
        batch, length, width = x.shape
        joint = self.joint(x).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        query = rotate(self.query_norm(joint[0]), steps)
        key = rotate(self.key_norm(joint[1]), steps)
        bias = self._bias(mask, matches)
        mixed = functional.scaled_dot_product_attention(
            query,
            key,
            joint[2],
            attn_mask=bias.to(query.dtype),
            dropout_p=self.dropout if self.training else 0.0,
        )
        return self.out(mixed.transpose(1, 2).reshape(batch, length, width))

    def _bias(self, mask: Tensor, matches: Tensor) -> Tensor:
        """Return (B, heads, L, L): the mask, and how strongly elements and words look at another.

        In each step's tokens, words come first, then elements.
        """
        steps, elements, words = matches.shape[1:4]
        each = mask.shape[-1] // steps
        bias = mask.repeat(1, self.heads, 1, 1)
        there, back = self.match_bias(matches).permute(1, 0, 4, 2, 3).chunk(2, dim=2)
        for step in range(steps):
            word = slice(step * each, step * each + words)
            element = slice(word.stop, word.stop + elements)
            bias[:, :, element, word] += there[step]
            bias[:, :, word, element] += back[step].transpose(2, 3)
        return bias


class Block(nn.Module):
    """One layer of the trunk."""

    def __init__(self, config: UnderstudyConfig, matches: int) -> None:
        super().__init__()
        self.attention_norm = nn.RMSNorm(config.width)
        self.attention = Attention(config, matches)
        self.feed_norm = nn.RMSNorm(config.width)
        self.gate = nn.Linear(config.width, 2 * config.feed_forward, bias=False)
        self.down = nn.Linear(config.feed_forward, config.width, bias=False)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, steps: Tensor, mask: Tensor, matches: Tensor) -> Tensor:
        """Return (B, L, C); arguments as of `Attention.forward`."""
        x = x + self.dropout(self.attention(self.attention_norm(x), steps, mask, matches))
        gate, value = self.gate(self.feed_norm(x)).chunk(2, dim=-1)
        return x + self.dropout(self.down(functional.silu(gate) * value))
