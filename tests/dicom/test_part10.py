"""Part 10 files and bare data sets: where what is, and which syntax it really is."""

import struct
import zlib
from collections.abc import Callable

import pytest

from dicomtx.dicom.elements import EXPLICIT, EXPLICIT_BIG, IMPLICIT, Encoding
from dicomtx.dicom.inspection import read_file_info
from dicomtx.dicom.part10 import Part10, file_meta, open_part10
from dicomtx.errors import DamagedError, NotDicomError, SourceError
from dicomtx.storage.source import Source
from dicomtx.transfer_syntaxes import find
from dicomtx.version import IMPLEMENTATION_CLASS_UID
from tests.dicom import builder
from tests.dicom.builder import element, identity, image, native, part10, text

NAMES = {"implicit": IMPLICIT, "explicit": EXPLICIT, "big-endian": EXPLICIT_BIG}
SYNTAX, CLASS, INSTANCE = 0x00020010, 0x00020002, 0x00020003


def opened(data: bytes) -> Part10:
    with open_part10(Source(data)) as found:
        return found


@pytest.mark.parametrize(("name", "encoding"), NAMES.items())
def test_a_file_is_taken_apart(name: str, encoding: Encoding) -> None:
    found = opened(part10(name, identity(encoding), preamble=b"x" * 128))
    assert found.label == find(name)
    assert found.encoding == encoding
    assert found.preamble == b"x" * 128
    assert found.data_set.text(0x00080018) == builder.SOP_INSTANCE
    assert found.warnings == ()


@pytest.mark.parametrize(("name", "encoding"), NAMES.items())
@pytest.mark.parametrize("label", NAMES)
def test_a_wrong_native_label_is_seen_through(name: str, encoding: Encoding, label: str) -> None:
    found = opened(part10(label, identity(encoding)))
    assert found.encoding == encoding
    assert found.data_set.text(0x00080018) == builder.SOP_INSTANCE
    assert bool(found.warnings) == (label != name)


def test_a_wrong_byte_order_is_seen_even_if_lengths_happen_to_fit() -> None:
    data = native(image(256, 256), b"\x7f" * (1 << 16), EXPLICIT_BIG)  # 0x1a00 bytes, too
    found = opened(part10("explicit", data))
    assert found.encoding == EXPLICIT_BIG
    assert "big endian" in found.warnings[0]


@pytest.mark.parametrize("encoding", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize(
    "without",
    [
        lambda data: data[128:],
        lambda data: data[132:],
        lambda data: data[:128] + data[132:],
        lambda data: data[
            data.index(b"\x08\0\x16\0" if b"\x08\0\x16\0" in data else b"\0\x08\0\x16") :
        ],
        lambda data: data.replace(b"\x02\0\0\0UL\4\0" + data[140:144], b"", 1),
    ],
    ids=["preamble", "prefix and preamble", "prefix", "file meta", "group length"],
)
def test_what_is_missing_at_the_front_is_done_without(
    encoding: Encoding, without: Callable[[bytes], bytes]
) -> None:
    name = next(name for name, found in NAMES.items() if found == encoding)
    found = opened(without(part10(name, identity(encoding))))
    assert found.encoding == encoding
    assert found.data_set.text(0x00080018) == builder.SOP_INSTANCE


@pytest.mark.parametrize("length", [0, 10, 0xFFFFFFFF])
def test_the_group_length_of_the_file_meta_is_not_believed(length: int) -> None:
    data = part10("explicit", identity())
    found = opened(data[:140] + struct.pack("<I", length) + data[144:])
    assert found.data_set.text(0x00080018) == builder.SOP_INSTANCE


def test_a_file_meta_without_a_syntax_is_warned_of() -> None:
    found = opened(part10("", identity(IMPLICIT)))
    assert found.label is None
    assert found.encoding == IMPLICIT
    assert "has no transfer syntax" in found.warnings[0]


@pytest.mark.parametrize(
    "data", [b"", b"DI", b"no DICOM at all " * 20, b"\x89PNG\r\n\x1a\n" + bytes(200), bytes(1000)]
)
def test_what_is_no_dicom_is_told_so(data: bytes) -> None:
    with pytest.raises(NotDicomError):
        opened(data)


def test_a_file_that_ends_within_the_file_meta_is_refused() -> None:
    data = part10("explicit", identity())
    for cut in (150, 160, 175):
        with pytest.raises(SourceError):
            opened(data[:cut])


# ------------------------------------------------------------------ deflated


def deflated(data: bytes, window: int = -zlib.MAX_WBITS) -> bytes:
    deflater = zlib.compressobj(wbits=window)
    return deflater.compress(data) + deflater.flush()


@pytest.mark.parametrize("window", [-zlib.MAX_WBITS, zlib.MAX_WBITS], ids=["raw", "zlib"])
@pytest.mark.parametrize("padding", [b"", b"\0"])
def test_a_deflated_data_set_is_inflated(window: int, padding: bytes) -> None:
    data = identity() + element(0x7FE00010, "OW", bytes(3 << 20))
    found = opened(part10("deflated", deflated(data, window) + padding))
    assert found.encoding == EXPLICIT
    assert found.data_set.source.read(0, len(data) + 1) == data
    assert found.warnings == ()


def test_a_data_set_that_is_not_deflated_at_all_is_read_and_warned_of() -> None:
    found = opened(part10("deflated", identity()))
    assert found.data_set.text(0x00080018) == builder.SOP_INSTANCE
    assert "not deflated" in found.warnings[0]


@pytest.mark.parametrize("label", ["explicit", "implicit", "big-endian", "rle"])
def test_a_deflated_data_set_with_another_label_is_seen_through(label: str) -> None:
    found = opened(part10(label, deflated(native(image(), bytes(6)))))
    assert found.data_set.text(0x00080018) == builder.SOP_INSTANCE
    assert "the data set is deflated, though the file meta says" in found.warnings[0]
    assert read_file_info(found).syntax == find("deflated")


def test_a_damaged_deflated_data_set_is_refused() -> None:
    data = bytearray(deflated(identity() + element(0x7FE00010, "OB", bytes(range(256)) * 99)))
    data[len(data) // 2 :] = b"\xff" * 50
    with pytest.raises(SourceError):
        opened(part10("deflated", bytes(data)))


def test_a_deflated_data_set_cut_off_between_two_elements_is_damaged() -> None:
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    half = deflater.compress(identity()) + deflater.flush(zlib.Z_FULL_FLUSH)
    with pytest.raises(DamagedError):
        opened(part10("deflated", half))


# ------------------------------------------------------------------ the file meta that is written


def written(data: bytes, target: str = "rle") -> Part10:
    rope = file_meta(opened(data), find(target))
    return opened(b"".join(rope.chunks()) + identity())


def test_syntax_and_implementation_are_ours_and_the_rest_is_kept() -> None:
    source = part10(
        "explicit",
        identity(),
        text(CLASS, "UI", "1.9"),
        text(INSTANCE, "UI", "1.8"),
        text(0x00020012, "UI", "1.7"),
        text(0x00020013, "SH", "THEIRS"),
        text(0x00020016, "AE", "SENDER"),
        text(0x00020100, "UI", "1.6"),
        element(0x00020102, "OB", b"private!"),
    )
    meta = written(source).meta
    assert meta.text(SYNTAX) == find("rle").uid
    assert meta.text(0x00020012) == IMPLEMENTATION_CLASS_UID
    assert meta.text(0x00020013).startswith("DICOMTX_")
    assert len(meta.text(0x00020013)) <= 16
    kept = {CLASS: "1.9", INSTANCE: "1.8", 0x00020016: "SENDER", 0x00020100: "1.6"}
    assert {tag: meta.text(tag) for tag in kept} == kept
    assert meta.value(0x00020102) == b"private!"


@pytest.mark.parametrize("source", [part10("explicit", identity()), identity()])
def test_missing_identifiers_come_from_the_data_set(source: bytes) -> None:
    meta = written(source).meta
    assert meta.text(CLASS) == builder.SOP_CLASS
    assert meta.text(INSTANCE) == builder.SOP_INSTANCE
    assert meta.value(0x00020001) == b"\0\1"


def test_identifiers_that_are_nowhere_are_not_invented() -> None:
    meta = written(part10("explicit", text(0x00100010, "PN", "Doe"))).meta
    assert CLASS not in meta
    assert INSTANCE not in meta


def test_an_identifier_that_is_no_text_is_taken_as_it_is() -> None:
    odd = element(0x00080018, "UI", b"1.2.\xff\0")
    assert written(part10("explicit", odd)).meta.value(INSTANCE) == b"1.2.\xff\0"


@pytest.mark.parametrize("length", [None, 0, 9999])
def test_the_group_length_that_is_written_is_right(length: int | None) -> None:
    source = part10("explicit", identity())
    if length is not None:
        source = source[:140] + struct.pack("<I", length) + source[144:]
    data = b"".join(file_meta(opened(source), find("rle")).chunks())
    assert data[:132] == bytes(128) + b"DICM"
    assert data[132:140] == b"\x02\0\0\0UL\x04\0"
    assert struct.unpack("<I", data[140:144]) == (len(data) - 144,)


def test_the_preamble_of_a_tiff_is_zero() -> None:
    assert written(part10("explicit", identity(), preamble=b"II*\0" * 32)).preamble == bytes(128)


@pytest.mark.parametrize("uid", ["1.2.é", "1.2\xad3", "ÿ"])
def test_a_syntax_whose_name_is_no_uid_is_not_written(uid: str) -> None:
    label = element(0x00020010, "UI", uid.encode("latin-1") + b"\0" * (len(uid) % 2))
    data = bytes(128) + b"DICM" + label + builder.native(builder.image(2, 2), bytes(4))
    with open_part10(Source(data)) as part:
        assert part.label is not None
        with pytest.raises(DamagedError, match="is not a UID"):
            file_meta(part, part.label)
