"""A chat endpoint of our own on this machine, which says what it is told to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class Reply:
    """What comes back for one request."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    hangs: bool = False
    """Nothing comes before the server closes."""
    drips: bool = False
    """One byte at a time, for ever."""
    breaks: bool = False
    """The connection ends in the middle."""


Brain = Callable[[dict[str, Any]], Reply]
"""From a request to what comes back."""


def chat(text: str, logprobs: Sequence[float] | None = None) -> Reply:
    """Return an answer as the protocol has it."""
    choice: dict[str, Any] = {"message": {"role": "assistant", "content": text}}
    if logprobs is not None:
        choice["logprobs"] = {"content": [{"token": "a", "logprob": each} for each in logprobs]}
    return Reply(json.dumps({"choices": [choice]}).encode())


def act(confidence: float | None = None, **action: object) -> Reply:
    """Return an answer with an action."""
    said: dict[str, object] = {"action": action}
    if confidence is not None:
        said["confidence"] = confidence
    return chat(json.dumps(said))


class ChatServer:
    """Serves on a free port while it is used as a context; keeps what it was sent."""

    def __init__(self, brain: Brain) -> None:
        self.requests: list[dict[str, Any]] = []
        self.headers: list[Mapping[str, str]] = []
        self.closing = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                request = json.loads(self.rfile.read(length))
                server.requests.append({"path": self.path, **request})
                server.headers.append(dict(self.headers))
                server.reply(self, brain(request))

            def log_message(self, format: str, *_: object) -> None:  # noqa: A002 - its parent's
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def reply(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        if reply.hangs:
            self.closing.wait()
            return
        handler.send_response(reply.status)
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        length = len(reply.body) + (reply.breaks or reply.drips) * 1_000_000
        handler.send_header("Content-Length", str(length))
        handler.end_headers()
        handler.wfile.write(reply.body)
        while reply.drips and not self.closing.wait(0.02):
            try:
                handler.wfile.write(b" ")
            except OSError:  # whoever asked has gone
                return
