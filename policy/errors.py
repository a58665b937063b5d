"""What can go wrong in the policy, as one tree.

PolicyError
├── ConfigError      the caller asked for something that cannot be had
├── DataError        what is to be learned from is missing, empty or damaged
└── CheckpointError  saved weights are torn, foreign, altered, or made for other inputs
"""


class PolicyError(Exception):
    """Root of everything that the policy raises on purpose."""


class ConfigError(PolicyError):
    """Raised when what was asked for is not allowed or not possible."""


class DataError(PolicyError):
    """Raised when what is to be learned from is missing, empty or damaged; says which episode."""


class CheckpointError(PolicyError):
    """Raised when saved weights are torn, foreign or altered, or were made for other inputs."""
