"""The reader's two small networks: where text and widgets are, and what a line of text says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from policy.errors import ConfigError
from policy.reader.alphabet import CLASSES
from policy.reader.label import ROLES, STATES

STRIDE = 16
"""Sides of pictures are multiples of this."""
TEXT_CELL, WIDGET_CELL = 2, 4
"""Sides of the cells that text and widgets are looked for in, in px."""
LINE_PX = 24
"""Height that lines are brought to."""
FRAME_PX = 2
"""Columns of such a line for each of its frames."""
BOX_UNIT_PX = 4.0
_MOST_CHANNELS = 512
_RARE = -4.0


@dataclass(frozen=True, slots=True)
class ReaderConfig:
    """Sizes of the networks."""

    channels: int = 16
    """Of the finest map of the finder."""
    line_channels: int = 24
    """Of the first map of a line."""
    line_width: int = 96
    """Of a frame of a line."""
    classes: int = CLASSES
    """Characters, space and blank."""

    def __post_init__(self) -> None:
        sizes = (self.channels, self.line_channels, self.line_width)
        if not all(0 < size <= _MOST_CHANNELS for size in sizes) or self.classes != CLASSES:
            raise ConfigError(
                f"{self}: sizes are 1 to {_MOST_CHANNELS}, and there are {CLASSES} classes"
            )


class Found(NamedTuple):
    """What the finder says of each cell; B pictures of H x W px."""

    text: Tensor
    """(B, 4, H / 2, W / 2): logit of text, px up to its top and down to its bottom, of a link."""
    widgets: Tensor
    """(B, ROLES + STATES + 4, H / 4, W / 4): logits, then `encode_px` of the px to each side."""


def encode_px(distance: Tensor) -> Tensor:
    """Return distances in px on a scale on which small ones count for more."""
    return torch.log2(distance / BOX_UNIT_PX + 1)


def decode_px(code: Tensor) -> Tensor:
    """Return the px of `encode_px`."""
    return BOX_UNIT_PX * (torch.exp2(code.clamp(0, 10)) - 1)


class _Block(nn.Module):
    """A convolution, normed while it learns, and a rectifier."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        size: int | tuple[int, int] = 3,
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] = 1,
        dilation: int | tuple[int, int] = 1,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, size, stride, padding, dilation, bias=False)
        self.norm: nn.Module = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.norm(self.conv(x)))

    def fuse(self) -> None:
        """Fold the norm into the convolution, for a network that learns no more."""
        if isinstance(self.norm, nn.BatchNorm2d):
            self.conv = fuse_conv_bn_eval(self.conv, self.norm)
            self.norm = nn.Identity()


class Finder(nn.Module):
    """Finds text and widgets anywhere in a picture."""

    def __init__(self, config: ReaderConfig) -> None:
        super().__init__()
        one, two, four, eight = (config.channels * factor for factor in (1, 2, 4, 6))
        self.to_two = nn.Sequential(_Block(3, one, 4, 2), _Block(one, one))
        self.to_four = nn.Sequential(_Block(one, two, 3, 2), _Block(two, two))
        self.to_eight = nn.Sequential(_Block(two, four, 3, 2), _Block(four, four))
        self.to_sixteen = nn.Sequential(
            _Block(four, eight, 3, 2),
            _Block(eight, eight),
            # what frames a wide field is far from its middle
            _Block(eight, eight, padding=2, dilation=2),
            _Block(eight, eight, padding=4, dilation=4),
        )
        self.back_to_eight = nn.Conv2d(eight, four, 1)
        self.back_to_four = nn.Conv2d(four, two, 1)
        self.back_to_two = nn.Conv2d(two, one, 1)
        self.mix_eight, self.mix_four = _Block(four, four), _Block(two, two)
        self.mix_two = _Block(one, one)
        self.text = nn.Conv2d(one, 4, 1)
        self.widgets = nn.Sequential(
            _Block(two, two), nn.Conv2d(two, len(ROLES) + len(STATES) + 4, 1)
        )
        # most cells are nothing, which need not be learned first
        for bias in (self.text.bias, self.widgets[1].bias):
            assert isinstance(bias, Tensor)
            nn.init.zeros_(bias)
        with torch.no_grad():
            self.text.bias[0] = _RARE  # pyright: ignore[reportOptionalSubscript]
            self.widgets[1].bias[: len(ROLES)] = _RARE  # pyright: ignore

    def forward(self, pictures: Tensor) -> Found:
        """Return what is found in pictures, (B, 3, H, W) from -1 to 1."""
        half = self.to_two(pictures)
        quarter = self.to_four(half)
        eighth = self.to_eight(quarter)
        wide = self.to_sixteen(eighth)
        eighth = self.mix_eight(eighth + _twice(self.back_to_eight(wide)))
        quarter = self.mix_four(quarter + _twice(self.back_to_four(eighth)))
        half = self.mix_two(half + _twice(self.back_to_two(quarter)))
        return Found(self.text(half), self.widgets(quarter))


def _twice(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="nearest")


class LineReader(nn.Module):
    """Says which character each frame of a line shows."""

    def __init__(self, config: ReaderConfig) -> None:
        super().__init__()
        first, width = config.line_channels, config.line_width
        self.look = nn.Sequential(
            _Block(1, first, 5, 2, 2),
            _Block(first, first + first // 3),
            _Block(first + first // 3, 2 * first, 3, (2, 1)),
            _Block(2 * first, width, (LINE_PX // 4, 3), 1, (0, 1)),
            _Block(width, width, (1, 5), 1, (0, 2)),
            _Block(width, width, (1, 5), 1, (0, 4), (1, 2)),
        )
        self.say = nn.Conv2d(width, config.classes, 1)

    def forward(self, lines: Tensor) -> Tensor:
        """Return (B, classes, W / 2) logits of lines, (B, 1, LINE_PX, W) from 0 to 1."""
        return self.say(self.look(lines)).squeeze(2)


class ReaderModel(nn.Module):
    """Both networks."""

    def __init__(self, config: ReaderConfig) -> None:
        super().__init__()
        self.config = config
        self.finder = Finder(config)
        self.line_reader = LineReader(config)
        # a third less time on a CPU
        self.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]

    def fuse(self) -> None:
        """Make it faster, for a network that learns no more."""
        for module in self.modules():
            if isinstance(module, _Block):
                module.fuse()
