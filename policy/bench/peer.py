"""The peer: a policy of public parts, as anybody would put it together from a library.

A ResNet of `transformers` makes tokens of the frame, a `TransformerEncoder` of torch mixes them,
and linear heads say what to do; places are bins of x and of y. It has about as many parameters as
ours, sees the same frames, and reads no elements.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import ResNetConfig, ResNetModel

from policy.actions import POINTS, SIZES, Head, Kind, decode, predicted
from policy.config import UnderstudyConfig
from policy.observe import ObserveConfig, View, observe, scaled
from policy.observe import batch as side_by_side
from recorder.schema import AgentContext, Decision

_UNKNOWN = 1.0  # novelty of a policy that knows of none
_STRIDE = 16
_BIN_PX = 4


class Peer(nn.Module):
    """ResNet, transformer, linear heads."""

    def __init__(self, config: UnderstudyConfig, parameters: int) -> None:
        super().__init__()
        first, width = config.channels, config.width
        stages = [first, 2 * first, 4 * first]
        self.screen = ResNetModel(
            ResNetConfig(
                embedding_size=first, hidden_sizes=stages, depths=[1, 1, 1], layer_type="basic"
            )
        )
        cells = (config.frame_height_px // _STRIDE) * (config.frame_width_px // _STRIDE)
        self.to_tokens = nn.Conv2d(stages[-1], width, 1)
        self.places = nn.Parameter(torch.zeros(cells, width))
        self.act = nn.Parameter(torch.zeros(1, 1, width))
        self.bins = (config.frame_width_px // _BIN_PX, config.frame_height_px // _BIN_PX)
        self.labels = nn.Linear(width, sum(SIZES.values()))
        self.ends = nn.Linear(width, 2 * sum(self.bins))
        layer = nn.TransformerEncoderLayer(
            width,
            config.attention_heads,
            config.feed_forward,
            dropout=config.dropout,
            batch_first=True,
            norm_first=True,
        )
        left = parameters - _size(self)
        # as many layers as make it the size that is asked for
        layers = max(1, round(left / _size(layer)))
        self.trunk = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits of all labels (B, sum of sizes) and of places (B, 2, bins of x and y).

        Args:
            frames: (B, 3, height, width) uint8.
        """
        grid = self.to_tokens(self.screen(pixel_values=scaled(frames)).last_hidden_state)
        tokens = grid.flatten(2).transpose(1, 2) + self.places
        act = self.act.expand(len(tokens), -1, -1)
        hidden = self.trunk(torch.cat([act, tokens], 1))[:, 0]
        return self.labels(hidden), self.ends(hidden).unflatten(1, (2, -1))

    def loss(self, frames: Tensor, labels: Tensor, places: Tensor) -> Tensor:
        """Return the mean cross-entropy of the heads.

        Args:
            frames: (B, 3, height, width) uint8.
            labels: (B, Head), -1 where there is none.
            places: (B, 2) bins of x and y.
        """
        said, ends = self(frames)
        parts = said.split([SIZES[head] for head in Head], dim=1)
        total = said.new_zeros(())
        for part, label in zip(parts, labels.T, strict=True):
            if (label >= 0).any():
                total = total + functional.cross_entropy(part, label, ignore_index=-1)
        for part, place in zip(ends[:, 0].split(self.bins, dim=1), places.T, strict=True):
            total = total + functional.cross_entropy(part, place)
        return total

    def bins_of(self, x: float, y: float) -> tuple[int, int]:
        """Return the bins of a place in the frame."""
        return min(int(x / _BIN_PX), self.bins[0] - 1), min(int(y / _BIN_PX), self.bins[1] - 1)


class PeerPolicy:
    """Decides with a peer, which is not trained: what it costs does not depend on that."""

    def __init__(self, network: Peer, config: ObserveConfig) -> None:
        self._network = network.eval()
        self._config = config
        self._views: dict[str, View] = {}

    @torch.inference_mode()
    def decide(self, batch: Sequence[AgentContext]) -> list[Decision]:
        """Return the likeliest action for each agent."""
        views = [
            observe(context.observation, self._config, self._views.get(context.agent))
            for context in batch
        ]
        self._views |= {context.agent: view for context, view in zip(batch, views, strict=True)}
        labels, ends = self._network(side_by_side(views).frames)
        return [
            self._decision(said, end, view, context)
            for said, end, view, context in zip(labels, ends, views, batch, strict=True)
        ]

    def _decision(
        self, labels: Tensor, ends: Tensor, view: View, context: AgentContext
    ) -> Decision:
        said = dict(zip(Head, labels.split([SIZES[head] for head in Head]), strict=True))
        said[Head.KIND][Kind.COPY] = -torch.inf  # it cannot read what it would copy
        chosen = {head: int(logits.argmax()) for head, logits in said.items()}
        kind = Kind(chosen[Head.KIND])
        points = [self._place(end, view) for end in ends[: POINTS.get(kind, 0)]]
        event = predicted(kind, labels=chosen, points=points)
        share = float(said[Head.KIND].softmax(0).max())
        return Decision(decode((event,), context.observation), share, _UNKNOWN)

    def _place(self, end: Tensor, view: View) -> tuple[int, int]:
        x, y = (int(axis.argmax()) for axis in end.split(self._network.bins))
        return view.to_screen(_BIN_PX * (x + 0.5), _BIN_PX * (y + 0.5))


def _size(module: nn.Module) -> int:
    return sum(cast(Tensor, parameter).numel() for parameter in module.parameters())
