"""What is said of lossy steps, written by the rewriter and read back by pydicom."""

import struct

import pytest
from pydicom import dcmread

from dicomtx.dicom.data_set import Edit
from dicomtx.dicom.derivation.lossy_attributes import (
    METHODS,
    lossy_edits,
    lossy_past_edits,
    pixel_range_edits,
    says_lossy,
)
from dicomtx.dicom.part10 import open_part10
from dicomtx.storage.local_file import LocalFile
from dicomtx.transfer_syntaxes import TABLE, find
from tests import corpus
from tests.dicom import builder
from tests.dicom.builder import element, text
from tests.dicom.edited_data_sets import (
    ENCODINGS,
    FIRST,
    SECOND,
    after,
    made,
    rewritten,
    sources,
    stored,
)

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


# ------------------------------------------------------------------ Image Type


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


# ------------------------------------------------------------------ what nobody told


@pytest.mark.parametrize("name", ENCODINGS)
def test_a_lossy_stream_is_told_in_any_target_and_nothing_else(name: str) -> None:
    before = made(ImageType=["ORIGINAL", "PRIMARY"], LossyImageCompression="00")
    found = stored(before)
    read = rewritten(found, lossy_past_edits(found, ("ISO_14495_1", 4)), name)
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
    assert lossy_past_edits(found, ("ISO_10918_1", 4)) == []


def test_a_history_without_its_flag_gets_the_flag() -> None:
    found = stored(made(LossyImageCompressionRatio="7"))
    edits = lossy_past_edits(found, ("ISO_10918_1", 4))
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
    image = builder.image()._replace(pixel_representation=1)
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
    with LocalFile(str(path)).open() as file, open_part10(file) as part10:
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
