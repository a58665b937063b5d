"""The foreman's screens, one per file."""
