"""The terminal's benchmark: what it costs, and how fast it answers, next to other tiles."""
