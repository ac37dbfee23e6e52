"""``transcode_dataset`` does to every test file in memory what ``transcode`` does to it on disk."""

import io
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread, dcmwrite

import dicomtx
from tests.corpus import files
from tests.sampling import sampled

TARGETS = ("explicit", "jpeg-ls-lossless")


def _bytes(data_set: Dataset) -> bytes:
    """Returns each element as pydicom writes it."""
    written = io.BytesIO()
    dcmwrite(written, data_set)
    return written.getvalue()


@pytest.mark.parametrize("to", TARGETS)
@pytest.mark.parametrize("path", sampled(files(), 40), ids=lambda path: path.name)
def test_a_dataset_in_memory_is_converted_as_its_file(tmp_path: Path, path: Path, to: str) -> None:
    try:
        source = dcmread(path)
        before = _bytes(source)
    except Exception:  # noqa: BLE001 - pydicom cannot write it, so nobody can have it in memory
        return
    (tmp_path / "saved.dcm").write_bytes(before)
    saved = dicomtx.transcode(tmp_path / "saved.dcm", tmp_path / "out.dcm", to=to, check=False)
    if saved.error:
        with pytest.raises(dicomtx.TranscodeError) as caught:
            dicomtx.transcode_dataset(source, to=to)
        assert caught.value.outcome.error == saved.error
        return
    made, outcome = dicomtx.transcode_dataset(source, to=to)
    expected = dcmread(tmp_path / "out.dcm")
    assert outcome.status == saved.status
    assert made.file_meta == expected.file_meta
    for element in expected:
        assert made[element.tag] == element, element.tag
    assert made == expected
    assert _bytes(source) == before


def test_enough_files_take_part() -> None:
    readable = 0
    for path in files():
        try:
            _bytes(dcmread(path))
        except Exception:  # noqa: BLE001
            continue
        readable += 1
    assert readable > 100
