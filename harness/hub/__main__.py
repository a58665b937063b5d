"""`python -m harness.hub FOLDER`: the hub of one shift, whose manifest is in the folder."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import signal
import sys
from pathlib import Path

from harness.errors import HarnessError
from harness.hub.launch import read_manifest
from harness.hub.protocol import default_socket
from harness.hub.server import HubConfig, serve


async def _serve(config: HubConfig) -> None:
    serving = asyncio.ensure_future(serve(config))
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, serving.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await serving


def main() -> int:
    """Serve until told to stop; return 0, or 1 when it cannot serve."""
    parser = argparse.ArgumentParser(prog="python -m harness.hub", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--socket", type=Path, default=default_socket())
    parser.add_argument("--latch", type=Path, default=None)
    asked = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="hub: %(message)s")
    try:
        config = HubConfig(
            folder=asked.folder,
            manifest=read_manifest(asked.folder),
            socket=asked.socket,
            latch=asked.latch,
        )
        asyncio.run(_serve(config))
    except (HarnessError, OSError) as error:
        logging.getLogger(__name__).error("%s", error)  # noqa: TRY400 - it says what went wrong
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
