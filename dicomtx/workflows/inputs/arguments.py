"""Finds the files that arguments name, one by one, without holding them in memory."""

import os
import stat
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import NamedTuple

from dicomtx.errors import DicomtxError, SourceError, UsageError
from dicomtx.printable import without_secrets
from dicomtx.storage.local_file import LocalFile
from dicomtx.storage.location import Location, StandardInput, locate
from dicomtx.storage.source import CHUNK, STANDARD_STREAM, reason
from dicomtx.storage.zip.directory import members
from dicomtx.storage.zip.member import ZipMember
from dicomtx.workflows.boundary import boundary
from dicomtx.workflows.inputs.globs import Globs
from dicomtx.workflows.inputs.seen import Seen
from dicomtx.workflows.inputs.tree_paths import (
    joined,
    mirrored,
    name_of,
    parts_of,
    without_extension,
)
from dicomtx.workflows.inputs.walk import ABSENT, SPECIAL, identity, walk


class Found(NamedTuple):
    """One file that was found.

    Attributes:
        source: where the file is.
        relative: its path in the mirrored tree, with slashes; never leads out of the tree.
        root: the argument that led to it.
        error: why it cannot be processed, to report as a failure; empty if it can be tried.
        skipped: why it is skipped; empty if it is not.
    """

    source: Location
    relative: str
    root: str
    error: str = ""
    skipped: str = ""

    @property
    def named(self) -> bool:
        """Whether an argument names this file, or the archive that contains it."""
        archive = self.source.archive.name if isinstance(self.source, ZipMember) else ""
        return without_secrets(self.root) in (archive, self.source.name)


class Selection(NamedTuple):
    """Selects files.

    Attributes:
        include: globs; if there are any, one must match. A glob without a slash is compared with
            the name, others with the path in the tree.
        exclude: globs for files and folders to skip.
        follow: follow symbolic links that lead out of the tree.
        null: paths on standard input end with NUL instead of a newline.
        without: folders to skip, such as the destination.
        base: the folder that is the top of the tree; empty: see ``find``.
        flat: the tree has no folders.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    follow: bool = False
    null: bool = False
    without: tuple[str, ...] = ()
    base: str = ""
    flat: bool = False


def find(arguments: Iterable[str], rules: Selection) -> Iterator[Found]:
    """Yields the files that arguments name: files, folders, ZIP archives, DICOMDIRs, ``-`` a list.

    The tree mirrors the content of a single folder, archive or DICOMDIR. With several arguments,
    each has a folder of its name. A file goes by its name, and a listed path by the path. The order
    is that of the arguments, and by name within each. If several arguments lead to the same file,
    only the first yields it. A missing or broken file is yielded with its ``error``.

    With a ``base``, the tree mirrors that folder, and a path outside it is an error. With ``flat``,
    each file goes by its name, which two files can share.
    """
    globs = Globs(rules.include, rules.exclude)
    seen = Seen()
    for found in _all(arguments, rules, globs):
        wanted = found.error or globs.includes(found.relative)
        if globs.excludes(found.relative) or not wanted:
            continue
        if seen.first(found.source, found.error or found.skipped):
            yield found._replace(relative=name_of(found.relative)) if rules.flat else found


def _all(arguments: Iterable[str], rules: Selection, globs: Globs) -> Iterator[Found]:
    left = iter(arguments)
    first = list(islice(left, 2))
    for argument in chain(first, left):
        if argument == STANDARD_STREAM:
            for path in _listed(null=rules.null):
                yield from _at(path, mirrored(path), rules, globs)
        else:
            alone = len(first) == 1
            yield from _at(argument, name_of(argument), rules, globs, alone=alone)


def _at(
    path: str, relative: str, rules: Selection, globs: Globs, *, alone: bool = False
) -> Iterator[Found]:
    """Yields the files of one path, at its place in ``rules.base`` if there is one."""
    if rules.base:
        place = os.path.relpath(os.path.abspath(path), os.path.abspath(rules.base))
        if place.split("/")[0] == os.pardir:
            error = f"is not in {rules.base}, the folder of --base"
            yield Found(LocalFile(path), relative, path, error)
            return
        alone = place == os.curdir
        relative = relative if alone else place
    yield from _Argument(path, relative, rules, globs, alone=alone).files()


def _listed(*, null: bool) -> Iterator[str]:
    """Yields the paths on standard input as they arrive.

    Raises:
        UsageError: the paths do not end as ``null`` says.
    """
    end, rest = b"\0" if null else b"\n", b""
    while data := _read():
        *whole, rest = (rest + data).split(end)
        yield from (_path(path, null=null) for path in whole if path)
    if rest:
        yield _path(rest, null=null)


def _path(listed: bytes, *, null: bool) -> str:
    if b"\0" in listed:
        raise UsageError(
            "standard input: a path contains a NUL byte; use -0 for lists from find -print0"
        )
    if null and b"\n" in listed and not os.path.lexists(listed):
        raise UsageError("standard input: the paths end with newlines; leave out -0")
    return os.fsdecode(listed)


def _read() -> bytes:
    try:
        return os.read(0, CHUNK)
    except OSError as error:
        raise SourceError(f"the list on standard input cannot be read: {reason(error)}") from error


class _Argument:
    """One argument or listed path, and the files that it leads to."""

    def __init__(
        self, path: str, relative: str, rules: Selection, globs: Globs, *, alone: bool = False
    ) -> None:
        """Puts the files below ``relative``, or at the top of the tree if it is ``alone``."""
        self._path = path
        self._relative = relative
        self._below = "" if alone else relative
        self._rules = rules
        self._globs = globs

    def files(self) -> Iterator[Found]:
        """Yields the files of this argument."""
        path, source = self._path, locate(self._path)
        if not isinstance(source, LocalFile | StandardInput):  # "-" in a list is a file
            yield from self._remote(source)
            return
        try:
            mode = os.stat(path).st_mode
        except (OSError, ValueError) as error:
            why = reason(error) if isinstance(error, OSError) else str(error)
            yield self._found(path, self._relative, error=f"cannot be read: {why}")
            return
        if stat.S_ISDIR(mode):
            yield from self._folder()
        elif not stat.S_ISREG(mode):
            yield self._found(path, self._relative, skipped=SPECIAL)
        elif _is_archive(path):
            if not self._globs.excludes(self._relative):
                yield from self._archive(
                    LocalFile(path), self._below and without_extension(self._below)
                )
        elif _is_named_dicomdir(path):
            yield from self._file_set(source)
        else:
            yield self._found(path, self._relative)

    def _remote(self, source: Location) -> Iterator[Found]:
        from dicomtx.workflows.inputs.remote import remote_files  # noqa: PLC0415 - seldom needed

        if _is_named_dicomdir(source.name):
            yield from self._file_set(source)
            return
        for file, below, error in remote_files(source, self._rules.without):
            relative = "/".join(parts_of(below))
            place = joined(self._below, relative) if relative else self._relative
            if error or not _is_archive(file.name):
                yield self._found(file, place, error=error)
            elif not self._globs.excludes(place):
                yield from self._remote_archive(file, place if relative else self._below)

    def _remote_archive(self, archive: Location, place: str) -> Iterator[Found]:
        """Yields the members of an archive, each with what is known of the archive."""
        from dicomtx.workflows.inputs.remote import with_status  # noqa: PLC0415

        yield from with_status(archive, self._archive(archive, place and without_extension(place)))

    def _found(self, source: Location | str, relative: str, **why: str) -> Found:
        source = LocalFile(source) if isinstance(source, str) else source
        return Found(source, relative, self._path, **why)

    def _folder(self) -> Iterator[Found]:
        for file in walk(self._path, self._enters, follow=self._rules.follow):
            relative = joined(self._below, file.relative)
            if _is_archive(file.path) and not file.error and not file.skipped:
                if self._globs.excludes(relative):  # its folder in the tree has no .zip
                    continue
                yield from self._archive(LocalFile(file.path), without_extension(relative))
            else:
                yield self._found(file.path, relative, error=file.error, skipped=file.skipped)

    def _enters(self, path: str, relative: str) -> bool:
        own = identity(path) if self._rules.without else ABSENT
        if own != ABSENT and own in map(identity, self._rules.without):
            return False
        return not self._globs.excludes(joined(self._below, relative))

    def _archive(self, archive: Location, below: str) -> Iterator[Found]:
        """Yields the members of an archive."""
        own = below or name_of(archive.name)
        try:
            with boundary(), archive.open() as file:
                for member in members(archive, file):
                    relative = joined(below, "/".join(parts_of(member.inside)) or own)
                    yield self._found(member, relative, error=member.error)
        except DicomtxError as error:
            yield self._found(archive, own, error=str(error))

    def _file_set(self, source: Location) -> Iterator[Found]:
        """Yields the files that a DICOMDIR names; or the file itself if it is not a DICOMDIR."""
        from dicomtx.workflows.inputs.file_set import file_set  # noqa: PLC0415 - seldom needed

        top = "" if self._rules.base else name_of(os.path.dirname(source.name))
        below = self._below and (os.path.dirname(self._relative) or top)
        for file, inside, error in file_set(source, follow=self._rules.follow):
            relative = joined(below, inside) if inside else self._relative
            yield self._found(file, relative, error=error)


def _is_archive(path: str) -> bool:
    return path[-4:].lower() == ".zip"


def _is_named_dicomdir(name: str) -> bool:
    """Returns whether a file has the name of a DICOMDIR."""
    return os.path.basename(name).upper().startswith("DICOMDIR")
