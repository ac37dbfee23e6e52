"""Targets and conditions that depend on the source; the conversion asks when it has read it."""

from typing import Final, NamedTuple

from dicomtx.cli.faces.wanted import LOSSY_JPEG, NATIVE, SAME, Wanted
from dicomtx.dicom.inspection import FileInfo
from dicomtx.dicom.item_search import has_delimiters
from dicomtx.engine.planning.policy import Decision, Subject, Verdict
from dicomtx.errors import UnsupportedError
from dicomtx.transfer_syntaxes import TransferSyntax, find

EXPLICIT: Final = "explicit-vr-little-endian"
IMPLICIT: Final = "implicit-vr-little-endian"


class BySource(NamedTuple):
    """The policy of a face: what its options ask for, for one file.

    Attributes:
        wanted: what the options ask for.
        name: the name of the tool.
        order: always empty: the settings order the codecs.
        warnings: always empty.
    """

    wanted: Wanted
    name: str
    order: str = ""
    warnings: tuple[str, ...] = ()

    def decide(self, subject: Subject) -> Decision:
        """Returns the decision to transcode.

        Raises:
            UnsupportedError: the source is not what the options say.
        """
        _check(subject.header, self.wanted)
        if self.wanted.explicit_lengths and has_delimiters(subject.data_set):
            raise UnsupportedError(
                "it has sequences of undefined length, and dicomtx keeps them; drop the option"
                " for explicit lengths"
            )
        return Decision(Verdict.TRANSCODE, "", _target(subject.header, self.wanted.target))

    def explain(self, subject: Subject) -> list[tuple[str, str]]:
        """Returns the one rule, which matches every file."""
        target = _target(subject.header, self.wanted.target)
        return [(self.name, f"matches: to {target.name}")]


def _target(header: FileInfo, target: str) -> TransferSyntax:
    """Returns the transfer syntax that a target means for this source."""
    if target == SAME:
        return header.syntax
    if target == NATIVE:
        implicit = header.syntax.implicit_vr and not header.syntax.encapsulated
        return find(IMPLICIT if implicit else EXPLICIT)
    if target == LOSSY_JPEG:
        wide = header.image and header.image.bits_allocated > 8
        return find("jpeg-extended" if wide else "jpeg-baseline")
    return find(target)


def _check(header: FileInfo, wanted: Wanted) -> None:
    """Checks what the options say about the source.

    Raises:
        UnsupportedError: it is not so.
    """
    meta = header.meta != "none"
    if wanted.has_meta not in (None, meta):
        has = "has" if meta else "has no"
        raise UnsupportedError(f"it {has} file meta information; drop the input option")
    encoding = _encoding(header.syntax)
    if wanted.encoding not in ("", encoding):
        raise UnsupportedError(
            f"the data set is {encoding}, not {wanted.encoding}; drop the input option, since"
            " dicomtx recognizes the encoding"
        )
    by_plane = header.image and header.image.planar_configuration
    if wanted.planar is not None and by_plane and not header.syntax.encapsulated:
        raise UnsupportedError(
            "its samples are stored by plane, and dicomtx does not rearrange native pixel data"
        )


def _encoding(syntax: TransferSyntax) -> str:
    """Returns the native syntax with the same encoding of elements."""
    if syntax.implicit_vr:
        return IMPLICIT
    return "explicit-vr-big-endian" if syntax.big_endian else EXPLICIT
