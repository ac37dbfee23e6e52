"""Reads and checks the central directory of a ZIP archive."""

import struct
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from dicomtx.errors import DamagedError
from dicomtx.limits import in_force
from dicomtx.storage.source import Source
from dicomtx.storage.zip.member import DEFLATED, LOCAL, STORED, ZipMember, name_of

if TYPE_CHECKING:
    from dicomtx.storage.location import Location

ENTRY: Final = struct.Struct("<4s6H3L5H2L")
END: Final = struct.Struct("<4s4H2LH")
END_64: Final = struct.Struct("<4sQ2H2L4Q")
LOCATOR_64: Final = struct.Struct("<4sLQL")
ZIP64: Final = 1
FULL: Final = 0xFFFFFFFF
ENCRYPTED: Final = 0x2041  # encrypted, strongly, or with its headers masked
UNIX: Final = 3
FILE_TYPE, FOLDER, REGULAR, LINK = 0o170000, 0o040000, 0o100000, 0o120000


class _Entry(NamedTuple):
    """One entry of the directory. ``at`` is an offset in the file."""

    raw_name: bytes
    flags: int
    method: int
    crc: int
    compressed: int
    size: int
    at: int
    mode: int


class _Directory(NamedTuple):
    """Start, end, offset correction and number of entries of the directory."""

    at: int
    stop: int
    shift: int
    entries: int


def members(place: "Location", archive: Source) -> Iterator[ZipMember]:
    """Yields the members in the order of the directory, without folders.

    Members that must not be opened have ``error`` set. Uses 16 bytes of memory per member.

    Args:
        place: where the archive is.
        archive: the open archive.

    Raises:
        DamagedError: the file is not a ZIP archive, or its directory is damaged.
    """
    where = _find(archive)
    starts, hashes = array("Q"), array("q")
    for entry in _entries(archive, where):
        starts.append(entry.at)
        hashes.append(hash(_path(name_of(entry.raw_name, entry.flags))))
    if (len(starts) - where.entries) % 0x10000:  # some writers use no ZIP64 for 65536 or more
        raise DamagedError(f"is damaged: it has {len(starts)} entries, not {where.entries}")
    starts, hashes = array("Q", sorted(starts)), array("q", sorted(hashes))
    for entry in _entries(archive, where):
        name = name_of(entry.raw_name, entry.flags)
        if (name.endswith("/") and not entry.size) or entry.mode & FILE_TYPE == FOLDER:
            continue
        last = bisect_right(starts, entry.at)
        limit = starts[last] if last < len(starts) else where.at
        shared = last - bisect_left(starts, entry.at) > 1
        if shared or entry.at + LOCAL.size + len(entry.raw_name) + entry.compressed > limit:
            error = "it overlaps with another member, or with the directory"
        else:
            error = _named(name) or _closed(entry, name) or _twice(name, hashes)
        sizes = (entry.method, entry.compressed, entry.size, entry.crc)
        yield ZipMember(place, name, entry.at, limit, *sizes, error)


def _path(name: str) -> str:
    return "/".join(part for part in name.split("/") if part not in ("", "."))


def _twice(name: str, hashes: "array[int]") -> str:
    own = hash(_path(name))
    twice = bisect_right(hashes, own) - bisect_left(hashes, own) > 1
    return "another member has the same name; neither is read" if twice else ""


def _named(name: str) -> str:
    """Returns why a name is unsafe or invalid; empty if it is not."""
    if "\0" in name or not name.strip("/"):
        return "its name is not valid"
    if name.startswith("/") or name[1:2] == ":":
        return "its name is an absolute path"
    if ".." in name.split("/"):
        return "its name leads out of the archive"
    return ""


def _closed(entry: _Entry, name: str) -> str:
    """Returns why the content cannot be read; empty if it can."""
    kind, stored = entry.mode & FILE_TYPE, entry.method == STORED
    reasons = (
        (kind == LINK, "it is a symbolic link"),
        (kind not in (0, REGULAR, LINK), "it is a device, pipe or socket"),
        (entry.flags & ENCRYPTED, "it is encrypted"),
        (entry.method not in (STORED, DEFLATED), f"unsupported compression method {entry.method}"),
        (name.lower().endswith(".zip"), "it is an archive within an archive; unpack it first"),
        (stored and entry.compressed != entry.size, "its sizes are inconsistent"),
    )
    found = next((reason for wrong, reason in reasons if wrong), "")
    return found or ("" if stored else in_force().bomb(entry.compressed, entry.size))


def _find(archive: Source) -> _Directory:
    """Locates the directory from the record at the end of the file."""
    tail_at = max(0, archive.size - END.size - 0xFFFF)
    tail = archive.read(tail_at, archive.size - tail_at)
    at = tail.rfind(b"PK\5\6")
    while at >= 0 and at + END.size > len(tail):
        at = tail.rfind(b"PK\5\6", 0, at)
    if at < 0:
        raise DamagedError("is not a ZIP archive, or is truncated")
    _, disk, first, _, count, size, offset, _ = END.unpack_from(tail, at)
    stop = tail_at + at
    if FULL in (size, offset) or count == 0xFFFF:
        stop, size, offset, count = _find_64(archive, stop) or (stop, size, offset, count)
    elif disk or first:
        raise DamagedError("is one part of a multi-part archive")
    if stop - size - offset < 0:
        raise DamagedError("is damaged: the archive directory is not at its offset")
    return _Directory(stop - size, stop, stop - size - offset, count)


def _find_64(archive: Source, end: int) -> tuple[int, int, int, int] | None:
    """Returns end, size, offset and entries of a ZIP64 directory; None if it is not ZIP64."""
    at = end - LOCATOR_64.size
    if at < 0 or archive.peek(at, 4) != b"PK\6\7":
        return None
    told = LOCATOR_64.unpack(archive.peek(at, LOCATOR_64.size))[2]
    for record in (told, at - END_64.size):  # the second if other data precedes the archive
        raw = archive.peek(record, END_64.size) if 0 <= record < at else b""
        if len(raw) == END_64.size and raw[:4] == b"PK\6\6":
            *_, count, size, offset = END_64.unpack(raw)
            return record, size, offset, count
    raise DamagedError("is damaged: the end record of the ZIP64 archive is missing")


def _entries(archive: Source, where: _Directory) -> Iterator[_Entry]:
    at = where.at
    while at < where.stop:
        raw = archive.peek(at, ENTRY.size)
        if len(raw) < ENTRY.size or raw[:4] != b"PK\1\2":
            raise DamagedError("is damaged: invalid entry in the archive directory")
        _, made, _, flags, method, _, _, crc, *rest = ENTRY.unpack(raw)
        compressed, size, name, extra, comment, _, _, outer, offset = rest
        behind = archive.peek(at + ENTRY.size, name + extra)
        if len(behind) < name + extra:
            raise DamagedError("is damaged: the archive directory is truncated")
        wide = _widened((size, compressed, offset), behind[name:])
        yield _Entry(
            raw_name=behind[:name],
            flags=flags,
            method=method,
            crc=crc,
            compressed=wide[1],
            size=wide[0],
            at=min(wide[2] + where.shift, archive.size),
            mode=outer >> 16 if made >> 8 == UNIX else 0,
        )
        at += ENTRY.size + name + extra + comment


def _widened(short: tuple[int, int, int], extra: bytes) -> tuple[int, ...]:
    """Returns size, compressed size and offset, from a ZIP64 field if they exceed 4 GiB."""
    if FULL not in short:
        return short
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind == ZIP64:
            field = extra[at + 4 : at + 4 + length]
            fields = iter(struct.unpack_from(f"<{len(field) // 8}Q", field))
            return tuple(next(fields, n) if n == FULL else n for n in short)
        at += 4 + length
    return short
