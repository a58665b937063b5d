"""What commands share that train a policy or let it play: finding it, and what it can play."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness import control
from harness.tasks.registry import web_task, web_tasks
from policy.errors import ConfigError
from policy.files import sha256
from policy.sight import Sight

if TYPE_CHECKING:
    from policy.calibrate import Calibrator
    from policy.evaluate.environments import Policy


def load_policy(spec: str, *, sight: Sight = Sight.WHOLE, calibrated: bool = True) -> Policy:
    """Return the policy of a checkpoint's folder, or what `package:factory` makes.

    Raises:
        CheckpointError: the checkpoint is torn, foreign or altered.
        harness.errors.ConfigError: there is no such factory, or it makes no policy.
    """
    if ":" in spec and not Path(spec).exists():
        return control.load_policy(spec)
    import torch  # noqa: PLC0415 - it takes seconds to import

    from policy.agent import load  # noqa: PLC0415 - imports torch

    # a small network is no faster on more cores, and waits for them while the browser needs them
    torch.set_num_threads(1)
    return load(Path(spec), sight=sight, calibrated=calibrated)


def load_calibrator(spec: str, model_hash: str) -> Calibrator | None:
    """Return the calibrator of a checkpoint; None where it has none.

    Raises:
        CheckpointError: it belongs to other weights, or is damaged.
    """
    from policy.calibrate import CALIBRATOR_FILE, Calibrator  # noqa: PLC0415 - SciPy is slow

    path = Path(spec) / CALIBRATOR_FILE
    return Calibrator.load(path, model_hash) if path.exists() else None


def model_hash_of(checkpoint: Path) -> str:
    """Return what a calibrator is bound to: the SHA-256 of the weights.

    Raises:
        ConfigError: there are no weights.
    """
    try:
        return sha256(checkpoint / "model.safetensors")
    except OSError as error:
        raise ConfigError(f"no weights in {checkpoint}: {error}") from error


def task_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of web tasks without version, each once.

    Raises:
        UnknownTaskError: there is no task of a name; the message names the nearest.
    """
    return tuple(dict.fromkeys(web_task(name).name for name in names))


def playable_tasks(names: Collection[str]) -> tuple[str, ...]:
    """Return those of these names that are web tasks, sorted."""
    known = web_tasks()
    return tuple(sorted(name for name in names if name in known))
