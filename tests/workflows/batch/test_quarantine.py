"""Files that a policy refuses, set aside where others may write."""

import os
from pathlib import Path

import pytest

from dicomtx.errors import DestinationError
from dicomtx.storage.local_file import LocalFile
from dicomtx.workflows.batch.quarantine import place_of, set_aside
from dicomtx.workflows.inputs.arguments import Found
from tests.converter import grey


@pytest.fixture
def found(tmp_path: Path) -> Found:
    (tmp_path / "in.dcm").write_bytes(grey(8, 8))
    return Found(LocalFile(str(tmp_path / "in.dcm")), "study/in.dcm", str(tmp_path))


def test_a_link_at_the_name_of_a_copy_is_not_followed(tmp_path: Path, found: Found) -> None:
    theirs, path = tmp_path / "theirs", Path(place_of(found, str(tmp_path / "rejected")))
    theirs.write_bytes(b"precious")
    path.parent.mkdir(parents=True)
    path.symlink_to(theirs)
    for overwrite in (False, True):
        with pytest.raises(DestinationError, match="symbolic link"):
            set_aside(found, str(path), below=str(tmp_path / "rejected"), overwrite=overwrite)
    assert theirs.read_bytes() == b"precious"


def test_a_link_in_the_place_of_a_folder_is_not_followed(tmp_path: Path, found: Found) -> None:
    (tmp_path / "rejected").mkdir()
    (tmp_path / "far").mkdir()
    (tmp_path / "rejected/study").symlink_to(tmp_path / "far")
    with pytest.raises(DestinationError, match="symbolic link"):
        set_aside(found, place_of(found, str(tmp_path / "rejected")), below=f"{tmp_path}/rejected")
    assert os.listdir(tmp_path / "far") == []


def test_the_folder_itself_may_be_a_link(tmp_path: Path, found: Found) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "rejected").symlink_to(tmp_path / "far")
    set_aside(found, place_of(found, str(tmp_path / "rejected")), below=f"{tmp_path}/rejected")
    assert (tmp_path / "far/study/in.dcm").read_bytes() == (tmp_path / "in.dcm").read_bytes()
