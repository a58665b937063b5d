"""Suites: every row of a table played on one frozen manifest, and what came of it."""
