"""The script of the guard in the page, and how its functions are called over DevTools."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias

from harness.errors import InfrastructureError
from harness.modes.fast_forward.aim import Frame
from recorder.browser.scripts import listing_script

WORLD = "understudy-guard"
"""The name of the guard's own world in each frame, and of the group of what it is asked for."""
AIM = "(...nodes) => understudyGuard.aim(...nodes)"
ARM = "(...plan) => understudyGuard.arm(...plan)"
TAKE = "(...plan) => understudyGuard.take(...plan)"
SUSPECT = "() => understudyGuard.suspect()"
SETTLE = "() => understudyGuard.settle()"
JOIN = "(plan) => understudyGuard.join(plan)"
DISARM = "() => understudyGuard.disarm()"
HAS_FOCUS = "() => document.hasFocus() && !/^I?FRAME$/.test(document.activeElement?.tagName)"
ARM_NEW: dict[str, Any] = {"source": "understudyGuard.arm([])", "worldName": WORLD}

Command: TypeAlias = tuple[str, dict[str, Any]]
"""A DevTools command and its values."""


def call(frame: Frame, function: str, values: Sequence[dict[str, Any]] = ()) -> Command:
    """Return what calls a function in the guard's world of a frame, for `value` of its answer."""
    return "Runtime.callFunctionOn", {
        "functionDeclaration": function,
        "executionContextId": frame.context,
        "arguments": list(values),
        "returnByValue": True,
    }


def handle(frame: Frame, function: str) -> Command:
    """Return the same for a function that returns a node, of which the answer has the id."""
    method, values = call(frame, function)
    return method, {**values, "returnByValue": False, "objectGroup": WORLD}


def value(answer: dict[str, Any]) -> Any:
    """Return what a function returned.

    Raises:
        InfrastructureError: it failed.
    """
    failure = answer.get("exceptionDetails")
    if failure:
        raise InfrastructureError(f"the guard failed: {failure['exception']['description']}")
    return answer["result"].get("value")


@cache
def guard_script() -> str:
    """Return what makes the guard in a world that has none yet."""
    source = (files("harness.env") / "scripts" / "guard.js").read_text("utf-8")
    parts = (source, f"return makeGuard({listing_script()});")
    return f"globalThis.understudyGuard ??= (() => {{{'; '.join(parts)}}})()"
