"""The order of members, and which of several copies of an instance a DICOMDIR lists."""

from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.fileset import FileSet

from dicomtx.workflows.export.job import Media
from dicomtx.workflows.export.member_names import Place
from tests.corpus import file
from tests.export_folder import RLE, Folder, by_source


@pytest.mark.parametrize("workers", [1, 2])
def test_members_are_in_the_order_of_their_names_whichever_is_done_first(
    folder: Folder, workers: int
) -> None:
    series = [f"1.2.{number}" for number in range(6)]
    for number, uid in enumerate(series):
        image = dcmread(file("CT_small.dcm"))
        image.PatientID, image.StudyInstanceUID = "p", "1.1"
        image.SeriesInstanceUID = image.SOPInstanceUID = uid
        if number % 2 == 0:  # takes longer
            image.Rows, image.Columns, image.PixelData = 1024, 1024, image.PixelData * 64
        image.save_as(folder.sources / f"{number}.dcm")
    sources = [outcome.path for outcome in folder.export(workers=workers)]
    members = [str(one.SOPInstanceUID) for one in folder.members().values()]
    assert sorted(members) == series
    assert members == [series[int(Path(path).stem)] for path in sources]
    keys = [Place(patient_id="p", study_uid="1.1", series_uid=uid).keys for uid in members]
    assert keys == sorted(keys)


@pytest.mark.parametrize("bad", ["a.dcm", "b.dcm", "c.dcm"])
def test_of_several_copies_the_first_that_can_be_converted_is_listed(
    folder: Folder, bad: str
) -> None:
    for name in ("a.dcm", "b.dcm", "c.dcm"):
        whole = file("MR_small.dcm").read_bytes()
        (folder.sources / name).write_bytes(whole[:-100] if name == bad else whole)
    outcomes = by_source(folder.export("media", media=Media()))
    listed = "b.dcm" if bad == "a.dcm" else "a.dcm"
    (record,) = FileSet(folder.path / "media" / "DICOMDIR")
    assert record.path == outcomes[listed].destination
    reason = f"which lists {'/'.join(record.path.split('/')[-2:])} for its SOP Instance UID"
    told = {name for name, made in outcomes.items() if reason in "".join(made.warnings)}
    assert told == {"a.dcm", "b.dcm", "c.dcm"} - {listed}
    folder.export("out.zip")
    (*good, last) = folder.members().values()
    assert len(good) == 2
    assert last.file_meta.TransferSyntaxUID != RLE  # the bad one, exported unchanged
