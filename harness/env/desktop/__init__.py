"""Real apps on a virtual display, as a Gymnasium environment."""

from harness.env.desktop.env import DesktopEnv

__all__ = ["DesktopEnv"]
