"""What can go wrong, each with the exit code that the command line ends with."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of every command; they are public."""

    DONE = 0
    SOME_FAILED = 1
    USAGE = 2
    SOURCE = 3
    UNSUPPORTED = 4
    CODEC = 5
    VERIFICATION = 6
    DESTINATION = 7
    POLICY = 8
    SETTINGS = 9
    NETWORK = 10
    BUG = 70
    INTERRUPTED = 130
    TERMINATED = 143


class DicomtxError(Exception):
    """Anything that the user can be told in one line: what was wrong, and what to do.

    Attributes:
        exit_code: what the command ends with.
        lines: the traceback of a fault of dicomtx itself; none of anything else.
    """

    exit_code: ExitCode = ExitCode.BUG
    lines: tuple[str, ...] = ()


class BugError(DicomtxError):
    """dicomtx itself is at fault; other files are not affected."""

    def __init__(self, message: str, lines: tuple[str, ...] = ()) -> None:
        """Carries the lines of the traceback for the report."""
        super().__init__(message)
        self.lines = lines


class UsageError(DicomtxError):
    """The request itself makes no sense."""

    exit_code = ExitCode.USAGE


class SourceError(DicomtxError):
    """The source is missing, unreadable, not DICOM, or damaged."""

    exit_code = ExitCode.SOURCE


class NotDicomError(SourceError):
    """The source is no DICOM file."""


class DamagedError(SourceError):
    """The source is DICOM, but its structure or its pixel data is broken."""


class UnsupportedError(DicomtxError):
    """The image cannot be had in the target syntax: no codec, or not allowed by PS3.5 8.2."""

    exit_code = ExitCode.UNSUPPORTED


class CodecError(DicomtxError):
    """A codec could not decode or encode a frame."""

    exit_code = ExitCode.CODEC


class VerificationError(DicomtxError):
    """What was written is not what was read."""

    exit_code = ExitCode.VERIFICATION


class DestinationError(DicomtxError):
    """The destination exists, is not writable, is full, or is a closed pipe."""

    exit_code = ExitCode.DESTINATION


class PolicyError(DicomtxError):
    """A policy refuses the file."""

    exit_code = ExitCode.POLICY


class LeftOutError(DicomtxError):
    """A rule of a tree leaves this file out: nothing is wrong, and nothing is written."""

    exit_code = ExitCode.DONE


class SettingsError(DicomtxError):
    """A settings file, an environment variable or a policy is wrong."""

    exit_code = ExitCode.SETTINGS
