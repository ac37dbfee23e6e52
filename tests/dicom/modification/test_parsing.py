"""Changes are read from text, and impossible ones are refused by name."""

import pytest

from dicomtx.dicom.modification.modification import Change, Level, Modification
from dicomtx.dicom.modification.parsing import assigned, change, modification
from dicomtx.errors import SettingsError


@pytest.mark.parametrize(
    ("text", "path", "tag", "value", "name"),
    [
        ("PatientID=A 1", (), 0x00100020, "A 1", "PatientID"),
        ("(0010,0020)=A=B", (), 0x00100020, "A=B", "PatientID"),
        ("00100020=", (), 0x00100020, "", "PatientID"),
        ("ImageType=DERIVED\\SECONDARY", (), 0x00080008, "DERIVED\\SECONDARY", "ImageType"),
        (
            "RequestAttributesSequence[1].ScheduledProcedureStepID=7",
            (0x00400275, 1),
            0x00400009,
            "7",
            "RequestAttributesSequence[1].ScheduledProcedureStepID",
        ),
        ("(0040,0275)[0].(0032,1060)=x", (0x00400275, 0), 0x00321060, "x", ""),
        (
            "ReferencedSeriesSequence[0].SeriesInstanceUID=1.2",
            (0x00081115, 0),
            0x0020000E,
            "1.2",
            "",
        ),
        ("(0011,1010)=anything", (), 0x00111010, "anything", "(0011,1010)"),
    ],
)
def test_an_element_is_named_by_keyword_tag_or_path(
    text: str, path: tuple[int, ...], tag: int, value: str, name: str
) -> None:
    made = assigned("set", text)
    assert (made.path, made.tag, made.text) == (path, tag, value)
    assert not name or made.name == name


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("PatientID", "has no value"),
        ("Nobody=1", "not a PS3.6 keyword"),
        ("(0009,ZZ00)=1", "not a PS3.6 keyword"),
        ("=1", "is not an element"),
        ("PatientID[0].PatientName=1", "is not a sequence"),
        ("RequestAttributesSequence[0]=1", "is not an element"),
        ("RequestAttributesSequence.PatientID=1", "is not an element"),
        ("RequestAttributesSequence=1", "is a sequence"),
        ("(0008,9999)=1", "its VR is unknown"),
        ("RedPaletteColorLookupTableData=1", "how the pixels are stored"),
        ("PatientID=A\\B", "it has 2 values, but PS3.6 allows 1"),
        ("PixelSpacing=1", "it has 1 value, but PS3.6 allows 2"),
        ("PatientBirthDate=19701301", "Invalid value for VR DA"),
        ("StudyTime=2560", "Invalid value for VR TM"),
        ("Modality=ct", "Invalid value for VR CS"),
        ("StudyInstanceUID=1.02", "Invalid value for VR UI"),
        ("SeriesNumber=99999999999", "an IS is between"),
        ("RescaleSlope=abc", "Invalid value for VR DS"),
        ("AccessionNumber=" + "1" * 17, "maximum length of 16"),
        ("PatientName=" + "a" * 65, "maximum allowed length of 64"),
        ("StudyDescription=a\nb", "control characters"),
        ("Modality=É", "only ASCII"),
        ("RedundantNothing=1", "not a PS3.6 keyword"),
        ("SeriesNumber=1.5", "invalid literal"),
        ("FrameIncrementPointer=12", "is not a tag"),
        ("TableTopPitchAngle=1e999", "not a finite number"),
        ("TagAngleSecondAxis=70000", "too large for VR SS"),
        ("EncapsulatedDocument=abc", "binary data"),
    ],
)
def test_a_wrong_name_or_value_is_refused(text: str, why: str) -> None:
    with pytest.raises(SettingsError, match=why):
        assigned("set", text)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("TransferSyntaxUID", "belongs to the file"),
        ("MediaStorageSOPInstanceUID", "belongs to the file"),
        ("DirectoryRecordType", "belongs to a DICOMDIR"),
        ("(0008,0000)", "group length"),
        ("PixelData", "holds pixels"),
        ("ExtendedOffsetTable", "holds pixels"),
        ("FloatPixelData", "holds pixels"),
        ("Rows", "how the pixels are stored"),
        ("BitsStored", "how the pixels are stored"),
        ("PhotometricInterpretation", "how the pixels are stored"),
        ("IconImageSequence[0].Columns", "how the pixels are stored"),
        ("LossyImageCompression", "cannot be undone"),
        ("LossyImageCompressionRatio", "cannot be undone"),
        ("SpecificCharacterSet", "all other texts depend on it"),
        ("SOPClassUID", "what kind of object"),
        ("SOPInstanceUID", "gets a new value"),
        ("OriginalAttributesSequence", "records the old values"),
        ("OriginalAttributesSequence[0].ModifiedAttributesSequence[0].PatientID", "old value"),
        ("StudyInstanceUID", "every instance needs it"),
        ("(FFFC,FFFC)", "padding"),
    ],
)
def test_what_others_depend_on_is_protected(name: str, why: str) -> None:
    with pytest.raises(SettingsError, match=f"cannot be modified: .*{why}"):
        change("remove", name)


def test_overlays_can_be_removed_and_not_set() -> None:
    assert change("remove", "(6002,3000)").tag == 0x60023000
    with pytest.raises(SettingsError, match="overlay plane"):
        change("set", "(6000,0010)", "5")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("PatientID", "PatientID"),
        ("RequestAttributesSequence", "RequestAttributesSequence[0].ScheduledProcedureStepID"),
        ("RequestAttributesSequence[0].ScheduledProcedureStepID", "RequestAttributesSequence"),
    ],
)
def test_two_changes_of_one_element_contradict_each_other(first: str, second: str) -> None:
    both = (change("remove", first), change("remove", second))
    with pytest.raises(SettingsError, match="contradict"):
        modification(both, "study")


@pytest.mark.parametrize(
    ("text", "level", "allowed"),
    [
        ("PatientID=1", "series", False),
        ("PatientID=1", "instance", False),
        ("PatientID=1", "study", True),
        ("PatientID=1", "", True),
        ("StudyInstanceUID=1.2", "series", False),
        ("SeriesInstanceUID=1.2", "series", True),
        ("SeriesInstanceUID=1.2", "instance", False),
        ("SeriesDescription=1", "instance", True),
    ],
)
def test_a_level_keeps_what_is_above_it(text: str, level: Level, *, allowed: bool) -> None:
    changes = (assigned("set", text),)
    if allowed:
        assert modification(changes, level) == Modification(changes=changes, level=level)
        return
    with pytest.raises(SettingsError, match=f"the level {level} keep it"):
        modification(changes, level)


def test_of_two_modifications_the_later_one_wins() -> None:
    policy = Modification(
        changes=(assigned("set", "PatientID=A"), assigned("set", "StudyID=1")),
        level="study",
        seed="policy",
    )
    command = Modification(changes=(assigned("set", "PatientID=B"),))
    both = command.after(policy)
    assert [c.text for c in both.changes] == ["1", "B"]
    assert (both.level, both.seed) == ("study", "policy")
    series = command._replace(level="series", seed="journal").after(policy)
    assert (series.level, series.seed) == ("series", "journal")
    assert command.after(None) is command


def test_only_changed_uids_concern_other_instances() -> None:
    assert Modification(level="instance").changes_uids
    assert Modification(changes=(assigned("set", "StudyInstanceUID=1.2"),)).changes_uids
    nested = Change(verb="set", tag=0x0020000D, path=(0x00081110, 0))
    assert not Modification(changes=(nested, assigned("set", "PatientID=1"))).changes_uids
