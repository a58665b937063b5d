"""What can go wrong in the recorder, as one tree.

RecorderError
├── ConfigError            the caller asked for something that cannot be had
│   ├── UnsupportedError   this platform cannot do it (Wayland, no display, no browser)
│   └── NotFoundError      no recording of that name
├── FormatError            bytes on disk are not a recording that this version reads
│   ├── NewerVersionError  written by a later version of understudy
│   └── DamagedError       torn, foreign or altered
├── CaptureError           a source, the encoder or the disk failed while recording
└── ConsentError           the person did not agree to be recorded
"""


class RecorderError(Exception):
    """Root of everything that the recorder raises on purpose."""


class ConfigError(RecorderError):
    """Raised when what was asked for is not allowed or not possible."""


class UnsupportedError(ConfigError):
    """Raised when this machine cannot do what was asked; the message says what to do instead."""


class NotFoundError(ConfigError):
    """Raised when a recording that was named does not exist."""


class FormatError(RecorderError):
    """Raised when bytes on disk cannot be read as a recording."""


class NewerVersionError(FormatError):
    """Raised when a recording was written by a later version of understudy."""


class DamagedError(FormatError):
    """Raised when a recording is torn, foreign or altered; `recover` may help."""


class CaptureError(RecorderError):
    """Raised when a source, the encoder or the disk fails while recording."""


class ConsentError(RecorderError):
    """Raised when the person did not agree to be recorded."""
