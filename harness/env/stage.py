"""The stage: the one page that shows all task pages, and the server it comes from."""

from __future__ import annotations

import json
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from harness.env.server import HOST, PageServer
from recorder.browser.scripts import listing_script
from recorder.errors import UnsupportedError

AREA = (160, 210)
"""Width and height of a task page in px."""
STAGE_URL = f"http://{HOST}/miniwob/stage.html"
EPOCH_MS = 1_767_268_800_000  # 2026-01-01 12:00 UTC: what every page takes for now
_SCRIPTS = ("clock.js", "drags.js", "faults.js", "stage.js")


def page_server() -> PageServer:
    """Return a server of the stage and of everything that can be shown on it."""
    html = miniwob_pages()
    scripts = files("harness.env") / "scripts"
    constants = (
        f"const EPOCH_MS = {EPOCH_MS}, LISTING = {json.dumps(listing_script())}, "
        f"FAULT_WORDS = {(scripts / 'faults.json').read_text('utf-8')};"
    )
    return PageServer(
        {name: html / name for name in ("miniwob", "core", "common")},
        {
            "/miniwob/stage.html": (scripts / "stage.html").read_text("utf-8"),
            "/miniwob/stage.js": "\n".join(
                [constants, *((scripts / name).read_text("utf-8") for name in _SCRIPTS)]
            ),
        },
    )


def miniwob_pages() -> Path:
    """Return the folder of MiniWoB++'s HTML.

    Raises:
        UnsupportedError: the package is not installed.
    """
    # not imported: it would register environments of its own
    found = find_spec("miniwob")
    if not found or not found.origin:
        raise UnsupportedError("web tasks need pip install 'understudy[harness]'")
    return Path(found.origin).parent / "html"
