"""The element stream and the rewriter hold nothing back and add nothing.

They are held against pydicom on every test file, and byte for byte against a small encoder of
their own here (``_encode``) on generated data sets.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement

from dicomtx.dicom.part10 import open_part10
from dicomtx.storage.local_file import LocalFile
from dicomtx.transfer_syntaxes import TransferSyntax, find
from dicomtx.workflows.convert.convert import convert
from dicomtx.workflows.convert.request import Request
from tests import oracle
from tests.corpus import SAMPLE, files
from tests.sampling import sampled

NATIVE = tuple(find(name) for name in ("implicit", "explicit", "big-endian", "deflated"))
BROKEN = {
    "no_meta.dcm",
    "MR_truncated.dcm",
    "rtplan_truncated.dcm",
    "emri_small_jpeg_2k_lossless_too_short.dcm",
}
"""Files that end inside of a value, or start within one: there is no element stream to compare."""


# ---------------------------------------------------------------- against pydicom


def _by_pydicom(path: Path) -> Iterator[tuple[int, str, bytes]]:
    """Yields tag, VR and value bytes as they are in the file; no bytes for sequences."""
    data_set = dcmread(path, force=True)
    for tag in data_set.keys():  # noqa: SIM118  iterating a Dataset would convert its values
        raw = data_set.get_item(tag)
        if isinstance(raw, RawDataElement):
            yield int(tag), raw.VR or "", raw.value or b""
        else:
            yield int(tag), "", b""


@pytest.mark.parametrize(
    "path", [path for path in files() if path.name not in BROKEN], ids=lambda path: path.name
)
def test_the_elements_are_those_that_pydicom_finds(path: Path) -> None:
    theirs = list(_by_pydicom(path))
    with LocalFile(str(path)).open() as file, open_part10(file) as part10:
        data_set = part10.data_set
        assert [element.tag for element in data_set.elements] == [tag for tag, _, _ in theirs]
        for element, (_, vr, value) in zip(data_set.elements, theirs, strict=True):
            if value:
                # behind a value of undefined length is a delimiter
                length = element.end - element.value - 8 if element.undefined else element.length
                assert data_set.source.read(element.value, length) == value
            if vr and element.vr:
                assert element.vr == vr


@pytest.mark.parametrize("path", sampled(SAMPLE, 2), ids=lambda path: path.name)
def test_a_file_that_went_through_every_native_encoding_is_what_it_was(
    path: Path, tmp_path: Path
) -> None:
    first = tmp_path / "first.dcm"
    if convert(Request(LocalFile(str(path)), str(first), NATIVE[0])).status != "done":
        return  # damaged, or a DICOMDIR; test_every_file.py judges that
    before = dict(oracle.elements(dcmread(first)))
    source = first
    for number, target in enumerate((*NATIVE, *reversed(NATIVE[:3]))):
        output = tmp_path / f"{number}.dcm"
        outcome = convert(Request(LocalFile(str(source)), str(output), target))
        assert outcome.status == "done", outcome.error
        assert dict(oracle.elements(dcmread(output))) == before
        source = output


# ---------------------------------------------------------------- generated data sets

TEXT = ("AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UI")
LONG = ("OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV")
STANDARD = {
    tag: dictionary_VR(tag)
    for tag in (
        0x00080008,
        0x00080020,
        0x00080030,
        0x00080090,
        0x00081030,
        0x0008002A,
        0x00080119,
        0x00080120,
        0x00080050,
        0x00081155,
        0x00100040,
        0x00101010,
        0x00104000,
        0x00180050,
        0x00189073,
        0x00186020,
        0x00280009,
        0x00280010,
        0x00281201,
        0x0040A160,
        0x00540051,
        0x00041220,
        0x00081140,
        0x00400260,
        0x00720052,
        0x00660016,
        0x00660040,
        0x00186060,
        0x00080001,
        0x00189219,
    )
}
"""Standard elements by the VR that PS3.6 gives them."""
PRIVATE = 0x00091000


@dataclass(frozen=True)
class Node:
    """An element: a value (little endian), or items, of defined or undefined length."""

    tag: int
    vr: str
    value: bytes = b""
    items: tuple[tuple["Node", ...], ...] | None = None
    undefined: bool = False


FIRST = (Node(0x00080005, "CS", b"ISO_IR 192"), Node(0x00080016, "UI", b"1.2.3\0"))
"""What every generated data set has."""
KNOWN = STANDARD.keys() | {node.tag for node in FIRST}


def _tag(tag: int, order: str) -> bytes:
    return struct.pack(f"{order}HH", tag >> 16, tag & 0xFFFF)


def _header(tag: int, vr: str, length: int, syntax: TransferSyntax) -> bytes:
    order = ">" if syntax.big_endian else "<"
    if syntax.implicit_vr:
        return _tag(tag, order) + struct.pack("<I", length)
    if vr in LONG:
        return _tag(tag, order) + vr.encode() + b"\0\0" + struct.pack(f"{order}I", length)
    return _tag(tag, order) + vr.encode() + struct.pack(f"{order}H", length)


def _mark(tag: int, length: int, syntax: TransferSyntax) -> bytes:
    order = ">" if syntax.big_endian else "<"
    return _tag(tag, order) + struct.pack(f"{order}I", length)


def _encode_items(node: Node, syntax: TransferSyntax) -> bytes:
    out = b""
    for item in node.items or ():
        content = _encode(item, syntax)
        length = 0xFFFFFFFF if node.undefined else len(content)
        end = _mark(0xFFFEE00D, 0, syntax) if node.undefined else b""
        out += _mark(0xFFFEE000, length, syntax) + content + end
    return out + (_mark(0xFFFEE0DD, 0, syntax) if node.undefined else b"")


def _encode(nodes: tuple[Node, ...], syntax: TransferSyntax) -> bytes:
    out = b""
    for node in nodes:
        value = node.value
        if node.items is not None:
            value = _encode_items(node, syntax)
        elif syntax.big_endian:
            value = oracle.swapped(value, node.vr)
        vr = "UN" if len(value) > 0xFFFF and node.vr not in LONG else node.vr
        if vr == "UN":
            value = node.value
        length = 0xFFFFFFFF if node.undefined and node.items is not None else len(value)
        out += _header(node.tag, vr, length, syntax) + value
    return out


def _as_found(nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    """Returns what can be known of an implicit data set: private elements have no VR there."""
    return tuple(_node_as_found(node) for node in nodes)


def _node_as_found(node: Node) -> Node:
    if node.items is not None and (node.undefined or node.tag in KNOWN):
        return replace(node, items=tuple(_as_found(item) for item in node.items))
    if node.tag in KNOWN:
        return node
    value = node.value
    if node.items is not None:
        value = _encode_items(node, NATIVE[0])
    return Node(node.tag, "UN", value)


def _values(vr: str) -> st.SearchStrategy[bytes]:
    if vr in TEXT or vr in ("UC", "UR", "UT", "OB", "UN"):
        return st.binary(max_size=20)  # of odd length, too
    size = oracle.WORD[vr]
    return st.integers(0, 5).flatmap(lambda n: st.binary(min_size=n * size, max_size=n * size))


def _nodes(depth: int) -> st.SearchStrategy[tuple[Node, ...]]:
    tags = st.sampled_from(sorted(STANDARD)) | st.integers(PRIVATE, PRIVATE + 0xFF)
    unique = st.lists(tags, max_size=5 if depth else 3, unique=True).map(sorted)
    return unique.flatmap(lambda found: st.tuples(*(_node(tag, depth) for tag in found)))


def _node(tag: int, depth: int) -> st.SearchStrategy[Node]:
    vrs = st.just(STANDARD[tag]) if tag in STANDARD else st.sampled_from((*TEXT, *LONG, "US", "FD"))
    return vrs.flatmap(lambda vr: _node_of(tag, vr, depth))


def _node_of(tag: int, vr: str, depth: int) -> st.SearchStrategy[Node]:
    if vr != "SQ":
        return _values(vr).map(lambda value: Node(tag, vr, value))
    items = st.lists(_nodes(depth - 1), max_size=3).map(tuple) if depth else st.just(())
    return st.builds(
        lambda found, undefined: Node(tag, vr, items=found, undefined=undefined),
        items,
        st.booleans(),
    )


def _file(nodes: tuple[Node, ...], syntax: TransferSyntax) -> bytes:
    """Returns a Part 10 file."""
    explicit = NATIVE[1]
    uid = syntax.uid.encode() + b"\0" * (len(syntax.uid) % 2)
    meta = _encode((Node(0x00020010, "UI", uid),), explicit)
    length = _encode((Node(0x00020000, "UL", struct.pack("<I", len(meta))),), explicit)
    return bytes(128) + b"DICM" + length + meta + _encode(nodes, syntax)


def _data_set(path: Path) -> bytes:
    """Returns what follows the file meta, by its group length."""
    data = path.read_bytes()
    (length,) = struct.unpack("<I", data[140:144])
    return data[144 + length :]


def _check(nodes: tuple[Node, ...], source: TransferSyntax, target: TransferSyntax) -> None:
    nodes = tuple(sorted((*FIRST, *nodes), key=lambda node: node.tag))
    known = _as_found(nodes) if source.implicit_vr and not target.implicit_vr else nodes
    with TemporaryDirectory() as folder:
        path, output = Path(folder, "in.dcm"), Path(folder, "out.dcm")
        path.write_bytes(_file(nodes, source))
        outcome = convert(Request(LocalFile(str(path)), str(output), target))
        assert outcome.status == "done", outcome.error
        assert _data_set(output) == _encode(known, target)


ANY = given(_nodes(3), st.sampled_from(NATIVE[:3]), st.sampled_from(NATIVE[:3]))


@settings(max_examples=60, deadline=None)
@ANY
def test_any_data_set_is_written_as_the_standard_says(
    nodes: tuple[Node, ...], source: TransferSyntax, target: TransferSyntax
) -> None:
    _check(nodes, source, target)


@pytest.mark.long
@settings(max_examples=300, deadline=None)
@ANY
def test_many_more_data_sets_are_written_as_the_standard_says(
    nodes: tuple[Node, ...], source: TransferSyntax, target: TransferSyntax
) -> None:
    _check(nodes, source, target)


@pytest.mark.parametrize("vr", ["LT", "US", "UI", "DS"])
@pytest.mark.parametrize("target", NATIVE[1:3], ids=lambda syntax: syntax.slug)
def test_a_value_too_long_for_its_vr_becomes_un(vr: str, target: TransferSyntax) -> None:
    tag = next(tag for tag, known in STANDARD.items() if known == vr) if vr != "LT" else 0x00104000
    _check((Node(tag, vr, b"12" * 40_000),), NATIVE[0], target)


def _nested(depth: int, syntax: TransferSyntax) -> bytes:
    sequence = Node(0x00081140, "SQ", items=((),), undefined=True)
    start = _header(sequence.tag, "SQ", 0xFFFFFFFF, syntax) + _mark(0xFFFEE000, 0xFFFFFFFF, syntax)
    return start * depth + _encode_items(sequence, syntax)[8:] * depth


@pytest.mark.parametrize("target", sampled(NATIVE[:3], 3), ids=lambda syntax: syntax.slug)
def test_nesting_costs_no_stack(target: TransferSyntax, tmp_path: Path) -> None:
    path, output = tmp_path / "in.dcm", tmp_path / "out.dcm"
    path.write_bytes(_file(FIRST, NATIVE[1]) + _nested(20_000, NATIVE[1]))
    assert convert(Request(LocalFile(str(path)), str(output), target)).status == "done"
    assert _data_set(output) == _encode(FIRST, target) + _nested(20_000, target)


@pytest.mark.parametrize("target", NATIVE[:2], ids=lambda syntax: syntax.slug)
def test_un_of_undefined_length_stays_implicit_little_endian_inside(
    target: TransferSyntax, tmp_path: Path
) -> None:
    inside = Node(0x00091001, "SQ", items=((Node(0x00080020, "DA", b"20260101"),),), undefined=True)
    value = _encode_items(inside, NATIVE[0])
    path, output = tmp_path / "in.dcm", tmp_path / "out.dcm"
    unknown = _header(inside.tag, "UN", 0xFFFFFFFF, NATIVE[1])
    path.write_bytes(_file(FIRST, NATIVE[1]) + unknown + value)
    assert convert(Request(LocalFile(str(path)), str(output), target)).status == "done"
    unknown = _header(inside.tag, "UN", 0xFFFFFFFF, target)
    assert _data_set(output) == _encode(FIRST, target) + unknown + value
