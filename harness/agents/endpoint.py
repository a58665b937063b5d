"""A chat endpoint that speaks OpenAI's protocol: one question, one answer, in bounded time."""

from __future__ import annotations

import http.client
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

from harness.agents.errors import AnswerError, Failure
from harness.errors import ConfigError

_LARGEST = 4_000_000  # bytes; an answer is one action
_CHUNK = 65_536
_LONGEST_WAIT_S = 30.0
_SHOWN = 200  # characters of what came, in messages


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointConfig:
    """Where a language model is, and how patient to be with it.

    Raises:
        ConfigError: the address is none, or a number is out of its range.
    """

    base_url: str
    """With the version: `http://localhost:8000/v1`."""
    model: str
    """As the endpoint calls it."""
    api_key_env: str = "OPENAI_API_KEY"
    """Environment variable that holds the key; where it is empty, none is sent."""
    timeout_s: float = 60.0
    """For one try; at most twice that where the answer comes in drips."""
    retries: int = 2
    """More tries after a 5xx or a 429; after nothing else."""
    backoff_s: float = 1.0
    """Before the first of them, then twice as long each time, or as long as the endpoint asks."""
    most_tokens: int = 400
    """Of an answer."""
    extra: Mapping[str, Any] | None = None
    """Further fields of the request, such as `temperature`; null takes one of ours out."""

    def __post_init__(self) -> None:
        parts = urlsplit(self.base_url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise ConfigError(f"base_url {self.base_url!r}; allowed: http://… or https://…")
        if self.timeout_s <= 0 or min(self.retries, self.backoff_s) < 0 or self.most_tokens < 1:
            raise ConfigError(
                f"timeout_s {self.timeout_s}, retries {self.retries}, backoff_s {self.backoff_s}, "
                f"most_tokens {self.most_tokens}; allowed: above 0, from 0, from 0, from 1"
            )


@dataclass(frozen=True, slots=True)
class Answer:
    """What a language model said."""

    text: str
    log_prob: float | None
    """Of the whole text; None where the endpoint does not say."""


class Endpoint:
    """Asks one language model.

    Args:
        config: where it is.
        sleep: waits for so many seconds.

    Raises:
        ConfigError: the key cannot be sent.
    """

    def __init__(self, config: EndpointConfig, sleep: Callable[[float], None] = time.sleep) -> None:
        self.config = config
        self._sleep = sleep
        self._headers = {
            "Content-Type": "application/json",
            **_authorization(config.api_key_env),
        }
        self._opener = _opener()

    def ask(self, messages: Sequence[Mapping[str, Any]]) -> Answer:
        """Return what the model says to a conversation.

        Raises:
            AnswerError: nothing came that the protocol knows; the message says what did.
        """
        config = self.config
        fields = {
            "model": config.model,
            "messages": list(messages),
            "max_tokens": config.most_tokens,
            "logprobs": True,
            **(config.extra or {}),
        }
        body = {name: value for name, value in fields.items() if value is not None}
        for number in range(config.retries):
            try:
                return _read(self._post(body))
            except _BusyError as error:
                asked_s = error.retry_after_s or config.backoff_s * 2**number
                self._sleep(min(asked_s, _LONGEST_WAIT_S))
        return _read(self._post(body))

    def _post(self, body: Mapping[str, Any]) -> bytes:
        config = self.config
        request = Request(
            f"{config.base_url.rstrip('/')}/chat/completions",
            data=json.dumps(body).encode(),
            headers=self._headers,
        )
        deadline_s = time.monotonic() + config.timeout_s
        try:
            with self._opener.open(request, timeout=config.timeout_s) as response:
                return _body(response, deadline_s)
        except HTTPError as error:
            with error:
                raise _refusal(config, error) from error
        except TimeoutError as error:
            raise _too_slow(config) from error
        except (OSError, UnicodeError, http.client.HTTPException) as error:
            reason = error.reason if isinstance(error, URLError) else error
            if isinstance(reason, TimeoutError):
                raise _too_slow(config) from error
            why = str(reason) or type(reason).__name__
            raise AnswerError(
                Failure.UNREACHABLE, f"nobody answers at {config.base_url}: {why}"
            ) from error


class _BusyError(AnswerError):
    """A status after which asking again may help."""

    def __init__(self, failure: Failure, message: str, retry_after_s: float) -> None:
        super().__init__(failure, message)
        self.retry_after_s = retry_after_s


def _authorization(variable: str) -> dict[str, str]:
    key = os.environ.get(variable, "").strip()
    if not key.isascii() or not key.isprintable():
        raise ConfigError(f"the key in ${variable} cannot be sent; allowed: printable ASCII")
    return {"Authorization": f"Bearer {key}"} if key else {}


def _opener() -> OpenerDirector:
    """Return what opens an address and follows no redirect: it would send the key on."""
    opener = OpenerDirector()
    for handler in (
        ProxyHandler(),
        HTTPHandler(),
        HTTPSHandler(),
        HTTPDefaultErrorHandler(),
        HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


def _body(response: http.client.HTTPResponse, deadline_s: float) -> bytes:
    found = bytearray()
    while chunk := response.read1(_CHUNK):
        found += chunk
        if time.monotonic() > deadline_s:
            raise TimeoutError
        if len(found) > _LARGEST:
            raise AnswerError(Failure.MALFORMED, f"an answer of more than {_LARGEST} bytes")
    if response.length:  # bytes that were announced and never came
        raise http.client.IncompleteRead(bytes(found), response.length)
    return bytes(found)


def _too_slow(config: EndpointConfig) -> AnswerError:
    return AnswerError(
        Failure.TIMEOUT, f"{config.model} at {config.base_url} took over {config.timeout_s:g} s"
    )


def _refusal(config: EndpointConfig, error: HTTPError) -> AnswerError:
    said = f"{config.model} at {config.base_url} answered {error.code} {error.reason}"
    if error.code == HTTPStatus.TOO_MANY_REQUESTS or error.code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        is_busy = error.code == HTTPStatus.TOO_MANY_REQUESTS
        failure = Failure.BUSY if is_busy else Failure.SERVER_ERROR
        return _BusyError(failure, said, _seconds(error.headers.get("Retry-After")))
    return AnswerError(Failure.REFUSED, said)


def _seconds(value: str | None) -> float:
    return float(value) if value and value.isascii() and value.isdigit() else 0.0


def _read(body: bytes) -> Answer:
    try:
        found: Any = json.loads(body)
        choice = found["choices"][0]
        text = choice["message"]["content"]
    except (ValueError, RecursionError, LookupError, TypeError) as error:
        shown = body[:_SHOWN].decode(errors="replace")
        raise AnswerError(Failure.MALFORMED, f"not an answer of a chat: {shown!r}") from error
    if not isinstance(text, str):
        raise AnswerError(Failure.MALFORMED, f"an answer without text: {str(text)[:_SHOWN]!r}")
    return Answer(text, _log_prob(choice))


def _log_prob(choice: Mapping[str, Any]) -> float | None:
    """Return the sum over all tokens; None unless each has a number that is at most 0."""
    try:
        tokens = cast("list[Any]", choice["logprobs"]["content"])
        found = [float(token["logprob"]) for token in tokens]
    except (LookupError, TypeError, ValueError):
        return None
    return sum(found) if found and all(each <= 0 for each in found) else None
