"""Runs policies on real work and measures useful output per human intervention."""
