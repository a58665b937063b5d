"""What can go wrong in the harness, as one tree.

HarnessError
├── ConfigError           the caller asked for something that cannot be had
│   └── UnknownTaskError  no task of that name
├── ExpertError           an expert lost its way on a page
└── InfrastructureError   a browser, a display or an app died; says nothing about the agent
"""


class HarnessError(Exception):
    """Root of everything that the harness raises on purpose."""


class ConfigError(HarnessError):
    """Raised when what was asked for is not allowed or not possible."""


class UnknownTaskError(ConfigError):
    """Raised when no task has the name that was asked for."""


class InfrastructureError(HarnessError):
    """Raised when what an episode runs on failed: a browser, a display, an app."""


class ExpertError(HarnessError):
    """Raised when an expert does not find what it looks for on a page."""
