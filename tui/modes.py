"""The screens by the names of their modes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tui.screens.agent import AgentScreen
from tui.screens.audit import AuditScreen
from tui.screens.base import ShiftScreen
from tui.screens.doctor import DoctorScreen
from tui.screens.foreman import ForemanScreen
from tui.screens.help import HelpScreen
from tui.screens.metrics import MetricsScreen
from tui.screens.replay import ReplayScreen
from tui.screens.takeover import TakeoverScreen
from tui.screens.wall import WallScreen

MODES: Mapping[str, type[ShiftScreen]] = MappingProxyType(
    {
        "foreman": ForemanScreen,
        "agent": AgentScreen,
        "takeover": TakeoverScreen,
        "help": HelpScreen,
        "wall": WallScreen,
        "metrics": MetricsScreen,
        "audit": AuditScreen,
        "replay": ReplayScreen,
        "doctor": DoctorScreen,
    }
)
