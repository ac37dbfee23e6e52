"""Appending to a File-set: killed at any point, and repeated, it adds each instance once."""

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from pydicom.fileset import FileSet

from dicomtx.errors import DestinationError
from dicomtx.workflows.export.append_journal import NAME
from dicomtx.workflows.export.job import Media
from tests.conftest import Run
from tests.corpus import file
from tests.export_folder import Folder
from tests.sampling import sampled

NEW = ("MR_small.dcm", "rtplan.dcm", "SC_rgb_small_odd.dcm")
KILLED = """
import os, signal, sys
from dicomtx import cli
from dicomtx.workflows.export import containers
point, number = sys.argv[1], int(sys.argv[2])
take, calls = containers.Folder.take, 0
def counted(self, name, *rest, **more):
    global calls
    calls += 1
    if point == "before" and calls == number:
        os.kill(os.getpid(), signal.SIGKILL)
    if point == "within" and calls == number:
        os.replace = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
    take(self, name, *rest, **more)
containers.Folder.take = counted
sys.exit(cli.main(sys.argv[3:]))
"""
APPEND = ("export", "media", "--append", "-q", "-j", "1")


@pytest.fixture
def media(tmp_path: Path) -> Path:
    folder = Folder(tmp_path)
    folder.put("CT_small.dcm")
    folder.export("media", media=Media())
    return tmp_path / "media"


def sources() -> list[str]:
    return [str(file(name)) for name in NEW]


def files(media: Path) -> set[str]:
    """Returns the files of a File-set, without what tells of them."""
    return {str(p.relative_to(media)) for p in media.rglob("*") if p.is_file()} - {
        "DICOMDIR",
        "MANIFEST.json",
    }


def listed(media: Path) -> set[str]:
    return {str(Path(one.path).relative_to(media)) for one in FileSet(media / "DICOMDIR")}


# the files are 1 to 3, the DICOMDIR is 4, the manifest is 5
@pytest.mark.parametrize("point", sampled(["before", "within"], 2))
@pytest.mark.parametrize("number", sampled(range(1, 6), 3))
@pytest.mark.parametrize(
    "to", sampled([(), ("--to", "jpeg2000", "--lossy", "--min-psnr", "0", "--no-verify")], 2)
)
def test_an_append_that_is_killed_and_repeated_adds_each_file_once(
    run: Run, media: Path, point: str, number: int, to: tuple[str, ...]
) -> None:
    command = [*APPEND, *sources(), str(media), *to]
    script = [sys.executable, "-c", KILLED, point, str(number), *command]
    killed = subprocess.run(script, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    for _ in range(2):
        assert run(*command).returncode in (0, 1)
        assert files(media) == listed(media)
        assert len(files(media)) == 1 + len(NEW)


def test_what_is_known_is_told_and_left_out(run: Run, media: Path) -> None:
    done = run(*APPEND[:3], str(file("CT_small.dcm")), *sources(), media)
    assert b"3 done, 1 skipped" in done.stdout
    assert b"its SOP Instance UID is already in the File-set" in done.stderr
    assert len(files(media)) == 1 + len(NEW)


def test_a_file_that_is_not_as_it_was_noted_is_left_alone(run: Run, media: Path) -> None:
    (media / "IMAGES/IM7").write_bytes(b"precious")
    (media.parent / "precious").write_bytes(b"precious")
    (media / "LINK").symlink_to("..")
    status = (media / "IMAGES/IM7").stat()
    lines = [f"{status.st_size} 1 IMAGES/IM7", f"9 {status.st_mtime_ns} IMAGES/IM7"]
    lines += [f"8 {(media.parent / 'precious').stat().st_mtime_ns} {name}" for name in OUTSIDE]
    lines += ["8", "x y z", f"8 {'1' * 5000} IMAGES/IM7", f"8 {status.st_mtime_ns} IMAGES/IM7"]
    journal = media / NAME
    journal.write_text("\n".join(lines))  # the last line is cut off
    journal.chmod(0o600)
    assert run(*APPEND, *sources(), media).returncode == 0
    assert (media / "IMAGES/IM7").read_bytes() == b"precious"
    assert (media.parent / "precious").read_bytes() == b"precious"
    assert not journal.exists()


OUTSIDE = ("../precious", "LINK/precious", "/precious", "IMAGES/../../precious", "LINK/PRECIOUS")


def test_a_journal_of_others_is_refused(run: Run, media: Path) -> None:
    journal = media / NAME
    journal.touch()
    journal.chmod(0o666)
    done = run(*APPEND, *sources(), media)
    assert done.returncode == 7
    assert b"can be written by other users" in done.stderr
    journal.unlink()
    journal.symlink_to(media / "made")
    done = run(*APPEND, *sources(), media)
    assert done.returncode == 7
    assert b"symbolic link" in done.stderr
    assert not (media / "made").exists()


def test_two_appends_at_once_are_told_apart(media: Path) -> None:
    fd = os.open(media / NAME, os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(fd, fcntl.LOCK_EX)
    try:
        with pytest.raises(DestinationError, match="another run is appending"):
            _other(media).export(str(media), media=Media(append=True), sources=tuple(sources()))
    finally:
        os.close(fd)


def _other(media: Path) -> Folder:
    (media.parent / "other").mkdir()
    return Folder(media.parent / "other")
