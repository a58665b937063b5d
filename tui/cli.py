"""The one command, `understudy`: reads the arguments and hands over to a command."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any

from harness.errors import HarnessError, InfrastructureError
from policy.errors import PolicyError
from recorder.errors import CaptureError, ConfigError, RecorderError
from tui.halt import halt, is_plain_stop

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "record": "record:record",
        "list": "recordings:list_recordings",
        "show": "recordings:show",
        "cat": "recordings:cat",
        "trim": "recordings:trim",
        "redact": "recordings:redact",
        "recover": "recordings:recover",
        "verify": "recordings:verify",
        "export": "recordings:export",
        "delete": "recordings:delete",
        "tasks": "tasks:tasks",
        "demonstrate": "demonstrate:demonstrate",
        "pretrain": "pretrain:pretrain",
        "pack": "pack:pack",
        "train": "train:train",
        "calibrate": "calibrate:calibrate",
        "evaluate": "evaluate:evaluate",
        "foreman": "foreman:foreman",
        "stop": "stop:stop",
        "doctor": "tools:doctor",
        "bench": "tools:bench",
        "freeze": "freeze:freeze",
        "resume": "suite:resume",
        "score": "suite:score",
        "compare": "suite:compare",
        "report": "report:report",
        "demo": "demo:demo",
    }
)
"""Where each command is: module in `tui.commands`, and function."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code: 0 fine, 1 failed, 2 asked for the impossible."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    # what goes wrong in a recording is said in its status line, which a log line would tear
    logging.basicConfig(level=logging.CRITICAL, format="understudy: %(message)s")
    try:
        if is_plain_stop(arguments):
            print(halt(arguments[1] if arguments[1:] else None))
            return 0
        check_install()
        outcome = _run(arguments)
    except (CaptureError, InfrastructureError) as error:
        print(f"understudy: {error}", file=sys.stderr)
        return 1
    except (RecorderError, HarnessError, PolicyError) as error:
        print(f"understudy: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of a pipe, such as `head`, has seen enough
        sys.stderr.close()
        return 0
    except KeyboardInterrupt:
        return 130
    return outcome if isinstance(outcome, int) else 0


def _run(arguments: Sequence[str]) -> Any:
    """Run a command; only what it needs is imported, for some need seconds."""
    import tyro  # noqa: PLC0415 - stopping agents does not wait for it

    name = arguments[0] if arguments else ""
    wanted = [name] if name in COMMANDS else [*COMMANDS]
    return tyro.extras.subcommand_cli_from_dict(
        {each: _function(each) for each in wanted},
        prog="understudy",
        description=(
            "Watches you work, learns your part, goes on in your place, and asks when it "
            "forgets its lines. Every command explains itself: understudy COMMAND --help."
        ),
        args=list(arguments),
        config=(tyro.conf.OmitArgPrefixes, tyro.conf.OmitSubcommandPrefixes),
    )


def _function(command: str) -> Callable[..., Any]:
    module, _, name = COMMANDS[command].partition(":")
    return getattr(import_module(f"tui.commands.{module}"), name)


def check_install() -> None:
    """Refuse to run when another distribution owns one of our package names.

    Raises:
        ConfigError: a package of ours is shadowed.
    """
    here = Path(__file__).resolve().parent.parent
    for name in ("recorder", "policy", "harness", "tui"):
        spec = find_spec(name)
        if spec is None or not spec.origin or Path(spec.origin).resolve().parent.parent != here:
            raise ConfigError(f"package {name!r} is not ours; install understudy by itself")


if __name__ == "__main__":
    sys.exit(main())
