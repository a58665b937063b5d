"""Recordings in other formats."""

from recorder.export.lerobot import to_lerobot
from recorder.export.parquet import from_parquet, to_parquet

__all__ = ["from_parquet", "to_lerobot", "to_parquet"]
