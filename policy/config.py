"""The understudy's configuration: one dial of sizes, and what it looks at."""

from __future__ import annotations

from typing import Any, get_args

from transformers import PretrainedConfig

from policy.errors import ConfigError
from policy.settings import Size

# width, layers, attention heads, feed-forward width, channels of the screen encoder
_SIZES: dict[Size, tuple[int, int, int, int, int]] = {
    "tiny": (128, 3, 4, 256, 24),
    "small": (384, 6, 6, 1024, 48),
    "base": (768, 12, 12, 2048, 96),
}
_MOST = {
    "width": 4096,
    "layers": 96,
    "attention_heads": 128,
    "feed_forward": 16_384,
    "channels": 512,
    "members": 32,
    "context": 256,
    "frame_width_px": 4096,
    "frame_height_px": 4096,
    "fovea_px": 1024,
}


class UnderstudyConfig(PretrainedConfig):
    """Sizes and inputs of the network.

    Raises:
        ConfigError: a size is absurd, or there is nothing to look at.
    """

    model_type = "understudy"

    width: int = 128
    """Channels of every token."""
    layers: int = 3
    attention_heads: int = 4
    feed_forward: int = 384
    channels: int = 32
    """Channels of the first stage of the screen encoder."""
    members: int = 4
    """Sets of heads, which see the data weighted differently."""
    context: int = 1
    """Steps that are seen at once, the present one included."""
    dropout: float = 0.1
    sees_elements: bool = True
    sees_pixels: bool = True
    sees_goal: bool = True
    """Whether the instruction comes in words, or only on the screen."""
    reads: bool = False
    """Whether elements and instruction are those that a reader finds in the picture."""
    frame_width_px: int = 160
    frame_height_px: int = 224
    fovea_px: int = 96
    encoder: str = "conv"
    """`conv`, or the folder of a vision backbone of `transformers`."""

    def __post_init__(self, **kwargs: Any) -> None:
        super().__post_init__(**kwargs)
        for name, most in _MOST.items():
            size = getattr(self, name)
            if not isinstance(size, int) or not 0 < size <= most:
                raise ConfigError(f"{name} is {size!r}; allowed: 1 to {most}")
        if self.width % (2 * self.attention_heads):
            raise ConfigError(
                f"width {self.width} for {self.attention_heads} attention heads; it must be an "
                "even multiple of them"
            )
        if self.frame_width_px % 32 or self.frame_height_px % 32:
            raise ConfigError(
                f"a frame of {self.frame_width_px} x {self.frame_height_px} px; both must be "
                "multiples of 32"
            )
        if not (self.sees_elements or self.sees_pixels):
            raise ConfigError("neither elements nor pixels; there is nothing to look at")
        if self.reads and not self.sees_elements:
            raise ConfigError("it reads, but sees no elements; what is read are elements")


def config_of_size(size: Size, **changes: Any) -> UnderstudyConfig:
    """Return the configuration of a size, with changes.

    Raises:
        ConfigError: no such size.
    """
    if size not in get_args(Size):
        raise ConfigError(f"no size {size!r}; allowed: {', '.join(get_args(Size))}")
    width, layers, attention_heads, feed_forward, channels = _SIZES[size]
    sizes: dict[str, Any] = {
        "width": width,
        "layers": layers,
        "attention_heads": attention_heads,
        "feed_forward": feed_forward,
        "channels": channels,
    }
    return UnderstudyConfig(**(sizes | changes))
