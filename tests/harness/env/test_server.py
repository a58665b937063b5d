"""The only network that a task page has."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.env.server import PageServer


@pytest.fixture
def server(tmp_path: Path) -> PageServer:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "a b.html").write_text("page")
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "pages" / "out").symlink_to(tmp_path / "secret")
    return PageServer({"pages": tmp_path / "pages"}, {"/pages/stage.js": "made"})


@pytest.mark.parametrize(
    ("url", "answer"),
    [
        ("http://tasks.test/pages/a%20b.html", (b"page", "text/html")),
        ("http://tasks.test/pages/stage.js", (b"made", "text/javascript")),
        ("http://tasks.test/pages/none.html", None),
        ("http://tasks.test/pages/../secret", None),
        ("http://tasks.test/pages/%2e%2e/secret", None),
        ("http://tasks.test/pages/out", None),
        ("http://tasks.test/other/a.html", None),
        ("http://example.com/pages/a%20b.html", None),
        ("https://tasks.test/pages/stage.js", None),
        ("/pages/stage.js", None),
    ],
)
def test_only_what_lies_below_the_roots_is_answered(
    server: PageServer, url: str, answer: tuple[bytes, str] | None
) -> None:
    with server:
        assert server.body(url) == answer
