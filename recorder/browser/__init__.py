"""The browser recorder: every page, popup and frame of a Playwright context."""
