"""How true the times of a stock pynput listener are, which most recorders are built on."""

from __future__ import annotations

import json
import time
from dataclasses import replace

from recorder.ruler import Ruler
from recorder.ruler.compare import EventErrors, Stamp, compare_events
from recorder.ruler.helper import Helper
from recorder.ruler.measure import clock_window, inject

_SETTLE_S = 0.5


def pynput_times(ruler: Ruler) -> EventErrors:
    """Return the errors of a stock listener that stamps pointer moves when it hears of them.

    Raises:
        CaptureError: the listener failed.
    """
    moves_only = replace(ruler, own_display=False)
    with (
        clock_window(moves_only),
        Helper(ruler.env_there, "recorder.bench.listener") as listener,
    ):
        listener.wait_until_ready()
        time.sleep(_SETTLE_S)
        injected = inject(moves_only)
        heard = json.loads(listener.finish())
    return compare_events(injected, [Stamp(*stamp) for stamp in heard])
