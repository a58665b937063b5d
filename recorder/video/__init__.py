"""Video of a recording: variable-rate H.264 in fragmented MP4, and back to pixels."""

from recorder.video.read import (
    Packet,
    Pixels,
    milliseconds,
    packet_times,
    packets,
    read_segment,
    segment_path,
    segments,
    whole_length,
)
from recorder.video.write import SEGMENT_NS, Place, SegmentWriter, VideoSettings, VideoWriter

__all__ = [
    "SEGMENT_NS",
    "Packet",
    "Pixels",
    "Place",
    "SegmentWriter",
    "VideoSettings",
    "VideoWriter",
    "milliseconds",
    "packet_times",
    "packets",
    "read_segment",
    "segment_path",
    "segments",
    "whole_length",
]
