"""The second pass: references follow new UIDs, and nothing else changes."""

import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom import dcmread

from dicomtx.errors import NotDicomError, SourceError, UsageError
from dicomtx.storage.local_file import LocalFile
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.batch.reference_pass import remap
from dicomtx.workflows.batch.uid_map import UidMap, check_uid_map, write_uid_map
from dicomtx.workflows.convert.request import Outcome
from tests.corpus import file
from tests.dicom.builder import (
    element,
    encapsulated,
    identity,
    image,
    module,
    native,
    part10,
    sequence,
    short,
    text,
)

OLD, NEW = "1.2.3.100", "2.25.123456789012345678901234567890"
MAP = {OLD: NEW}


@pytest.fixture
def uid_map() -> Iterator[UidMap]:
    connection = sqlite3.connect("")
    yield UidMap(connection)
    connection.close()


def reference(uid: str, *more: bytes) -> bytes:
    return text(0x00081150, "UI", "1.2.3") + text(0x00081155, "UI", uid) + b"".join(more)


def key_object(uid: str = OLD, syntax: str = "explicit", pixels: bytes = b"") -> bytes:
    """Returns a file that refers to an instance, three sequences deep."""
    instances = sequence(0x00081199, [reference("1.2.9"), reference(uid)])
    series = sequence(0x00081115, [text(0x0020000E, "UI", "1.5") + instances], undefined=True)
    return part10(syntax, identity() + sequence(0x0040A375, [series]) + pixels)


def named(path: Path) -> list[str]:
    series = dcmread(path)[0x0040A375][0][0x00081115][0]
    return [str(i.ReferencedSOPInstanceUID) for i in series[0x00081199]]


def test_references_follow_and_all_else_is_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "ko.dcm"
    path.write_bytes(key_object())
    assert remap(str(path), MAP) == 1
    assert named(path) == ["1.2.9", NEW]
    assert path.read_bytes() == key_object(NEW)
    assert remap(str(path), MAP) == 0
    assert os.listdir(tmp_path) == ["ko.dcm"]


def test_a_file_without_references_is_not_even_written(tmp_path: Path) -> None:
    path = tmp_path / "image.dcm"
    path.write_bytes(key_object("1.2.8"))
    before = path.stat()
    assert remap(str(path), MAP) == 0
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("kind", ["native", "encapsulated"])
def test_pixel_data_and_what_follows_pass_as_bytes(tmp_path: Path, kind: str) -> None:
    pixel = image(8, 8)
    data = os.urandom(64)
    pixels = module(pixel) + element(0x7FE00010, "OB", data)
    if kind == "encapsulated":
        pixels = module(pixel) + encapsulated([data, data], [0])
    pixels += element(0xFFFCFFFC, "OB", bytes(10))
    syntax = "explicit" if kind == "native" else "rle"
    path = tmp_path / "in.dcm"
    path.write_bytes(key_object(syntax=syntax, pixels=pixels))
    assert remap(str(path), MAP) == 1
    assert path.read_bytes() == key_object(NEW, syntax=syntax, pixels=pixels)


@pytest.mark.parametrize("syntax", ["implicit", "big-endian", "deflated"])
def test_every_encoding_is_rewritten_in_itself(tmp_path: Path, syntax: str) -> None:
    from dicomtx.workflows.convert.convert import convert
    from dicomtx.workflows.convert.request import Request

    (tmp_path / "in.dcm").write_bytes(key_object())
    path = tmp_path / "out.dcm"
    convert(Request(LocalFile(str(tmp_path / "in.dcm")), str(path), find(syntax)))
    assert remap(str(path), MAP) == 1
    assert named(path) == ["1.2.9", NEW]
    assert dcmread(path).file_meta.TransferSyntaxUID == find(syntax).uid
    assert path.stat().st_size % 2 == 0


def test_predecessors_and_the_instance_itself_stay(tmp_path: Path) -> None:
    code = text(0x00080100, "SH", "121320") + text(0x00080102, "SH", "DCM")
    predecessor = reference(OLD, sequence(0x0040A170, [code]))
    path = tmp_path / "image.dcm"
    path.write_bytes(part10("explicit", identity() + sequence(0x00082112, [predecessor])))
    before = path.read_bytes()
    assert remap(str(path), MAP) == 0
    assert remap(str(path), {"1.2.3": "1.2.3.4", "1.2.3.4": NEW}) == 0
    assert path.read_bytes() == before


def test_group_lengths_and_defined_lengths_are_true_afterwards(tmp_path: Path) -> None:
    content = sequence(0x00081140, [reference(OLD)])
    group = identity() + content
    length = element(0x00080000, "UL", len(group).to_bytes(4, "little"))
    path = tmp_path / "in.dcm"
    path.write_bytes(part10("explicit", length + group + short(0x00280010, 8)))
    assert remap(str(path), MAP) == 1
    group = identity() + sequence(0x00081140, [reference(NEW)])
    length = element(0x00080000, "UL", len(group).to_bytes(4, "little"))
    assert path.read_bytes() == part10("explicit", length + group + short(0x00280010, 8))


def test_a_real_report_refers_to_the_new_instances(tmp_path: Path) -> None:
    source = file("reportsi.dcm")
    wanted = {
        str(e.value): f"2.25.{n}"
        for n, e in enumerate(dcmread(source).iterall())
        if e.keyword == "ReferencedSOPInstanceUID"
    }
    assert wanted
    path = tmp_path / "sr.dcm"
    path.write_bytes(source.read_bytes())
    assert remap(str(path), wanted) >= len(wanted)
    before, after = dcmread(source), dcmread(path)
    for old, new in zip(before.iterall(), after.iterall(), strict=True):
        if old.keyword == "ReferencedSOPInstanceUID":
            assert new.value == wanted[str(old.value)]
        elif old.VR != "SQ":
            assert (old.tag, old.value) == (new.tag, new.value)


def test_mode_and_time_of_modification_stay_if_asked(tmp_path: Path) -> None:
    path = tmp_path / "ko.dcm"
    path.write_bytes(key_object())
    path.chmod(0o640)
    os.utime(path, ns=(10**18, 10**18))
    remap(str(path), MAP, preserve=True)
    assert path.stat().st_mtime_ns == 10**18
    assert path.stat().st_mode & 0o777 == 0o640
    assert named(path) == ["1.2.9", NEW]


def test_a_dicomdir_is_left_alone(tmp_path: Path) -> None:
    record = text(0x00041430, "CS", "PRESENTATION") + sequence(0x00081140, [reference(OLD)])
    meta = text(0x00020002, "UI", "1.2.840.10008.1.3.10")
    path = tmp_path / "DICOMDIR"
    path.write_bytes(part10("explicit", sequence(0x00041220, [record]), meta))
    assert remap(str(path), MAP) == 0


@pytest.mark.parametrize("bad", ["cut off", "unsound", "not DICOM"])
def test_what_cannot_be_written_soundly_is_told_and_left_alone(tmp_path: Path, bad: str) -> None:
    data = {
        "cut off": key_object(pixels=native(image(), bytes(6))[len(identity()) :])[:-4],
        "unsound": key_object(syntax=""),
        "not DICOM": b"something else" * 99,
    }[bad]
    path = tmp_path / "x"
    path.write_bytes(data)
    with pytest.raises(NotDicomError if bad == "not DICOM" else SourceError):
        remap(str(path), MAP)
    assert path.read_bytes() == data
    assert os.listdir(tmp_path) == ["x"]


# ------------------------------------------------------------------------------------ maps


def outcome(old: str, new: str | None) -> Outcome:
    return Outcome(
        path="a", destination="b", status="done", sop_instance_uid=old, new_sop_instance_uid=new
    )


def test_a_map_holds_what_changed(uid_map: UidMap) -> None:
    for old, new in (("1.2", "2.25.2"), ("1.1", "2.25.1"), ("1.3", None), ("", "2.25.9")):
        uid_map.add(outcome(old, new))
    uid_map.add(outcome("1.2", "2.25.7"))
    assert dict(uid_map) == {"1.1": "2.25.1", "1.2": "2.25.7"}
    assert (len(uid_map), uid_map.get("1.3"), uid_map["1.1"]) == (2, None, "2.25.1")


def test_a_map_goes_on_where_it_ended(tmp_path: Path) -> None:
    for n in range(2):
        connection = sqlite3.connect(tmp_path / "journal")
        UidMap(connection).add(outcome(f"1.{n}", f"2.25.{n}"))
        connection.commit()
        connection.close()
    connection = sqlite3.connect(tmp_path / "journal")
    assert dict(UidMap(connection)) == {"1.0": "2.25.0", "1.1": "2.25.1"}
    connection.close()


def test_what_an_earlier_run_noted_does_not_outlive_its_output(tmp_path: Path) -> None:
    for n, kinds in enumerate([("lossy", "lossy", "lossy"), ("own", "lossy", "nothing")]):
        connection = sqlite3.connect(tmp_path / "journal")
        uids = UidMap(connection)
        for number, kind in enumerate(kinds):
            told = outcome(f"1.{number}", f"2.25.{n}{number}" if kind == "lossy" else None)
            uids.add(told._replace(target_syntax="" if kind == "nothing" else "1.2"))
        connection.commit()
    assert dict(uids) == {"1.1": "2.25.11", "1.2": "2.25.02"}
    uids.add(outcome("1.1", None)._replace(target_syntax="1.2"))  # its twin, kept in this run
    assert uids["1.1"] == "2.25.11"


def test_what_is_replaced_twice_has_its_last_uid(uid_map: UidMap) -> None:
    for old, new in (("1.1", "2.25.1"), ("2.25.1", "2.25.2"), ("1.5", "2.25.5")):
        uid_map.add(outcome(old, new)._replace(path="b"))
    uid_map.add(outcome("2.25.5", "2.25.6"))  # not in place: what it was is still there
    assert dict(uid_map) == {
        "1.1": "2.25.2",
        "1.5": "2.25.5",
        "2.25.1": "2.25.2",
        "2.25.5": "2.25.6",
    }


def test_maps_are_written_as_lines_or_as_json(tmp_path: Path, uid_map: UidMap) -> None:
    for n in range(3):
        uid_map.add(outcome(f"1.{n}", f"2.25.{n}"))
    write_uid_map(str(tmp_path / "map.tsv"), uid_map)
    assert (tmp_path / "map.tsv").read_text() == "1.0\t2.25.0\n1.1\t2.25.1\n1.2\t2.25.2\n"
    write_uid_map(str(tmp_path / "map.json"), uid_map)
    assert json.loads((tmp_path / "map.json").read_text()) == dict(uid_map)
    write_uid_map(str(tmp_path / "map.json"), {})
    assert json.loads((tmp_path / "map.json").read_text()) == {}
    with pytest.raises(UsageError, match=r"\.tsv or \.json"):
        check_uid_map("map.txt")


def test_the_references_of_a_study_follow_a_map(tmp_path: Path, uid_map: UidMap) -> None:
    uid_map.add(outcome(OLD, NEW)._replace(path="image.dcm"))
    path = tmp_path / "ko.dcm"
    path.write_bytes(key_object())
    assert remap(str(path), uid_map) == 1
    assert named(path) == ["1.2.9", NEW]
