"""What can go wrong between an agent and a language model, a branch of `harness/errors.py`.

AnswerError  no answer came that can be used; `failure` says why
"""

from __future__ import annotations

from enum import StrEnum

from harness.errors import HarnessError


class Failure(StrEnum):
    """Why a language model gave no answer that can be used."""

    UNREACHABLE = "unreachable"
    """Nobody answers at its address, or the connection broke."""
    TIMEOUT = "timeout"
    """It took too long."""
    BUSY = "busy"
    """Too many requests (429), also after waiting."""
    SERVER_ERROR = "server error"
    """5xx, also after waiting."""
    REFUSED = "refused"
    """Any other status: a wrong key, an unknown model."""
    MALFORMED = "malformed"
    """What came is not what the protocol says, or not a JSON object."""
    UNKNOWN_KIND = "unknown kind"
    """There is no such action."""
    BAD_FIELDS = "bad fields"
    """The action lacks something, has something else, or what no hand can do."""
    OFF_SCREEN = "off screen"
    """It would act where there is no screen."""


class AnswerError(HarnessError):
    """Raised when a language model gives no answer that can be used."""

    def __init__(self, failure: Failure, message: str) -> None:
        super().__init__(message)
        self.failure = failure
