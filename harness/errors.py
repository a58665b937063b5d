"""What can go wrong in the harness, as one tree.

HarnessError
├── ConfigError           the caller asked for something that cannot be had
│   └── UnknownTaskError  no task of that name
├── TransitionError       an agent cannot go from one phase to another
├── StoppedError          a person stopped the agents
├── LatchError            the file that stops agents is foreign, damaged or full
├── DivergedError         what is replayed is not what was recorded
├── ExpertError           an expert lost its way on a page
├── MisfitError           a plan does not fit the page that it is for
└── InfrastructureError   a browser, a display or an app died; says nothing about the agent
"""


class HarnessError(Exception):
    """Root of everything that the harness raises on purpose."""


class ConfigError(HarnessError):
    """Raised when what was asked for is not allowed or not possible."""


class UnknownTaskError(ConfigError):
    """Raised when no task has the name that was asked for."""


class TransitionError(HarnessError):
    """Raised when an agent is to go from one phase to another that does not follow it."""


class StoppedError(HarnessError):
    """Raised when work is given up because a person stopped the agents."""


class LatchError(HarnessError):
    """Raised when the file that stops agents is another's, damaged or full."""


class InfrastructureError(HarnessError):
    """Raised when what an episode runs on failed: a browser, a display, an app."""


class DivergedError(HarnessError):
    """Raised when a replay meets something else than what was recorded."""


class ExpertError(HarnessError):
    """Raised when an expert does not find what it looks for on a page."""


class MisfitError(HarnessError):
    """Raised when a plan cannot be carried out on a page, because it is not as was expected."""
