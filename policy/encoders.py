"""Screen encoders: pictures to a map of features, one vector a cell of the pointer's grid."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoConfig, AutoModel

from policy.config import UnderstudyConfig
from policy.errors import ConfigError

CELL_PX = 16
"""Side of a cell of the pointer's grid, in px of the frame."""


class ScreenEncoder(Protocol):
    """Anything that looks at pictures."""

    def __call__(self, pictures: Tensor) -> Tensor:
        """Return (B, C, H / 16, W / 16) of pictures (B, 3, H, W) from -1 to 1."""
        ...


class ConvEncoder(nn.Module):
    """A small convolutional network that is trained from scratch."""

    def __init__(self, config: UnderstudyConfig) -> None:
        super().__init__()
        first = config.channels
        self.patches = nn.Conv2d(3, first, 4, stride=4)
        # plain convolutions: on a CPU, depthwise ones and norms cost more than they save
        self.halve = nn.Conv2d(first, 2 * first, 3, stride=2, padding=1)
        self.quarter = nn.Conv2d(2 * first, 4 * first, 3, stride=2, padding=1)
        self.out = nn.Conv2d(4 * first, config.width, 1)
        # a fifth less time on a CPU
        self.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]

    def forward(self, pictures: Tensor) -> Tensor:
        """Return (B, C, H / 16, W / 16)."""
        x = functional.relu(self.patches(pictures))
        x = functional.relu(self.halve(x))
        return self.out(functional.relu(self.quarter(x)))


class BackboneEncoder(nn.Module):
    """A vision model of `transformers`, its patches resampled to the pointer's grid."""

    def __init__(self, config: UnderstudyConfig) -> None:
        super().__init__()
        inner = AutoConfig.from_pretrained(config.encoder, local_files_only=True)
        self.backbone = cast(nn.Module, AutoModel.from_config(inner))
        self.side = int(inner.patch_size)
        self.norm = nn.LayerNorm(int(inner.hidden_size))
        self.out = nn.Linear(int(inner.hidden_size), config.width)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return (B, C, H / 16, W / 16)."""
        height, width = pictures.shape[-2:]
        rows, columns = height // self.side, width // self.side
        hidden = self.backbone(pixel_values=pictures).last_hidden_state
        # class and register tokens come before the patches
        patches = self.out(self.norm(hidden[:, -rows * columns :]))
        grid = patches.transpose(1, 2).unflatten(2, (rows, columns))
        wanted = (height // CELL_PX, width // CELL_PX)
        return functional.interpolate(grid, wanted, mode="bilinear", align_corners=False)


def screen_encoder(config: UnderstudyConfig) -> nn.Module:
    """Return the encoder that a configuration names; nothing is ever downloaded.

    Raises:
        ConfigError: it is neither `conv` nor a folder with a vision model.
    """
    if config.encoder == "conv":
        return ConvEncoder(config)
    if not (Path(config.encoder) / "config.json").is_file():
        raise ConfigError(
            f"no screen encoder {config.encoder!r}; allowed: conv, or a folder with a vision model"
        )
    return BackboneEncoder(config)


def load_backbone(encoder: BackboneEncoder, folder: Path) -> None:
    """Take pre-trained weights of a vision model from its folder."""
    source = cast(nn.Module, AutoModel.from_pretrained(folder, local_files_only=True))
    with torch.no_grad():
        encoder.backbone.load_state_dict(source.state_dict())
