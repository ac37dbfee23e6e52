"""The errors of dicomtx, each with its exit code on the command line."""

from enum import IntEnum
from typing import Final


class ExitCode(IntEnum):
    """The exit codes of all commands. They are part of the public interface."""

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
    SERVER = 11
    BUG = 70
    INTERRUPTED = 130
    TERMINATED = 143


NOT_DICOM: Final = "not a DICOM file"
"""How the message of every ``NotDicomError`` about a file begins."""


class DicomtxError(Exception):
    """Base class of errors whose message is one line: what went wrong, and what to try.

    Attributes:
        exit_code: the exit code of the command.
        lines: the traceback of a bug in dicomtx; empty for all other errors.
    """

    exit_code: ExitCode = ExitCode.BUG
    lines: tuple[str, ...] = ()


class BugError(DicomtxError):
    """A bug in dicomtx. Other files are not affected."""

    def __init__(self, message: str, lines: tuple[str, ...] = ()) -> None:
        """Keeps the lines of the traceback for the report."""
        super().__init__(message)
        self.lines = lines


class UsageError(DicomtxError):
    """The command or request is invalid."""

    exit_code = ExitCode.USAGE


class SourceError(DicomtxError):
    """The source is missing, unreadable, not DICOM, or damaged."""

    exit_code = ExitCode.SOURCE


class NotDicomError(SourceError):
    """The source is not a DICOM file."""


class DamagedError(SourceError):
    """The source is a DICOM file, but its structure or its pixel data is damaged."""


class UnsupportedError(DicomtxError):
    """The target syntax cannot hold the image (PS3.5 8.2), or no codec can write it."""

    exit_code = ExitCode.UNSUPPORTED


class CodecError(DicomtxError):
    """A codec could not decode or encode a frame."""

    exit_code = ExitCode.CODEC


class VerificationError(DicomtxError):
    """The result differs from the source."""

    exit_code = ExitCode.VERIFICATION


class DestinationError(DicomtxError):
    """The destination exists, is not writable, is full, or is a closed pipe."""

    exit_code = ExitCode.DESTINATION


class NetworkError(DicomtxError):
    """A peer cannot be reached, refuses the connection, or the connection is lost."""

    exit_code = ExitCode.NETWORK


class UnreachableError(NetworkError):
    """The peer cannot be reached, or it refuses the connection."""


class PolicyError(DicomtxError):
    """A policy refuses the file."""

    exit_code = ExitCode.POLICY


class LeftOutError(DicomtxError):
    """A rule of the policy leaves this file out. It is not written, and this is not a failure."""

    exit_code = ExitCode.DONE


class SettingsError(DicomtxError):
    """A settings file, an environment variable or a policy is invalid."""

    exit_code = ExitCode.SETTINGS
