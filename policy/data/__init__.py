"""What is learned from: episodes, packed into shards of steps, and streamed in a drawn order."""

from policy.data.dataset import INDEX, Dataset, EpisodeRow
from policy.data.pack import Packing, check_suits, pack, prepare
from policy.data.place import Place
from policy.data.steps import LearnedStep, Picture, read_episode
from policy.data.stream import Stream, Window

__all__ = [
    "INDEX",
    "Dataset",
    "EpisodeRow",
    "LearnedStep",
    "Packing",
    "Picture",
    "Place",
    "Stream",
    "Window",
    "check_suits",
    "pack",
    "prepare",
    "read_episode",
]
