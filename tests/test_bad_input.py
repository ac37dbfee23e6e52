"""Whatever goes wrong: an exit code, one line that names the file, and nothing half done."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pydicom import dcmread

from tests import oracle
from tests.conftest import Run
from tests.corpus import file

CONVERT = (sys.executable, "-m", "dicomtx", "convert")
TENTHS = [number / 10 for number in range(10)]


def _check_failure(
    done: "subprocess.CompletedProcess[bytes]", code: int, named: Path | str, folder: Path
) -> None:
    """One line that names the file, the exit code, and no file that was not there before."""
    said = done.stderr.decode()
    assert done.returncode == code, said
    assert said.count("\n") == 1, said
    assert str(named) in said
    assert not [path for path in folder.iterdir() if path.name not in ("in.dcm", "in")]


@pytest.mark.parametrize(
    ("content", "why"), [(b"", "empty"), (b"no DICOM at all\n" * 99, "not a DICOM file")]
)
def test_what_is_no_dicom_is_named_and_refused(
    run: Run, tmp_path: Path, content: bytes, why: str
) -> None:
    source = tmp_path / "in.dcm"
    source.write_bytes(content)
    done = run("convert", source, tmp_path / "out.dcm")
    _check_failure(done, 3, source, tmp_path)
    assert why in done.stderr.decode()


def test_a_missing_file_is_named(run: Run, tmp_path: Path) -> None:
    done = run("convert", tmp_path / "in.dcm", tmp_path / "out.dcm")
    _check_failure(done, 3, tmp_path / "in.dcm", tmp_path)


@pytest.mark.parametrize("tenth", TENTHS)
@pytest.mark.parametrize(
    "name", ["CT_small.dcm", "MR_small_implicit.dcm", "MR_small_jp2klossless.dcm"]
)
def test_a_truncated_file_gives_no_output(
    run: Run, tmp_path: Path, name: str, tenth: float
) -> None:
    data = file(name).read_bytes()
    source = tmp_path / "in.dcm"
    source.write_bytes(data[: int(len(data) * tenth)])
    done = run("convert", source, tmp_path / "out.dcm", "--to", "rle")
    _check_failure(done, 3, source, tmp_path)


def test_a_truncated_deflated_file_gives_no_output(run: Run, tmp_path: Path) -> None:
    data = file("image_dfl.dcm").read_bytes()
    source = tmp_path / "in.dcm"
    source.write_bytes(data[: len(data) // 2])
    _check_failure(run("convert", source, tmp_path / "out.dcm"), 3, source, tmp_path)


def test_a_wrong_native_label_is_seen_through(run: Run, tmp_path: Path, ct: Path) -> None:
    source, out = tmp_path / "in.dcm", tmp_path / "out.dcm"
    label = b"1.2.840.10008.1.2.1\0"
    source.write_bytes(ct.read_bytes().replace(label, b"1.2.840.10008.1.2\0\0\0", 1))
    done = run("convert", source, out, "--to", "implicit")
    assert done.returncode == 0, done.stderr
    assert b"explicit VR" in done.stderr
    assert dict(oracle.elements(dcmread(out))) == dict(oracle.elements(dcmread(ct)))


def test_a_native_file_labelled_as_encapsulated_gives_no_wrong_output(
    run: Run, tmp_path: Path, ct: Path
) -> None:
    source, out = tmp_path / "in.dcm", tmp_path / "out.dcm"
    label = b"\x14\0" + b"1.2.840.10008.1.2.1\0"
    wrong = b"\x16\0" + b"1.2.840.10008.1.2.4.90"
    source.write_bytes(ct.read_bytes().replace(label, wrong, 1))
    done = run("convert", source, out)
    if done.returncode:
        _check_failure(done, 3, source, tmp_path)
    else:
        assert dcmread(out).PixelData == dcmread(ct).PixelData


@pytest.mark.parametrize("missing", [128, 132, "meta"])
def test_a_missing_preamble_or_file_meta_is_made_good(
    run: Run, tmp_path: Path, ct: Path, missing: int | str
) -> None:
    data = ct.read_bytes()
    start = missing if isinstance(missing, int) else data.index(b"\x08\0\x05\0CS")
    source, out = tmp_path / "in.dcm", tmp_path / "out.dcm"
    source.write_bytes(data[start:])
    done = run("convert", source, out, "--to", "implicit")
    assert done.returncode == 0, done.stderr
    assert dict(oracle.elements(dcmread(out))) == dict(oracle.elements(dcmread(ct)))
    assert dcmread(out).file_meta.MediaStorageSOPInstanceUID == dcmread(ct).SOPInstanceUID


def test_a_folder_is_no_source(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    done = run("convert", tmp_path / "in", tmp_path / "out.dcm")
    _check_failure(done, 3, tmp_path / "in", tmp_path)


def test_a_folder_with_the_name_of_the_output_is_no_destination(
    run: Run, tmp_path: Path, ct: Path
) -> None:
    (tmp_path / "in" / ct.name).mkdir(parents=True)
    done = run("convert", ct, tmp_path / "in")
    _check_failure(done, 7, tmp_path / "in" / ct.name, tmp_path)


def test_a_destination_in_no_folder_is_named(run: Run, tmp_path: Path, ct: Path) -> None:
    done = run("convert", ct, tmp_path / "no/out.dcm")
    _check_failure(done, 7, tmp_path / "no", tmp_path)


def _without_rights(*arguments: str | Path) -> "subprocess.CompletedProcess[bytes]":
    """Runs the command without root's right to read and write everything."""
    rights = ("setpriv", "--bounding-set=-all", "--inh-caps=-all") if os.geteuid() == 0 else ()
    return subprocess.run([*rights, *CONVERT, *arguments], capture_output=True, check=False)


def test_an_unreadable_source_is_named(tmp_path: Path, ct: Path) -> None:
    source = Path(shutil.copy(ct, tmp_path / "in.dcm"))
    source.chmod(0)
    _check_failure(_without_rights(source, tmp_path / "out.dcm"), 3, source, tmp_path)


def test_a_source_that_fails_while_it_is_read_is_named(run: Run, tmp_path: Path) -> None:
    # reading the memory of a process at 0 is an input/output error
    done = run("convert", "/proc/self/mem", tmp_path / "out.dcm")
    _check_failure(done, 3, "/proc/self/mem", tmp_path)


def test_an_unwritable_folder_is_named(tmp_path: Path, ct: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(0o555)
    done = _without_rights(ct, folder / "out.dcm")
    _check_failure(done, 7, folder, folder)


def test_an_existing_destination_is_left_alone(run: Run, tmp_path: Path, ct: Path) -> None:
    out = tmp_path / "in.dcm"
    out.write_bytes(b"mine")
    _check_failure(run("convert", ct, out), 7, out, tmp_path)
    assert out.read_bytes() == b"mine"


def test_an_existing_destination_survives_any_failure(run: Run, tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "in.dcm"
    data = file("CT_small.dcm").read_bytes()
    source.write_bytes(data[: len(data) // 2])
    out.write_bytes(b"mine")
    done = run("convert", source, out, "--overwrite", "--to", "jpeg2000-lossless")
    _check_failure(done, 3, source, tmp_path)
    assert out.read_bytes() == b"mine"


def test_a_failure_in_place_leaves_the_file_as_it_was(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "in.dcm"
    data = file("CT_small.dcm").read_bytes()
    source.write_bytes(data[:-1000])
    done = run("convert", source, source, "--in-place", "--to", "rle")
    _check_failure(done, 3, source, tmp_path)
    assert source.read_bytes() == data[:-1000]


@pytest.mark.parametrize("target", ["implicit", "rle"])
def test_a_full_disk_leaves_nothing(tmp_path: Path, ct: Path, target: str) -> None:
    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))

    done = subprocess.run(
        [*CONVERT, ct, tmp_path / "out.dcm", "--to", target],
        capture_output=True,
        check=False,
        preexec_fn=full,
    )
    _check_failure(done, 7, tmp_path / "out.dcm", tmp_path)


def test_a_full_standard_output_is_told(tmp_path: Path, ct: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([*CONVERT, ct, "-"], stdout=full, stderr=-1, check=False)
    _check_failure(done, 7, ct, tmp_path)


def test_a_closed_pipe_is_told(tmp_path: Path, ct: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([*CONVERT, ct, "-"], stdout=writing, stderr=-1, check=False)
    os.close(writing)
    _check_failure(done, 7, ct, tmp_path)


def _large(path: Path) -> Path:
    """Writes a native image of 512 frames, 64 MB."""
    data_set = dcmread(file("CT_small.dcm"))
    data_set.Rows = data_set.Columns = 256
    data_set.NumberOfFrames = 512
    data_set.PixelData = bytes(range(256)) * 512 * 512
    data_set.save_as(path)
    return path


def _parts(folder: Path) -> list[Path]:
    return list(folder.glob(".*.part"))


@pytest.mark.usefixtures("cold")  # a server gives the command of a killed client time to clean up
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_killed_run_leaves_no_output_and_the_next_one_sweeps(
    tmp_path: Path, number: signal.Signals
) -> None:
    source, out = _large(tmp_path / "in.dcm"), tmp_path / "out.dcm"
    command = [*CONVERT, str(source), str(out), "--to", "jpeg-ls-lossless"]
    with subprocess.Popen(command, stdout=-1, stderr=-1, start_new_session=True) as process:
        give_up = time.monotonic() + 60
        while not _parts(tmp_path) and process.poll() is None and time.monotonic() < give_up:
            time.sleep(0.005)
        process.send_signal(number)
        process.communicate()
    assert (
        process.returncode == {signal.SIGKILL: -9, signal.SIGTERM: 143, signal.SIGINT: 130}[number]
    )
    assert not out.exists()
    assert len(_parts(tmp_path)) == (number == signal.SIGKILL)
    done = subprocess.run([*CONVERT, file("CT_small.dcm"), out], check=False)
    assert done.returncode == 0
    assert out.exists()
    assert not _parts(tmp_path)
