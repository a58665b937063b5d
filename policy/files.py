"""Files of checkpoints: read in full only if they are small, and told apart by their hashes."""

from __future__ import annotations

import hashlib
from pathlib import Path

from policy.errors import CheckpointError

_MOST_JSON = 4 << 20  # bytes


def sha256(path: Path) -> str:
    """Return the hash of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def small_file(path: Path) -> bytes:
    """Return what a small file holds.

    Raises:
        CheckpointError: it cannot be read, or is too large to be what it should be.
    """
    try:
        with path.open("rb") as file:
            read = file.read(_MOST_JSON + 1)
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {error.strerror}") from error
    if len(read) > _MOST_JSON:
        raise CheckpointError(f"{path} is larger than {_MOST_JSON} bytes; that is no checkpoint")
    return read
