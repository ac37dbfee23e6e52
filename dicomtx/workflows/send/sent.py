"""What became of a file that was to be sent."""

from dicomtx.errors import DicomtxError, NotDicomError, PolicyError, UnsupportedError
from dicomtx.workflows.convert.request import Outcome


class Sent(Outcome):
    """The outcome of sending one file. It has the fields of a conversion, and these.

    ``status`` is "done" if the peer has the file as asked, and "kept" if the peer has it in another
    syntax than the policy asks. "skipped" files were sent before, are files in folders that are not
    DICOM, or are not for sending.
    ``destination`` is the address of the peer.

    Attributes:
        sop_class_uid: SOP Class UID; empty if it could not be read.
        peer_status: the peer's answer: the DIMSE status in four hexadecimal digits, or "HTTP 200";
            empty without an answer.
        peer_reason: what the peer's answer means, and its comment.
        tries: how often it was sent; 0 if it was not.
        again: whether another try could succeed.
    """

    sop_class_uid: str = ""
    peer_status: str = ""
    peer_reason: str = ""
    tries: int = 0
    again: bool = False

    @property
    def delivered(self) -> bool:
        """Whether the peer has the instance."""
        return self.status in ("done", "kept")


def not_sent(path: str, destination: str, error: DicomtxError, *, again: bool = False) -> Sent:
    """Returns the outcome of a file that failed with an error."""
    return Sent(
        path=path,
        destination=destination,
        status="refused" if isinstance(error, PolicyError | UnsupportedError) else "failed",
        error=" ".join(str(error).split()),
        error_class=type(error).__name__,
        exit_code=int(error.exit_code),
        messages=error.lines,
        again=again,
    )


def not_dicom(sent: Sent) -> bool:
    """Returns whether a file was not sent because it is not a DICOM file."""
    return sent.error_class == NotDicomError.__name__


def skipped(path: str, destination: str, why: str) -> Sent:
    """Returns the outcome of a file that is left out."""
    return Sent(path=path, destination=destination, status="skipped", warnings=(why,))
