"""Captures a person's screen and actions, with consent and without secrets."""
