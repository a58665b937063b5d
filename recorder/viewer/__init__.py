"""The viewer: a recording as one HTML file that plays it, and as one line of facts."""

from recorder.viewer.page import Summary, summary, write_html

__all__ = ["Summary", "summary", "write_html"]
