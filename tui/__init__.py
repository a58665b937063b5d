"""The terminal: the one command, and the screens from which a person supervises agents."""
