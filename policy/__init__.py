"""Learns from recordings to predict the next action, and knows when it does not know."""
