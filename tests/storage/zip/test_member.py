"""Archives as sources: what is sound is read by position, what is hostile is named and bounded."""

import io
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from dicomtx.errors import DamagedError, ExitCode, SourceError
from dicomtx.limits import Limits
from dicomtx.storage.local_file import LocalFile
from dicomtx.storage.source import Source
from dicomtx.storage.zip import member as zip_members
from dicomtx.storage.zip.directory import members
from dicomtx.storage.zip.member import ZipMember
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.convert.convert import convert
from dicomtx.workflows.convert.request import Request
from tests.converter import grey

Content = dict[str | zipfile.ZipInfo, bytes]


def archive(folder: Path, content: Content, method: int = zipfile.ZIP_STORED) -> Path:
    path = folder / "media.zip"
    with zipfile.ZipFile(path, "w", method) as out:
        for name, data in content.items():
            out.writestr(name, data)
    return path


def found(path: Path) -> list[ZipMember]:
    return list(members(LocalFile(str(path)), Source(path.read_bytes())))


def read(member: ZipMember) -> bytes:
    with member.open() as source:
        return source.read(0, source.size)


def altered(path: Path, change: Callable[[bytearray], None]) -> Path:
    data = bytearray(path.read_bytes())
    change(data)
    path.write_bytes(data)
    return path


def entry(name: str, mode: int = 0) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = mode << 16
    return info


# ---------------------------------------------------------------------------- what is sound


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("size", [0, 1, 70_000, 3 << 20])
def test_members_are_read_as_zipfile_reads_them(tmp_path: Path, method: int, size: int) -> None:
    data = os.urandom(size // 2) + bytes(size - size // 2)
    path = archive(tmp_path, {"a/": b"", "a/b.dcm": data, "ä/中文": b"more"}, method)
    one, two = found(path)
    assert (one.inside, read(one)) == ("a/b.dcm", data)
    assert (two.inside, read(two)) == ("ä/中文", b"more")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_member_is_converted_like_a_file(tmp_path: Path, method: int) -> None:
    path = archive(tmp_path, {"x": b"before", "a/b.dcm": grey(64, 64)}, method)
    member = found(path)[1]
    single, out = tmp_path / "single.dcm", tmp_path / "out.dcm"
    (tmp_path / "b.dcm").write_bytes(grey(64, 64))
    outcome = convert(Request(member, str(out), find("rle")))
    convert(Request(LocalFile(str(tmp_path / "b.dcm")), str(single), find("rle")))
    assert (outcome.status, outcome.path) == ("done", f"{path}/a/b.dcm")
    assert outcome.bytes_in == len(grey(64, 64))
    assert out.read_bytes() == single.read_bytes()
    kept = convert(Request(member, str(tmp_path / "same.dcm")))
    assert kept.action == "copy"
    assert (tmp_path / "same.dcm").read_bytes() == grey(64, 64)


def test_a_part_of_a_source_ends_where_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)) * 1024)
    with path.open("rb") as file, (tmp_path / "copy").open("wb") as copy:
        part = Source(fd=file.fileno()).within(256, 200_000).within(1, 100_000)
        assert part.size == 100_000
        assert part.peek(0, 3) == b"\1\2\3"
        assert part.peek(99_999, 10) == part.read(99_999, 10) == b"\xa0"
        assert part.read(100_000, 10) == part.read(200_000, 10) == b""
        part.copy_to(copy.fileno(), 0, part.size)
    assert (tmp_path / "copy").read_bytes() == path.read_bytes()[257:100_257]
    assert Source(b"abcdef").within(2, 3).read(0, 9) == b"cde"


def test_zip64_comments_and_what_stands_before_an_archive_are_read(tmp_path: Path) -> None:
    path = tmp_path / "media.zip"
    with zipfile.ZipFile(path, "w") as out:
        with out.open("big", "w", force_zip64=True) as member:
            member.write(b"x" * 999)
        out.comment = b"PK\5\6 is no end"
    path.write_bytes(b"#!/bin/sh unpacks itself\n" + path.read_bytes())
    assert [(m.inside, read(m)) for m in found(path)] == [("big", b"x" * 999)]


@pytest.mark.long
def test_more_members_than_16_bits_can_count_are_found(tmp_path: Path) -> None:
    path = archive(tmp_path, {str(n): b"" for n in range(70_000)})
    assert [m.inside for m in found(path)] == [str(n) for n in range(70_000)]


def test_members_beyond_4_gib_are_found_in_their_place(tmp_path: Path) -> None:
    path, data = tmp_path / "media.zip", b"far out"
    with path.open("wb") as out:
        out.seek(5 << 30)  # a hole
        with zipfile.ZipFile(out, "w") as made:
            made.writestr("far", data)
    with path.open("rb") as file:
        (member,) = members(LocalFile(str(path)), Source(fd=file.fileno()))
    assert member.at >= 5 << 30
    assert read(member) == data


def test_what_is_streamed_has_its_sizes_behind_it(tmp_path: Path) -> None:
    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.data = b""

        def writable(self) -> bool:
            return True

        def write(self, data: bytes) -> int:  # type: ignore[override]
            self.data += bytes(data)
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("one", b"1" * 5000)
        out.writestr("two", b"2" * 5000)
    path = tmp_path / "media.zip"
    path.write_bytes(pipe.data)
    assert [read(m) for m in found(path)] == [b"1" * 5000, b"2" * 5000]


@pytest.mark.parametrize(
    ("raw", "flags", "name"),
    [
        ("ä".encode(), 0x800, "ä"),
        ("ä".encode(), 0, "ä"),  # by far the most frequent of wrong flags
        ("ä".encode("cp437"), 0, "ä"),
        (b"\xff", 0x800, "\udcff"),
        (b"a\\b", 0, "a/b"),
    ],
)
def test_names_are_read_in_the_character_set_that_they_are_in(
    raw: bytes, flags: int, name: str
) -> None:
    assert zip_members.name_of(raw, flags) == name


# ---------------------------------------------------------------------------- what is not


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("../a", "out of the archive"),
        ("a/../../b", "out of the archive"),
        ("a\\..\\..\\b", "out of the archive"),
        ("/etc/passwd", "absolute"),
        ("\\\\server\\share", "absolute"),
        ("C:\\a", "absolute"),
        ("a/inner.ZIP", "archive within an archive"),
    ],
)
def test_names_that_lead_elsewhere_are_refused_and_told(
    tmp_path: Path, name: str, why: str
) -> None:
    path = archive(tmp_path, {name: grey(), "sound.dcm": grey()})
    bad, sound = found(path)
    assert why in bad.error
    assert sound.error == ""
    with pytest.raises(SourceError, match="cannot be opened"):
        read(bad)
    outcome = convert(Request(bad, str(tmp_path / "out.dcm")))
    assert (outcome.status, outcome.exit_code) == ("failed", ExitCode.SOURCE)
    assert why in outcome.error
    assert not (tmp_path / "out.dcm").exists()


def test_a_nul_in_a_name_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path, {"abXcd": b""})
    altered(path, lambda data: data.__setitem__(slice(None), data.replace(b"abXcd", b"ab\0cd")))
    assert "name is not valid" in found(path)[0].error


@pytest.mark.parametrize(
    ("mode", "why"),
    [(stat.S_IFLNK | 0o777, "symbolic link"), (stat.S_IFIFO, "pipe"), (stat.S_IFCHR, "device")],
)
def test_links_and_devices_are_refused(tmp_path: Path, mode: int, why: str) -> None:
    path = archive(tmp_path, {entry("a", mode): b"/etc/passwd", entry("b", 0o100644): b"file"})
    link, file = found(path)
    assert why in link.error
    assert read(file) == b"file"


def test_encrypted_members_are_refused(tmp_path: Path) -> None:
    path = archive(tmp_path, {"a": b"secret"})
    for header in (b"PK\1\2", b"PK\3\4"):
        flags = {b"PK\1\2": 8, b"PK\3\4": 6}[header]
        altered(path, lambda d, h=header, f=flags: d.__setitem__(d.index(h) + f, 1))  # type: ignore[misc]
    assert "encrypted" in found(path)[0].error


def test_methods_other_than_deflate_are_named(tmp_path: Path) -> None:
    path = archive(tmp_path, {"a": b"x" * 99}, zipfile.ZIP_BZIP2)
    assert "method 12" in found(path)[0].error


def central(path: Path, offset: int, form: str, value: int) -> Path:
    """Sets one field of the first entry of the directory."""

    def change(data: bytearray) -> None:
        struct.pack_into(form, data, data.index(b"PK\1\2") + offset, value)

    return altered(path, change)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize(
    ("field", "value"), [(20, 50), (20, 9999), (24, 50), (24, 9999), (24, 3 << 30), (16, 1234)]
)
def test_forged_sizes_and_checksums_are_found_out(
    tmp_path: Path, method: int, field: int, value: int
) -> None:
    data = os.urandom(4000)
    path = archive(tmp_path, {"a": data, "b": data}, method)
    for at, step in (b"PK\1\2", 0), (b"PK\3\4", 2):  # both headers tell the same lie
        altered(
            path,
            lambda d, a=at, s=step: struct.pack_into("<L", d, d.index(a) + field - s, value),  # type: ignore[misc]
        )
    bad, sound = found(path)
    with pytest.raises(SourceError):
        read(bad)
    assert read(sound) == data


def test_two_headers_that_contradict_each_other_are_damage(tmp_path: Path) -> None:
    path = archive(tmp_path, {"a": b"x" * 100})
    altered(path, lambda data: struct.pack_into("<L", data, data.index(b"PK\3\4") + 22, 99))
    with pytest.raises(DamagedError, match="does not match"):
        read(found(path)[0])
    path = archive(tmp_path, {"a": b"x" * 100})
    altered(path, lambda data: data.__setitem__(slice(30, 31), b"b"))
    with pytest.raises(DamagedError, match="does not match"):
        read(found(path)[0])


def test_a_bomb_is_not_inflated(tmp_path: Path) -> None:
    path = archive(tmp_path, {"bomb": b"x"}, zipfile.ZIP_DEFLATED)
    central(path, 24, "<L", 1 << 30)
    assert "would inflate to 1073741824" in found(path)[0].error
    assert Limits().bomb(1 << 31, 17 << 30)
    assert not Limits().bomb(300 << 20, 900 << 20)
    assert not Limits().bomb(200, 200 << 10)


def test_what_inflates_to_more_than_it_says_is_stopped_at_once(tmp_path: Path) -> None:
    path = archive(tmp_path, {"bomb": bytes(64 << 20)}, zipfile.ZIP_DEFLATED)
    for at, field in (b"PK\1\2", 24), (b"PK\3\4", 22):
        altered(path, lambda d, a=at, f=field: struct.pack_into("<L", d, d.index(a) + f, 10))  # type: ignore[misc]
    with pytest.raises(DamagedError, match="larger than its declared size of 10 bytes"):
        read(found(path)[0])


def test_members_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    path = archive(tmp_path, {"a": b"x" * 100, "a2": b"y" * 100, "a3": b"z"})
    at = found(path)[1].at
    central(path, 42, "<L", at)  # the first one points to the second
    one, two, three = found(path)
    assert "overlaps" in one.error
    assert "overlaps" in two.error
    assert three.error == ""


def test_a_member_that_encloses_others_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path, {"a": b"x" * 100, "b": b"y" * 100})
    for at, field in (b"PK\1\2", 20), (b"PK\3\4", 18):
        for more in (0, 4):
            altered(
                path,
                lambda d, a=at, f=field, m=more: struct.pack_into("<L", d, d.index(a) + f + m, 150),  # type: ignore[misc]
            )
    one, two = found(path)
    assert "overlaps" in one.error
    assert two.error == ""


def test_a_member_whose_own_header_is_longer_does_not_reach_into_the_next(tmp_path: Path) -> None:
    path = archive(tmp_path, {"a": b"x" * 100, "b": b"y" * 100})
    altered(path, lambda data: struct.pack_into("<H", data, 28, 10))  # 10 bytes of extra field
    with pytest.raises(DamagedError, match="overlaps the data"):
        read(found(path)[0])


def test_a_deflate_stream_that_does_not_end_is_truncated(tmp_path: Path) -> None:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    data = bytes(range(200))
    unended = packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH)  # all bytes, but no end
    path = archive(tmp_path, {"a": unended})

    def deflated(archive: bytearray) -> None:
        for header, method in (b"PK\1\2", 10), (b"PK\3\4", 8):
            at = archive.index(header) + method
            struct.pack_into("<H", archive, at, zipfile.ZIP_DEFLATED)
            struct.pack_into("<L", archive, at + 6, zlib.crc32(data))
            struct.pack_into("<L", archive, at + 14, len(data))

    altered(path, deflated)
    with pytest.raises(DamagedError, match="truncated"):
        read(found(path)[0])


def test_entries_of_folders_are_not_members(tmp_path: Path) -> None:
    path = archive(tmp_path, {entry("a/"): b"", "a/b": b"data"})
    assert [member.inside for member in found(path)] == ["a/b"]


def test_a_name_that_reaches_beyond_the_archive_is_damage(tmp_path: Path) -> None:
    path = archive(tmp_path, {"a": b"data"})
    central(path, 28, "<H", 0xFFFF)
    with pytest.raises(DamagedError, match="the archive directory is truncated"):
        found(path)


@pytest.mark.parametrize("offset", [1, 999_999, 0xFFFFFFFE])
def test_a_header_that_is_not_there_is_damage(tmp_path: Path, offset: int) -> None:
    path = central(archive(tmp_path, {"a": b"x" * 100}), 42, "<L", offset)
    with pytest.raises(SourceError):
        read(found(path)[0])


def test_an_archive_that_changed_meanwhile_is_told(tmp_path: Path) -> None:
    path = archive(tmp_path, {"a": b"x", "b": b"y"})
    member = found(path)[1]
    path.write_bytes(b"something else")
    with pytest.raises(DamagedError, match="did the archive change"):
        read(member)
    path.unlink()
    with pytest.raises(SourceError, match="no such file"):
        read(member)


def test_every_cut_and_every_flipped_byte_is_an_error_or_the_truth(tmp_path: Path) -> None:
    path = archive(tmp_path, {"a": b"x" * 50, "b.dcm": b"y" * 60}, zipfile.ZIP_DEFLATED)
    whole = path.read_bytes()
    variants = [whole[:n] for n in range(len(whole))]
    variants += [whole[:n] + bytes([whole[n] ^ 0xFF]) + whole[n + 1 :] for n in range(len(whole))]
    for data in variants:
        path.write_bytes(data)
        try:
            for member in found(path):
                assert zlib.crc32(read(member)) == member.crc
        except SourceError:
            continue


@pytest.mark.parametrize("data", [b"", b"PK", b"no archive" * 999, b"PK\5\6" * 99])
def test_what_is_no_archive_is_told(data: bytes) -> None:
    with pytest.raises(DamagedError, match=r"not a ZIP archive|damaged|multi-part archive"):
        list(members(LocalFile("a.zip"), Source(data)))


def test_a_member_never_replaces_its_archive(tmp_path: Path) -> None:
    path = archive(tmp_path, {"a.dcm": grey()})
    before = path.read_bytes()
    member = found(path)[0]
    outcome = convert(Request(member, str(path), in_place=True, overwrite=True))
    assert outcome.exit_code == ExitCode.USAGE
    assert path.read_bytes() == before


def test_a_directory_with_other_than_its_number_of_entries_is_damage(tmp_path: Path) -> None:
    path = archive(tmp_path, {"a": b"1", "b": b"2"})

    def change(data: bytearray) -> None:
        struct.pack_into("<H", data, len(data) - 12, 3)

    with pytest.raises(DamagedError, match="it has 2 entries, not 3"):
        found(altered(path, change))
