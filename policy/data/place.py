"""A folder at any address that fsspec reaches: here, or in a store of objects such as S3."""

from __future__ import annotations

from pathlib import Path

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from policy.errors import ConfigError, DataError
from recorder.store import write_atomically


class Place:
    """A folder that is read and written file by file.

    Raises:
        ConfigError: nothing is known to reach such an address.
    """

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")
        try:
            self._files, self._root = url_to_fs(self.address)
        except ImportError as error:
            hint = "; pip install 'understudy[s3]'" if address.startswith("s3") else ""
            raise ConfigError(f"nothing installed reaches {address}: {error}{hint}") from error
        except ValueError as error:
            raise ConfigError(f"nothing reaches {address}: {error}") from error

    def name(self, file: str) -> str:
        """Return the address of a file in it."""
        return f"{self.address}/{file}"

    def has(self, file: str) -> bool:
        """Return whether there is such a file.

        Raises:
            DataError: the store does not answer.
        """
        try:
            return self._files.exists(f"{self._root}/{file}")
        except Exception as error:  # each kind of store has errors of its own
            raise DataError(f"{self.name(file)} cannot be reached: {error}") from error

    def read(self, file: str) -> bytes:
        """Return what a file holds.

        Raises:
            DataError: it is missing, or cannot be read; the message says which.
        """
        try:
            return self._files.cat_file(f"{self._root}/{file}")
        except FileNotFoundError as error:
            raise DataError(f"{self.name(file)} is missing") from error
        except Exception as error:  # each kind of store has errors of its own
            raise DataError(f"{self.name(file)} cannot be read: {error}") from error

    def write(self, file: str, body: bytes) -> None:
        """Write a file, all of it or nothing.

        Raises:
            DataError: it cannot be written.
        """
        path = f"{self._root}/{file}"
        try:
            if isinstance(self._files, LocalFileSystem):
                Path(path).parent.mkdir(parents=True, exist_ok=True)
                write_atomically(Path(path), body)
            else:  # stores of objects have no half of one
                self._files.pipe_file(path, body)
        except Exception as error:  # each kind of store has errors of its own
            raise DataError(f"{self.name(file)} cannot be written: {error}") from error
