"""A document's clock, mapped to the recording's: no wall clock is asked, so none can mislead."""

from __future__ import annotations


class PageClock:
    """Learns when a document's `performance.now()` was zero on the recording's clock.

    Whatever the page says was said before it is heard, and after the question it answers was sent:
    each exchange narrows the interval that the zero lies in. Both clocks run at the same rate, and
    an exchange that contradicts the interval (a suspend, on some platforms) starts a new one.
    """

    def __init__(self) -> None:
        self._low_ns: int | None = None
        self._high_ns: int | None = None
        self._zero_ns: int | None = None

    @property
    def settled(self) -> bool:
        """Whether times are final: a better estimate would turn the order of events around."""
        return self._zero_ns is not None

    def settle(self) -> None:
        """Go by what is known now."""
        self._zero_ns = self._estimate()

    def heard(self, page_ms: float, received_ns: int) -> None:
        """Learn from something that the page said at `page_ms` of its own accord."""
        self._narrow(None, received_ns - _ns(page_ms))

    def answered(self, page_ms: float, asked_ns: int, received_ns: int) -> None:
        """Learn from an answer that the page gave at `page_ms`."""
        self._narrow(asked_ns - _ns(page_ms), received_ns - _ns(page_ms))

    def to_ns(self, page_ms: float) -> int:
        """Return a document's time on the recording's clock."""
        zero_ns = self._estimate() if self._zero_ns is None else self._zero_ns
        return zero_ns + _ns(page_ms)

    @property
    def error_ns(self) -> int | None:
        """How far the mapping may be off; None while nothing bounds it."""
        if self._low_ns is None or self._high_ns is None:
            return None
        return (self._high_ns - self._low_ns) // 2

    def _estimate(self) -> int:
        if self._high_ns is None:
            return 0
        return self._high_ns if self._low_ns is None else (self._low_ns + self._high_ns) // 2

    def _narrow(self, low_ns: int | None, high_ns: int) -> None:
        too_early = self._low_ns is not None and high_ns < self._low_ns
        too_late = low_ns is not None and self._high_ns is not None and low_ns > self._high_ns
        if too_early or too_late:
            self._low_ns = self._high_ns = self._zero_ns = None
        self._high_ns = high_ns if self._high_ns is None else min(self._high_ns, high_ns)
        if low_ns is not None:
            self._low_ns = low_ns if self._low_ns is None else max(self._low_ns, low_ns)


def _ns(milliseconds: float) -> int:
    return round(milliseconds * 1e6)
