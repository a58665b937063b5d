"""The desktop source: screen, input, windows and focus of one display."""
