"""The files that the arguments of a command mean, one by one: nothing is held but where it is."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from dicomtx.zip_members import Member


class Found(NamedTuple):
    """One file to be worked on.

    Attributes:
        path: what is opened: a file, or the ZIP archive that it is in.
        member: which one of the archive; None for a file.
        relative: where it goes in the mirrored tree, with slashes.
        root: the argument that it was found by.
        error: why it cannot be worked on, to be reported as a failure; empty if it may be tried.
        skipped: why it is left out, to be counted; empty if it is not.
    """

    path: str
    member: Member | None
    relative: str
    root: str
    error: str = ""
    skipped: str = ""

    @property
    def name(self) -> str:
        """What it is called in outcomes: ``archive.zip/member`` for a member."""
        return f"{self.path}/{self.member.name}" if self.member else self.path


class Rules(NamedTuple):
    """What is looked for.

    Attributes:
        include: globs; if there are any, one must match. One without a slash is held against the
            name, others against the path in the tree.
        exclude: globs that leave files out, and folders with all that is in them.
        follow: symbolic links may lead out of the tree.
        null: the list on standard input ends its paths with NUL, not with a newline.
        without: folders that are not entered, such as the destination.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    follow: bool = False
    null: bool = False
    without: tuple[str, ...] = ()


def find(arguments: Iterable[str], rules: Rules) -> Iterator[Found]:
    """Yields the files that arguments mean: files, folders, ZIP archives, DICOMDIRs; ``-`` a list.

    One folder, archive or DICOMDIR is mirrored with what is in it, several below their names; a
    file goes by its name. Order is that of the arguments, and by name within.
    """
    raise NotImplementedError(arguments, rules)
