"""Scripted solvers, which may look behind the screen: for demonstrations and simulated people."""
