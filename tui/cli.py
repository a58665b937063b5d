"""The one command, `understudy`: reads the arguments and hands over to a command."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import tyro

from harness.errors import HarnessError, InfrastructureError
from policy.errors import PolicyError
from recorder.errors import CaptureError, ConfigError, RecorderError
from tui.commands import recordings, suite, tools
from tui.commands.calibrate import calibrate
from tui.commands.demo import demo
from tui.commands.demonstrate import demonstrate
from tui.commands.evaluate import evaluate
from tui.commands.pretrain import pretrain
from tui.commands.record import record
from tui.commands.report import report
from tui.commands.stop import stop
from tui.commands.tasks import tasks
from tui.commands.train import train

COMMANDS = {
    "record": record,
    "list": recordings.list_recordings,
    "show": recordings.show,
    "cat": recordings.cat,
    "trim": recordings.trim,
    "redact": recordings.redact,
    "recover": recordings.recover,
    "verify": recordings.verify,
    "export": recordings.export,
    "delete": recordings.delete,
    "tasks": tasks,
    "demonstrate": demonstrate,
    "pretrain": pretrain,
    "train": train,
    "calibrate": calibrate,
    "evaluate": evaluate,
    "stop": stop,
    "doctor": tools.doctor,
    "bench": tools.bench,
    "resume": suite.resume,
    "score": suite.score,
    "compare": suite.compare,
    "report": report,
    "demo": demo,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code: 0 fine, 1 failed, 2 asked for the impossible."""
    # what goes wrong in a recording is said in its status line, which a log line would tear
    logging.basicConfig(level=logging.CRITICAL, format="understudy: %(message)s")
    try:
        check_install()
        outcome = tyro.extras.subcommand_cli_from_dict(
            COMMANDS,
            prog="understudy",
            description=(
                "Watches you work, learns your part, goes on in your place, and asks when it "
                "forgets its lines. Every command explains itself: understudy COMMAND --help."
            ),
            args=None if arguments is None else list(arguments),
            config=(tyro.conf.OmitArgPrefixes, tyro.conf.OmitSubcommandPrefixes),
        )
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
