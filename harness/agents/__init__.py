"""Agents that need no training: those that any other must beat, and language models."""
