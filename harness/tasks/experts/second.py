"""Experts."""

from __future__ import annotations

from harness.tasks.experts import adjusting, browsing, dragging, entering, mail, guessing, apps, plotting, reading
from harness.tasks.experts.dom import Expert

EXPERTS: dict[str, Expert] = {**entering.EXPERTS, **reading.EXPERTS, **mail.EXPERTS, **browsing.EXPERTS, **guessing.EXPERTS, **apps.EXPERTS, **adjusting.EXPERTS, **dragging.EXPERTS, **plotting.EXPERTS}
