"""What can go wrong around the hub, a branch of the tree in `harness/errors.py`.

HubError
├── ProtocolError   a peer says what cannot be understood, or speaks another version
├── RefusedError    the hub does not do what it is asked for
├── HubLostError    the connection is gone
└── SupersededError an answer came for a screen that is no longer there, or nobody gave one
"""

from harness.errors import HarnessError


class HubError(HarnessError):
    """Root of what goes wrong around the hub."""


class ProtocolError(HubError):
    """Raised when a peer sends what is too long, damaged, or of another version."""


class RefusedError(HubError):
    """Raised when the hub refuses what it was asked to do, and says why."""


class HubLostError(HubError):
    """Raised when there is no hub to talk to, or no longer."""


class SupersededError(HubError):
    """Raised when a request for help ends without an answer that may be carried out."""
