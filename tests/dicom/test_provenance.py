"""What is said of lossy steps, written by the rewriter and read back by pydicom."""

import io
import struct
from dataclasses import replace

import pytest
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from dicomtx.dicom.data_set import DataSet, Edit
from dicomtx.dicom.elements import EXPLICIT, EXPLICIT_BIG, IMPLICIT, Encoding
from dicomtx.dicom.part10 import open_part10
from dicomtx.dicom.provenance import (
    METHODS,
    LossyStep,
    lossy_edits,
    lossy_past_edits,
    pixel_range_edits,
    says_lossy,
)
from dicomtx.dicom.rewrite import Rewriter
from dicomtx.sources import Source, open_source
from dicomtx.transfer_syntaxes import TABLE, find
from tests import corpus
from tests.dicom import builder
from tests.dicom.builder import element, sequence, text

ENCODINGS = {
    "implicit": (IMPLICIT, ImplicitVRLittleEndian),
    "explicit": (EXPLICIT, ExplicitVRLittleEndian),
    "big-endian": (EXPLICIT_BIG, ExplicitVRBigEndian),
}
FIRST = LossyStep("ISO_15444_1", 12.3456789, "2.25.1", "Lossy compression to JPEG 2000")
SECOND = LossyStep("ISO_10918_1", 8.5, "2.25.2", "Lossy compression to JPEG")


def made(**elements: object) -> Dataset:
    data_set = Dataset()
    data_set.SOPClassUID = builder.SOP_CLASS
    data_set.SOPInstanceUID = builder.SOP_INSTANCE
    for keyword, value in elements.items():
        setattr(data_set, keyword, value)
    return data_set


def stored(data_set: Dataset, name: str = "explicit") -> DataSet:
    """Returns a data set of pydicom as our own, in the encoding of this name."""
    encoding, uid = ENCODINGS[name]
    file = io.BytesIO()
    plain = Dataset()  # else it remembers how it was read
    plain.update(data_set)
    plain.file_meta = FileMetaDataset()
    plain.file_meta.TransferSyntaxUID = uid
    plain.save_as(file, enforce_file_format=True)
    with open_part10(Source(file.getvalue())) as part10:
        assert part10.encoding == encoding
        return part10.data_set


def rewritten(data_set: DataSet, edits: list[Edit], name: str = "explicit") -> Dataset:
    places = [(edit.path, edit.tag) for edit in edits]
    assert len(set(places)) == len(places), "two edits of one element"
    encoding, _ = ENCODINGS[name]
    raw = b"".join(Rewriter(data_set, encoding, edits).rope().chunks())
    file = builder.part10(name, raw)
    read: Dataset = dcmread(io.BytesIO(file))
    for _ in read.iterall():  # nothing is left to be found broken later
        pass
    return read


def after(data_set: Dataset, step: LossyStep = FIRST, name: str = "explicit") -> Dataset:
    found = stored(data_set, name)
    return rewritten(found, lossy_edits(found, step))


def sources(data_set: Dataset) -> list[tuple[str, str]]:
    return [
        (item.ReferencedSOPInstanceUID, item.PurposeOfReferenceCodeSequence[0].CodeValue)
        for item in data_set.SourceImageSequence
    ]


# ------------------------------------------------------------------ one step


@pytest.mark.parametrize("name", ENCODINGS)
def test_a_lossy_step_is_told_in_full(name: str) -> None:
    read = after(made(ImageType=["ORIGINAL", "PRIMARY", "AXIAL"]), FIRST, name)
    assert read.LossyImageCompression == "01"
    assert read.LossyImageCompressionRatio == pytest.approx(12.3456789, rel=1e-5)
    assert read.LossyImageCompressionMethod == "ISO_15444_1"
    assert list(read.ImageType) == ["DERIVED", "PRIMARY", "AXIAL"]
    assert read.DerivationDescription == "Lossy compression to JPEG 2000, ratio 12.3457"
    code = read.DerivationCodeSequence[0]
    assert (code.CodeValue, code.CodingSchemeDesignator) == ("113040", "DCM")
    assert sources(read) == [(builder.SOP_INSTANCE, "121320")]
    assert read.SourceImageSequence[0].ReferencedSOPClassUID == builder.SOP_CLASS
    assert read.SOPInstanceUID == "2.25.1"


@pytest.mark.parametrize("name", ENCODINGS)
def test_a_second_step_is_told_behind_the_first(name: str) -> None:
    once = after(made(ImageType=["ORIGINAL", "PRIMARY"]), FIRST, name)
    read = after(once, SECOND, name)
    assert [float(ratio) for ratio in read.LossyImageCompressionRatio] == [12.3457, 8.5]
    assert list(read.LossyImageCompressionMethod) == ["ISO_15444_1", "ISO_10918_1"]
    assert sources(read) == [(builder.SOP_INSTANCE, "121320"), ("2.25.1", "121320")]
    assert len(read.DerivationCodeSequence) == 1
    assert read.DerivationDescription.splitlines() == [
        "Lossy compression to JPEG 2000, ratio 12.3457",
        "Lossy compression to JPEG, ratio 8.5",
    ]
    assert read.SOPInstanceUID == "2.25.2"


def test_an_instance_that_keeps_its_uid_is_not_its_own_source() -> None:
    read = after(made(), FIRST._replace(new_uid=""))
    assert read.SOPInstanceUID == builder.SOP_INSTANCE
    assert "SourceImageSequence" not in read
    assert read.LossyImageCompression == "01"


def test_what_had_no_uid_gets_one_and_names_no_source() -> None:
    found = builder.data_set(text(0x00080060, "CS", "OT"))
    read = rewritten(found, lossy_edits(found, FIRST))
    assert read.SOPInstanceUID == "2.25.1"
    assert "SourceImageSequence" not in read


# ------------------------------------------------------------------ the history of ratios


@pytest.mark.parametrize(
    ("ratios", "methods", "expected"),
    [
        ("", "", ("8.5", "ISO_10918_1")),
        ("76", "", ("76\\8.5", "\\ISO_10918_1")),
        ("", "ISO_14495_1", ("\\8.5", "ISO_14495_1\\ISO_10918_1")),
        ("3\\4", "ISO_14495_1", ("3\\4\\8.5", "ISO_14495_1\\\\ISO_10918_1")),
        ("\\4", "A\\B", ("\\4\\8.5", "A\\B\\ISO_10918_1")),
    ],
)
def test_ratios_and_methods_stay_in_pairs(
    ratios: str, methods: str, expected: tuple[str, str]
) -> None:
    found = builder.data_set(text(0x00282112, "DS", ratios) + text(0x00282114, "CS", methods))
    edits = {edit.tag: edit for edit in lossy_edits(found, SECOND)}
    values = [(edits[tag].value or b"").decode() for tag in (0x00282112, 0x00282114)]
    assert tuple(value.strip(" ") for value in values) == expected
    assert all(len(value) % 2 == 0 for value in values)


@pytest.mark.parametrize("ratio", [1 / 3, 12345.678901234567, 1234567.8, 1e-7, 1.0])
def test_a_ratio_is_a_decimal_string(ratio: float) -> None:
    edits = {
        edit.tag: edit for edit in lossy_edits(builder.data_set(b""), FIRST._replace(ratio=ratio))
    }
    value = edits[0x00282112].value or b""
    assert len(value) <= 16
    assert float(value) == pytest.approx(ratio, rel=1e-5)


def test_a_lossy_past_that_nobody_told_comes_first() -> None:
    step = SECOND._replace(past=("ISO_14495_1", 2.5))
    read = after(made(), step)
    assert [float(ratio) for ratio in read.LossyImageCompressionRatio] == [2.5, 8.5]
    assert list(read.LossyImageCompressionMethod) == ["ISO_14495_1", "ISO_10918_1"]


def test_a_lossy_past_that_is_told_is_not_told_again() -> None:
    step = SECOND._replace(past=("ISO_14495_1", 2.5))
    assert after(made(LossyImageCompression="01"), step).LossyImageCompressionRatio == 8.5


# ------------------------------------------------------------------ Image Type, Frame Type


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (None, "DERIVED\\"),
        ("", "DERIVED\\"),
        ("ORIGINAL", "DERIVED"),
        ("\\PRIMARY", "DERIVED\\PRIMARY"),
        ("ORIGINAL\\PRIMARY\\\\M", "DERIVED\\PRIMARY\\\\M"),
        ("DERIVED\\SECONDARY", "DERIVED\\SECONDARY"),
    ],
)
def test_only_value_1_of_image_type_changes(before: str | None, expected: str) -> None:
    found = builder.data_set(b"" if before is None else text(0x00080008, "CS", before))
    edits = {edit.tag: edit for edit in lossy_edits(found, FIRST)}
    assert (edits[0x00080008].value or b"").decode().rstrip(" ") == expected


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


@pytest.mark.parametrize("name", ENCODINGS)
def test_functional_groups_tell_the_step_once_for_all_frames(name: str) -> None:
    read = after(after(enhanced(), FIRST, name), SECOND, name)
    derivations = read.SharedFunctionalGroupsSequence[0].DerivationImageSequence
    told = [item.SourceImageSequence[0].ReferencedSOPInstanceUID for item in derivations]
    assert told == [builder.SOP_INSTANCE, "2.25.1"]
    assert all(item.DerivationCodeSequence[0].CodeValue == "113040" for item in derivations)
    assert "Lossy compression to JPEG, " in derivations[1].DerivationDescription
    frames = read.PerFrameFunctionalGroupsSequence
    assert not any("DerivationImageSequence" in frame for frame in frames)


def test_frames_with_derivations_of_their_own_tell_the_step_each() -> None:
    read = after(enhanced(own_derivations=True))
    assert "DerivationImageSequence" not in read.SharedFunctionalGroupsSequence[0]
    for frame in read.PerFrameFunctionalGroupsSequence:
        assert sources(frame.DerivationImageSequence[0]) == [(builder.SOP_INSTANCE, "121320")]


def test_shared_groups_without_an_item_get_one() -> None:
    read = after(made(SharedFunctionalGroupsSequence=Sequence()))
    derivation = read.SharedFunctionalGroupsSequence[0].DerivationImageSequence[0]
    assert sources(derivation) == [(builder.SOP_INSTANCE, "121320")]


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


# ------------------------------------------------------------------ what nobody told


@pytest.mark.parametrize("name", ENCODINGS)
def test_a_lossy_stream_is_told_in_any_target_and_nothing_else(name: str) -> None:
    before = made(ImageType=["ORIGINAL", "PRIMARY"], LossyImageCompression="00")
    found = stored(before)
    read = rewritten(found, lossy_past_edits(found, find("jpeg-ls-near-lossless"), 4), name)
    assert read.LossyImageCompression == "01"
    assert read.LossyImageCompressionMethod == "ISO_14495_1"
    assert read.LossyImageCompressionRatio == 4
    for keyword in ("LossyImageCompressionMethod", "LossyImageCompressionRatio"):
        delattr(read, keyword)
    read.LossyImageCompression = "00"
    assert read == before


def test_what_says_that_it_is_lossy_stays_as_it_is() -> None:
    found = stored(made(LossyImageCompression="01"))
    assert says_lossy(found)
    assert lossy_past_edits(found, find("jpeg-baseline"), 4) == []


def test_a_history_without_its_flag_gets_the_flag() -> None:
    found = stored(made(LossyImageCompressionRatio="7"))
    edits = lossy_past_edits(found, find("jpeg-baseline"), 4)
    assert edits == [Edit.text(0x00282110, "CS", "01")]


def test_every_lossy_syntax_of_dicom_has_its_method() -> None:
    lossy = {syntax.uid for syntax in TABLE if syntax.lossy}
    assert lossy - METHODS.keys() == {find("JPEG2000MC").uid}, "15444-2 is no defined term"
    assert not METHODS.keys() - lossy


# ------------------------------------------------------------------ smallest and largest value


@pytest.mark.parametrize("name", ENCODINGS)
@pytest.mark.parametrize(("signed", "smallest", "largest"), [(1, -1024, 70), (0, 5, 65_535)])
def test_the_range_of_values_stays_true(
    name: str, signed: int, smallest: int, largest: int
) -> None:
    data_set = made(PixelRepresentation=signed)
    data_set.add_new(0x00280106, "SS" if signed else "US", 1)
    data_set.add_new(0x00280107, "SS" if signed else "US", 2)
    found = stored(data_set, name)
    read = rewritten(found, pixel_range_edits(found, smallest, largest), name)
    assert (read.SmallestImagePixelValue, read.LargestImagePixelValue) == (smallest, largest)
    vr = read["SmallestImagePixelValue"].VR
    assert vr == ("SS" if signed else "US")


def test_a_range_that_is_true_or_not_there_or_empty_is_left_alone() -> None:
    image = replace(builder.image(), pixel_representation=1)
    data = element(0x00280106, "SS", struct.pack("<h", -3)) + element(0x00280107, "SS")
    found = builder.data_set(builder.module(image) + data)
    assert pixel_range_edits(found, -3, 9) == []


def test_a_range_that_16_bits_cannot_hold_is_removed() -> None:
    found = builder.data_set(builder.short(0x00280106, 0) + builder.short(0x00280107, 9))
    edits = pixel_range_edits(found, 0, 1 << 16)
    assert edits == [Edit(0x00280107, "US")]


# ------------------------------------------------------------------ real files


@pytest.mark.parametrize(
    "name", ["eCT_Supplemental.dcm", "liver_1frame.dcm", "693_J2KI.dcm", "rtdose.dcm"]
)
def test_real_files_keep_all_else(name: str) -> None:
    path = corpus.file(name)
    with open_source(str(path)) as file, open_part10(file) as part10:
        edits = lossy_edits(part10.data_set, FIRST)
        read = rewritten(part10.data_set, edits)
    before = dcmread(path)
    if name == "eCT_Supplemental.dcm":
        shared = read.SharedFunctionalGroupsSequence[0]
        assert shared.CTImageFrameTypeSequence[0].FrameType[0] == "DERIVED"
        shared.CTImageFrameTypeSequence = before.SharedFunctionalGroupsSequence[
            0
        ].CTImageFrameTypeSequence
    assert read.SOPInstanceUID == "2.25.1"
    edited = {edit.tag for edit in edits if not edit.path} | {0x7FE00010}
    for edit in edits:
        if edit.tag == 0x00089124:
            item = read[edit.path[0]].value[edit.path[1]]
            derivations = item.DerivationImageSequence
            assert sources(derivations[-1]) == [(before.SOPInstanceUID, "121320")]
            old = before[edit.path[0]].value[edit.path[1]]
            assert derivations[:-1] == old.get("DerivationImageSequence", [])
            del item.DerivationImageSequence
            old.pop("DerivationImageSequence", None)
    assert {int(tag) for tag in before.keys()} <= {int(tag) for tag in read.keys()}  # noqa: SIM118
    for old_element in before:
        if old_element.tag not in edited and old_element.tag.element:
            assert read[old_element.tag].value == old_element.value
