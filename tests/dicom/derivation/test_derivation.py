"""The derivation that lossy edits tell: functional groups, descriptions, codes, sources."""

import io
import struct

import pytest
from pydicom import Dataset, dcmread
from pydicom.sequence import Sequence

from dicomtx.dicom.derivation.lossy_attributes import lossy_edits
from dicomtx.dicom.elements import IMPLICIT, Encoding
from dicomtx.dicom.rewriter import Rewriter
from tests.dicom import builder
from tests.dicom.builder import element, sequence, text
from tests.dicom.edited_data_sets import ENCODINGS, FIRST, after, made, rewritten, sources

# ------------------------------------------------------------------ functional groups


def frame_type(*values: str) -> Sequence:
    item = Dataset()
    item.FrameType = list(values)
    return Sequence([item])


def enhanced(*, own_derivations: bool = False, undefined: bool = False) -> Dataset:
    frames = []
    for n in range(3):
        frame = Dataset()
        frame.MRImageFrameTypeSequence = frame_type("ORIGINAL", "PRIMARY", f"F{n}")
        if own_derivations:
            frame.DerivationImageSequence = Sequence()
        frame.is_undefined_length_sequence_item = undefined
        frames.append(frame)
    shared = Dataset()
    shared.CTImageFrameTypeSequence = frame_type("ORIGINAL", "PRIMARY")
    data_set = made(PerFrameFunctionalGroupsSequence=Sequence(frames))
    data_set.SharedFunctionalGroupsSequence = Sequence([shared])
    data_set.PerFrameFunctionalGroupsSequence.is_undefined_length = undefined
    return data_set


@pytest.mark.parametrize("name", ENCODINGS)
@pytest.mark.parametrize("undefined", [False, True])
def test_every_frame_type_says_derived(name: str, *, undefined: bool) -> None:
    read = after(enhanced(undefined=undefined), FIRST, name)
    shared = read.SharedFunctionalGroupsSequence[0]
    assert list(shared.CTImageFrameTypeSequence[0].FrameType) == ["DERIVED", "PRIMARY"]
    for n, frame in enumerate(read.PerFrameFunctionalGroupsSequence):
        told = list(frame.MRImageFrameTypeSequence[0].FrameType)
        assert told == ["DERIVED", "PRIMARY", f"F{n}"]


def test_functional_groups_tell_no_derivation_of_their_own() -> None:
    read = after(enhanced(own_derivations=True), FIRST, "explicit")
    assert len(sources(read)) == 1
    frames = read.PerFrameFunctionalGroupsSequence
    assert all(not frame.DerivationImageSequence for frame in frames)


# ------------------------------------------------------------------ Derivation Description


@pytest.mark.parametrize(
    ("character_set", "old"),
    [
        ("ISO_IR 100", "Größe geändert"),
        ("ISO_IR 192", "画像を縮小した"),
        (["", "ISO 2022 IR 87"], "縮小した画像"),
        ("GB18030", "图像缩小"),
    ],
)
def test_the_old_description_stays_whatever_its_character_set(
    character_set: str | list[str], old: str
) -> None:
    read = after(made(SpecificCharacterSet=character_set, DerivationDescription=old))
    assert read.DerivationDescription == f"{old}\r\nLossy compression to JPEG 2000, ratio 12.3457"


@pytest.mark.parametrize(("length", "room"), [(1024, 0), (1100, 0), (1022, 0), (1000, 22)])
def test_a_description_that_is_too_long_is_cut_at_the_new_text(length: int, room: int) -> None:
    old = "x" * length
    found = builder.data_set(text(0x00082111, "ST", old))
    edits = [edit for edit in lossy_edits(found, FIRST) if edit.tag == 0x00082111]
    if not room:
        assert not edits
        return
    new = "Lossy compression to JPEG 2000"[:room]
    assert edits[0].value == f"{old}\r\n{new}".encode()


def test_characters_are_counted_and_not_bytes_in_utf_8() -> None:
    old = "像" * 900
    read = after(made(SpecificCharacterSet="ISO_IR 192", DerivationDescription=old))
    assert read.DerivationDescription.endswith("ratio 12.3457")


# ------------------------------------------------------------------ sequences


@pytest.mark.parametrize("target", ENCODINGS)
@pytest.mark.parametrize("source", ENCODINGS)
@pytest.mark.parametrize("undefined", [False, True])
def test_earlier_source_images_are_kept_byte_for_byte(
    source: str, target: str, *, undefined: bool
) -> None:
    def data(encoding: Encoding) -> bytes:
        uid = text(0x00081155, "UI", "1.2.9", encoding)
        deep = sequence(0x00081199, [uid], encoding, undefined=undefined)
        words = element(0x00280010, "US", struct.pack(f"{builder.order(encoding)}H", 7), encoding)
        items = [uid + deep, b"", words]
        return sequence(0x00082112, items, encoding, undefined=undefined)

    encoding, wanted = ENCODINGS[source][0], ENCODINGS[target][0]
    found = builder.data_set(builder.identity(encoding) + data(encoding), encoding)
    raw = b"".join(Rewriter(found, wanted, lossy_edits(found, FIRST)).rope().chunks())
    old = data(wanted)
    start = 8 if wanted.implicit_vr else 12
    old = old[start : -8 if undefined else None]
    assert old in raw
    read = dcmread(io.BytesIO(builder.part10(target, raw)))
    assert len(read.SourceImageSequence) == 4
    last = read.SourceImageSequence[3]
    assert last.ReferencedSOPInstanceUID == builder.SOP_INSTANCE
    assert last.PurposeOfReferenceCodeSequence[0].CodeMeaning == "Uncompressed predecessor"


@pytest.mark.parametrize("name", ENCODINGS)
def test_empty_sequences_get_their_first_item(name: str) -> None:
    read = after(made(SourceImageSequence=[], DerivationCodeSequence=[]), FIRST, name)
    assert sources(read) == [(builder.SOP_INSTANCE, "121320")]
    assert [item.CodeValue for item in read.DerivationCodeSequence] == ["113040"]


@pytest.mark.parametrize("undefined", [False, True])
def test_a_sequence_that_is_called_un_gets_its_item_too(*, undefined: bool) -> None:
    inside = builder.item(text(0x00081155, "UI", "1.2.9", IMPLICIT), IMPLICIT)
    inside += builder.mark(0xFFFEE0DD) if undefined else b""
    length = builder.UNDEFINED if undefined else len(inside)
    data = builder.identity() + element(0x00082112, "UN", inside, length=length)
    found = builder.data_set(data)
    read = rewritten(found, lossy_edits(found, FIRST))
    told = [item.ReferencedSOPInstanceUID for item in read.SourceImageSequence]
    assert told == ["1.2.9", builder.SOP_INSTANCE]


def test_other_derivation_codes_stay() -> None:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "113041", "DCM", "Apparent"
    other = Dataset()
    other.CodeValue, other.CodingSchemeDesignator, other.CodeMeaning = "113040", "99X", "Other"
    read = after(made(DerivationCodeSequence=[code, other]))
    told = [(item.CodeValue, item.CodingSchemeDesignator) for item in read.DerivationCodeSequence]
    assert told == [("113041", "DCM"), ("113040", "99X"), ("113040", "DCM")]
