"""The scripts that run inside pages, with names that no page can guess."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.resources import files

_SHARED = ("report", "root", "markup", "hello", "ready", "said")


def _unguessable() -> str:
    return "u" + secrets.token_hex(12)


@dataclass(frozen=True, slots=True)
class Names:
    """How the two halves in a page, and the recorder, call each other; new for each recording."""

    world: str = field(default_factory=_unguessable)
    """The JavaScript world that the listeners live in, apart from the page's own."""
    binding: str = field(default_factory=_unguessable)
    """What the recorder's own world calls."""
    report: str = field(default_factory=_unguessable)
    """What the page's own world calls until then."""
    probe: str = field(default_factory=_unguessable)
    root: str = field(default_factory=_unguessable)
    markup: str = field(default_factory=_unguessable)
    hello: str = field(default_factory=_unguessable)
    ready: str = field(default_factory=_unguessable)
    said: str = field(default_factory=_unguessable)
    trusted: tuple[str, ...] = ()
    """Domains whose fields are no secrets."""


def early_script(names: Names) -> str:
    """Return what runs in the page's own world, before any script of the page."""
    found = asdict(names)
    return _bundle({name: found[name] for name in _SHARED}, "early.js")


def watch_script(names: Names) -> str:
    """Return what runs in the recorder's own world."""
    return _bundle(asdict(names), "secrets.js", "elements.js", "targets.js", "watch.js")


def _bundle(names: Mapping[str, str], *scripts: str) -> str:
    folder = files("recorder.browser") / "scripts"
    parts = [(folder / script).read_text("utf-8") for script in scripts]
    # a block, so that nothing of it is a global of the page
    return "\n".join([f"{{const NAMES = {json.dumps(names)};", *parts, "}"])


def listing_script() -> str:
    """Return an expression whose value lists a page's elements, for pages that hold no secrets."""
    folder = files("recorder.browser") / "scripts"
    parts = [(folder / script).read_text("utf-8") for script in ("secrets.js", "elements.js")]
    names = json.dumps({"trusted": []})
    return "\n".join(
        [
            f"(() => {{const NAMES = {names};",
            *parts,
            'return () => elements.snapshot(() => "");',
            "})()",
        ]
    )
