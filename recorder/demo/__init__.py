"""The demo: a scripted person at work in a real browser and on a real desktop, recorded."""

from recorder.demo.play import DemoResult, run_demo

__all__ = ["DemoResult", "run_demo"]
