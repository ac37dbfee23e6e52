"""The Python API: paths, binary streams, bytes and pydicom Datasets."""

import inspect
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, Unpack

import pytest
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID

import dicomtx
from dicomtx.api.options import PolicyOptions
from dicomtx.api.transcode import transcode, transcode_bytes, transcode_dataset
from dicomtx.errors import DicomtxError, ExitCode, SettingsError, UsageError
from dicomtx.transfer_syntaxes import find
from tests.converter import grey
from tests.corpus import file
from tests.dicom.builder import identity, part10


def test_paths_of_any_kind_go_to_paths(tmp_path: Path) -> None:
    source, out = tmp_path / "in.dcm", tmp_path / "out.dcm"
    source.write_bytes(grey())
    outcome = dicomtx.transcode(source, str(out), to="rle")
    assert (outcome.path, outcome.destination) == (str(source), str(out))
    assert outcome.status == "done"
    assert dcmread(out).file_meta.TransferSyntaxUID == find("rle").uid


def test_streams_are_read_from_where_they_stand_and_written_to(tmp_path: Path) -> None:
    source, out = io.BytesIO(b"before" + grey()), io.BytesIO(b"before")
    source.seek(6)
    out.seek(6)
    outcome = dicomtx.transcode(source, out, to="rle")
    assert out.getvalue()[:6] == b"before"
    assert len(out.getvalue()) == 6 + outcome.bytes_out
    (tmp_path / "in.dcm").write_bytes(grey())
    dicomtx.transcode(tmp_path / "in.dcm", tmp_path / "out.dcm", to="rle")
    assert out.getvalue()[6:] == (tmp_path / "out.dcm").read_bytes()


def test_without_a_target_it_is_explicit_vr_little_endian() -> None:
    out = io.BytesIO()
    dicomtx.transcode(io.BytesIO(grey()), out)
    assert dcmread(io.BytesIO(out.getvalue())).file_meta.TransferSyntaxUID == find("explicit").uid


def test_a_failure_is_an_error_that_tells_everything() -> None:
    out = io.BytesIO()
    with pytest.raises(dicomtx.TranscodeError, match="not a DICOM file") as caught:
        dicomtx.transcode(io.BytesIO(b"no DICOM" * 99), out)
    assert isinstance(caught.value, DicomtxError)
    assert caught.value.exit_code == ExitCode.SOURCE
    assert caught.value.outcome.status == "failed"
    assert out.getvalue() == b""


def test_a_failure_is_only_told_if_that_is_wanted() -> None:
    out = io.BytesIO()
    outcome = dicomtx.transcode(io.BytesIO(b"no DICOM" * 99), out, check=False)
    assert (outcome.status, out.getvalue()) == ("failed", b"")


def test_a_kept_file_is_no_failure() -> None:
    data, out = part10("explicit", identity()), io.BytesIO()
    assert dicomtx.transcode(io.BytesIO(data), out, to="rle").status == "kept"
    assert out.getvalue() == data
    with pytest.raises(dicomtx.TranscodeError):
        dicomtx.transcode(io.BytesIO(data), out, to="rle", strict=True)


def test_options_are_those_of_the_request_and_the_settings(tmp_path: Path) -> None:
    path = tmp_path / "in.dcm"
    path.write_bytes(grey())
    with pytest.raises(dicomtx.TranscodeError, match="--in-place"):
        dicomtx.transcode(path, path, to="rle")
    outcome = dicomtx.transcode(path, path, to="rle", in_place=True, verify=False)
    assert outcome.verification == "none"
    dicomtx.transcode(io.BytesIO(grey()), path, overwrite=True)
    assert dcmread(path).file_meta.TransferSyntaxUID == find("explicit").uid


def test_a_wrong_name_is_told_before_anything_is_done() -> None:
    with pytest.raises(UsageError, match="did you mean"):
        dicomtx.transcode(io.BytesIO(grey()), io.BytesIO(), to="jpeg2000-losless")
    unknown: Any = {"nonsense": True}
    with pytest.raises(SettingsError, match="nonsense: unknown option"):
        dicomtx.transcode(io.BytesIO(grey()), io.BytesIO(), **unknown)
    mine: Any = "mine"
    with pytest.raises(SettingsError, match="builtin-first"):
        dicomtx.transcode(io.BytesIO(grey()), io.BytesIO(), order=mine)


@pytest.mark.parametrize("goal", [{"quality": 85}, {"psnr": 50}, {"lossy": True}])
@pytest.mark.parametrize("to", [{}, {"to": "rle"}, {"to": "jpeg-xl-recompression"}])
def test_a_goal_without_a_lossy_target_is_not_ignored(to: Any, goal: Any) -> None:
    with pytest.raises(UsageError, match="needs a lossy target"):
        transcode(io.BytesIO(grey()), io.BytesIO(), **to, **goal)


def test_the_public_names_are_there_and_no_others() -> None:
    for name in dicomtx.__all__:
        assert getattr(dicomtx, name)
    with pytest.raises(AttributeError, match="nonsense"):
        _ = dicomtx.nonsense


# ------------------------------------------------------------------ bytes and Datasets


@pytest.mark.parametrize("to", ["rle", "jpeg2000-lossless", "implicit", "deflated"])
def test_bytes_come_back_as_a_file_in_the_target(to: str) -> None:
    data, outcome = dicomtx.transcode_bytes(grey(), to=to)
    assert (outcome.status, outcome.bytes_out) == ("done", len(data))
    assert (outcome.path, outcome.destination) == ("<stream>", "<stream>")
    assert dcmread(io.BytesIO(data)).file_meta.TransferSyntaxUID == find(to).uid
    back, _ = dicomtx.transcode_bytes(data)
    assert dcmread(io.BytesIO(back)).PixelData == dcmread(io.BytesIO(grey())).PixelData


def test_bytes_that_cannot_be_converted_are_an_error_that_names_no_temporary_file() -> None:
    with pytest.raises(dicomtx.TranscodeError, match=r"^<stream>: not a DICOM file"):
        dicomtx.transcode_bytes(b"no DICOM" * 99)
    data, outcome = dicomtx.transcode_bytes(part10("explicit", identity()), to="rle")
    assert (outcome.status, data) == ("kept", part10("explicit", identity()))


@pytest.mark.parametrize("name", ["MR_small.dcm", "CT_small.dcm", "SC_rgb_rle.dcm"])
@pytest.mark.parametrize("to", ["rle", "jpeg-ls-lossless", "big-endian"])
def test_a_dataset_comes_back_as_a_new_one(name: str, to: str) -> None:
    source = dcmread(file(name))
    before = source.to_json()
    meta = source.file_meta.to_json()
    made, outcome = dicomtx.transcode_dataset(source, to=to)
    assert outcome.status == "done"
    assert made.file_meta.TransferSyntaxUID == find(to).uid
    assert (made.pixel_array == source.pixel_array).all()
    assert (source.to_json(), source.file_meta.to_json()) == (before, meta)


def test_a_dataset_made_in_memory_needs_a_transfer_syntax() -> None:
    made = Dataset()
    made.SOPClassUID, made.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.7", "1.2.3"
    made.PatientName = "A^B"
    with pytest.raises(UsageError, match=r"pydicom cannot write this Dataset: .*Transfer Syntax"):
        dicomtx.transcode_dataset(made, to="implicit")
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = UID(find("explicit").uid)
    written, _ = dicomtx.transcode_dataset(made, to="implicit")
    assert (written.PatientName, written.is_implicit_VR) == ("A^B", True)


# ------------------------------------------------------------------ typed options


@pytest.mark.parametrize("function", [transcode, transcode_bytes, transcode_dataset])
def test_editors_see_every_option(function: Callable[..., Any]) -> None:
    options = inspect.signature(function).parameters["options"]
    assert options.annotation == Unpack[PolicyOptions]


@pytest.mark.parametrize(
    "options",
    [{"verify": True}, {"verify": "all"}, {"max_memory": "2G"}, {"codecs": ["imagecodecs"]}],
    ids=str,
)
def test_every_type_of_a_value_is_taken(options: Any) -> None:
    assert dicomtx.transcode_bytes(grey(), to="rle", **options)[1].status == "done"


@pytest.mark.parametrize("source", [Dataset(), b"bytes", None])
def test_what_is_neither_a_path_nor_a_stream_is_an_error_that_names_the_right_function(
    source: Any,
) -> None:
    with pytest.raises(UsageError, match="use transcode_dataset for a pydicom Dataset"):
        dicomtx.transcode(source, io.BytesIO(), to="rle")
    with pytest.raises(UsageError, match="neither a path nor a binary stream"):
        dicomtx.transcode(io.BytesIO(grey()), source, to="rle")


def test_editors_and_shells_see_the_public_names() -> None:
    assert dir(dicomtx) == sorted(dicomtx.__all__)
