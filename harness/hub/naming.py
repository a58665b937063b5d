"""Names that workers and manifests bring along: screens show them, so they must be fit for that."""

from __future__ import annotations

from collections.abc import Iterator

from harness.hub.errors import ProtocolError, RefusedError
from harness.hub.events import Happened, Raised, WorkerEvent
from harness.hub.untrusted import is_fit, shown
from harness.measure.events import EpisodeStarted, Manifest, StepTaken


def check_plan(manifest: Manifest) -> None:
    """Make sure that what a shift is to do can be shown.

    Raises:
        RefusedError: the name of a task or policy holds what a terminal interprets, or is too long.
    """
    for name in (manifest.policy, *(each.key for each in manifest.plan)):
        if not is_fit(name):
            raise RefusedError(f"a manifest with a name that cannot be shown: {shown(name, 80)}")


def check_names(told: WorkerEvent) -> None:
    """Make sure that the names in what a worker tells can be shown, and are its own.

    Raises:
        ProtocolError: one cannot, or it tells of another agent than it says.
    """
    match told:
        case Happened(agent=name, event=EpisodeStarted(agent=other)) if other != name:
            raise ProtocolError(f"{name} tells of {shown(other, 80)}")
        case _:
            pass
    for name in _names(told):
        if not is_fit(name):
            raise ProtocolError(f"a name that cannot be shown: {shown(name, 80)}")


def _names(told: WorkerEvent) -> Iterator[str]:
    match told:
        case Happened(event=EpisodeStarted(planned=planned)):
            yield planned.key
        case Happened(event=StepTaken(action=action)):
            yield action
        case Raised(request=request):
            yield from (request.id, request.episode)
        case _:
            pass
