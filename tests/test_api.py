"""The Python face: paths and binary streams."""

import io
from pathlib import Path

import pytest
from pydicom import dcmread

import dicomtx
from dicomtx.errors import DicomtxError, ExitCode, SettingsError, UsageError
from dicomtx.transfer_syntaxes import find
from tests.bench import grey
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
    with pytest.raises((TypeError, SettingsError)):
        dicomtx.transcode(io.BytesIO(grey()), io.BytesIO(), nonsense=True)
    with pytest.raises(SettingsError, match="builtin-first"):
        dicomtx.transcode(io.BytesIO(grey()), io.BytesIO(), order="mine")


def test_the_public_names_are_there_and_no_others() -> None:
    for name in dicomtx.__all__:
        assert getattr(dicomtx, name)
    with pytest.raises(AttributeError, match="nonsense"):
        _ = dicomtx.nonsense
