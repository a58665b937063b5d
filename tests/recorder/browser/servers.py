"""Two small web servers, one on each name of this machine, so that each is foreign to the other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Site:
    """Pages by path, served under `here` and, from another site, under `there`."""

    def __init__(self, here: str, there: str) -> None:
        self.here = here
        self.there = there
        self.pages: dict[str, str] = {}

    def put(self, path: str, html: str) -> str:
        """Serve a page; `{here}` and `{there}` in it stand for the two sites. Return its URL."""
        html = html.replace("{here}", self.here).replace("{there}", self.there)
        self.pages[path] = f"<!doctype html><meta charset=utf-8>{html}"
        return self.here + path


@contextmanager
def serve() -> Generator[Site]:
    """Yield a site that is served for the length of the block."""
    found: list[Site] = []
    handler = _handler(lambda path: found[0].pages.get(path, ""))
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), handler) for _ in range(2)]
    for server in servers:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    here, there = (server.server_address[1] for server in servers)
    found.append(Site(f"http://localhost:{here}", f"http://127.0.0.1:{there}"))
    try:
        yield found[0]
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


def _handler(page: Callable[[str], str]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = page(self.path.partition("?")[0]).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as inherited
            """Say nothing."""

    return Handler
