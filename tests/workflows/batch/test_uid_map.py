"""Maps of UIDs, in files of their own."""

from pathlib import Path

import pytest

from dicomtx.errors import DestinationError
from dicomtx.workflows.batch.uid_map import write_uid_map


@pytest.mark.parametrize("ending", [".tsv", ".json"])
def test_a_link_at_the_name_of_a_map_is_replaced(tmp_path: Path, ending: str) -> None:
    theirs, path = tmp_path / "theirs", tmp_path / f"map{ending}"
    theirs.write_bytes(b"precious")
    path.symlink_to(theirs)
    write_uid_map(str(path), {"1.2": "1.3"})
    assert theirs.read_bytes() == b"precious"
    assert not path.is_symlink()
    assert "1.3" in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_link_to_a_device_is_replaced_too(tmp_path: Path) -> None:
    path = tmp_path / "map.tsv"
    path.symlink_to("/dev/full")
    write_uid_map(str(path), {"1.2": "1.3"})
    assert path.read_text() == "1.2\t1.3\n"


def test_a_folder_at_the_name_of_a_map_stays(tmp_path: Path) -> None:
    (tmp_path / "map.tsv").mkdir()
    with pytest.raises(DestinationError, match="is a folder"):
        write_uid_map(str(tmp_path / "map.tsv"), {"1.2": "1.3"})
