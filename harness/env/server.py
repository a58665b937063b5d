"""The only network that a task page has: a proxy that knows nothing but the task pages."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from mimetypes import guess_type
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit

HOST = "tasks.test"  # a name that no resolver knows, so nothing can leave by mistake


class PageServer:
    """Answers for `http://tasks.test/…` as a browser's proxy, and refuses everything else.

    Args:
        roots: folders by the first part of the path.
        texts: pages made here, by their whole path.
    """

    def __init__(self, roots: Mapping[str, Path], texts: Mapping[str, str]) -> None:
        self._roots = {name: root.resolve() for name, root in roots.items()}
        self._texts = {path: text.encode() for path, text in texts.items()}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def proxy(self) -> str:
        """Address of the proxy."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def body(self, url: str) -> tuple[bytes, str] | None:
        """Return what there is at a URL, and its media type."""
        parts = urlsplit(url)
        if parts.scheme != "http" or parts.netloc != HOST:
            return None
        path = unquote(parts.path)
        kind = guess_type(path)[0] or "text/html"
        if path in self._texts:
            return self._texts[path], kind
        name, _, rest = path.lstrip("/").partition("/")
        root = self._roots.get(name)
        found = (root / rest).resolve() if root else None
        if not root or not found or not found.is_relative_to(root) or not found.is_file():
            return None
        return found.read_bytes(), kind

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        body = self.body

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                answer = body(self.path)
                if answer is None:
                    self.send_error(HTTPStatus.FORBIDDEN, "no such task page")
                    return
                content, kind = answer
                self.send_response(HTTPStatus.OK)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.send_header("Cache-Control", "max-age=86400, immutable")
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *values: object) -> None:  # noqa: A002 - inherited
                pass

        return Handler
