"""Values that are legal bytes but odd: every command goes on, and none calls them a bug."""

import os
import subprocess
from pathlib import Path

import pytest
from imagecodecs import jpeg8_encode
from numpy import arange, uint8
from pydicom import dcmread

from dicomtx.cli import main
from dicomtx.errors import ExitCode
from dicomtx.workflows.export.dicomdir import first_free
from tests.conftest import Run
from tests.dicom.builder import (
    SOP_INSTANCE,
    element,
    encapsulated,
    identity,
    image,
    module,
    native,
    part10,
    sequence,
    text,
)

GREY = bytes(range(64))
GOOD = part10("explicit", native(image(8, 8), GREY))


def _uid(value: bytes) -> bytes:
    """Returns a file whose SOP Instance UID is this."""
    uids = text(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.7") + element(0x00080018, "UI", value)
    return part10("explicit", uids + module(image(8, 8)) + element(0x7FE00010, "OB", GREY))


def _planes(allocated: int) -> bytes:
    """Returns a file with colour by plane."""
    pixel = image(4, 4, samples=3, photometric="RGB", allocated=allocated)
    start = identity() + module(pixel._replace(planar_configuration=1))
    return part10("explicit", start + element(0x7FE00010, "OW", bytes(6 * allocated)))


def _one_sample(photometric: str) -> bytes:
    """Returns a grey JPEG whose label is a colour's."""
    stream = jpeg8_encode(arange(64, dtype=uint8).reshape(8, 8), level=90)
    pixels = encapsulated([bytes(stream) + bytes(len(stream) % 2)])
    return part10(
        "jpeg-baseline", identity() + module(image(8, 8, photometric=photometric)) + pixels
    )


def _icon(content: bytes) -> bytes:
    """Returns a native file with an icon."""
    icon = sequence(0x00880200, [content + encapsulated([GREY])])
    pixels = module(image(8, 8)) + element(0x7FE00010, "OB", GREY)
    return part10("explicit", identity() + icon + pixels)


def _charset(name: str) -> bytes:
    """Returns a file with this Specific Character Set."""
    named = text(0x00080005, "CS", name) + identity() + text(0x00100010, "PN", "A^B")
    return part10("explicit", named + module(image(8, 8)) + element(0x7FE00010, "OB", GREY))


def _frames(number: str) -> bytes:
    """Returns a file with this Number of Frames."""
    return part10("explicit", native(image(8, 8), GREY, frames=number))


ODD = {
    "charset-nul": _charset("ISO\0IR"),
    "charset-undefined": _charset("undefined"),
    "charset-codec": _charset("hex"),
    "frames-digits": _frames("9" * 5000),
    "frames-superscript": _frames("²"),
    "icon-in-no-syntax": _icon(module(image(8, 8))),
    "icon-without-rows": _icon(b""),
    "uid-latin-1": _uid("1.2.é3".encode("latin-1") + b"\0"),
    "uid-superscript": _uid(b"1.2.\xb2\0"),
    "uid-utf-8": _uid("1.2.٣0".encode()),
    "planes-12": _planes(12),
    "planes-24": _planes(24),
    "planes-40": _planes(40),
    "one-sample-ybr-full": _one_sample("YBR_FULL"),
    "one-sample-ybr-full-422": _one_sample("YBR_FULL_422"),
    "one-sample-rgb": _one_sample("RGB"),
}
OF_A_FILE = (
    "convert in/odd.dcm out.dcm",
    "convert in/odd.dcm implicit.dcm --to implicit",
    "convert in/odd.dcm rle.dcm --to rle",
    "convert in/odd.dcm lossy.dcm --to jpeg2000 --psnr 40 --allow-generation-loss",
    "convert in/odd.dcm salvaged.dcm --to rle --salvage --repair",
    "compare in/odd.dcm in/good.dcm",
    "compare in/odd.dcm in/odd.dcm",
)
OF_A_TREE = (
    "info in",
    "plan in --to rle",
    "negotiate in --accepts explicit",
    "batch in out --to rle",
    "batch in layout --layout {PatientName}/{SOPInstanceUID}.dcm",
    "export archive in out.zip --to rle",
    "export media in media",
)


@pytest.mark.parametrize("name", ODD)
@pytest.mark.filterwarnings("error")
def test_no_command_for_a_file_calls_an_odd_value_a_bug(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()
    Path("in/odd.dcm").write_bytes(ODD[name])
    Path("in/good.dcm").write_bytes(GOOD.replace(SOP_INSTANCE.encode(), b"1.2.3.5"))
    for command in OF_A_FILE:
        code = main(command.split())
        _check(code, "".join(capfd.readouterr()), command)


@pytest.mark.parametrize("command", OF_A_TREE)
def test_no_command_for_a_tree_calls_an_odd_value_a_bug(
    run: Run, tmp_path: Path, command: str
) -> None:
    (tmp_path / "in").mkdir()
    for number, (name, data) in enumerate(ODD.items(), start=10):
        unique = data.replace(SOP_INSTANCE.encode(), f"1.3.1{number}".encode())
        (tmp_path / f"in/{name}.dcm").write_bytes(unique)
    done = run(*command.split(), cwd=tmp_path)
    _check(done.returncode, (done.stdout + done.stderr).decode(), command)


def _check(code: int, told: str, command: str) -> None:
    assert code != ExitCode.BUG, f"{command}: {told}"
    assert "bug" not in told, f"{command}: {told}"
    assert "Traceback" not in told, f"{command}: {told}"
    assert "UserWarning" not in told, f"{command}: {told}"


@pytest.mark.parametrize("photometric", ["YBR_FULL", "YBR_FULL_422", "RGB"])
@pytest.mark.parametrize("target", ["explicit", "rle", "jpeg-ls-lossless"])
def test_one_sample_is_grey_whatever_its_label_says(
    run: Run, tmp_path: Path, photometric: str, target: str
) -> None:
    (tmp_path / "in.dcm").write_bytes(_one_sample(photometric))
    done = run("convert", "in.dcm", "out.dcm", "--to", target, cwd=tmp_path)
    assert done.returncode == 0
    assert b"read as MONOCHROME2" in done.stderr
    written = dcmread(tmp_path / "out.dcm")
    assert written.PhotometricInterpretation == "MONOCHROME2"
    assert written.pixel_array.shape == (8, 8)


def test_a_reference_repeats_an_odd_uid_byte_for_byte(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in.dcm").write_bytes(ODD["uid-latin-1"])
    done = run("convert", "in.dcm", "out.dcm", "--to", "jpeg2000", "--psnr", "40", cwd=tmp_path)
    assert done.returncode == 0
    assert b"1.2.\xe93" in (tmp_path / "out.dcm").read_bytes()


def test_names_in_a_media_folder_that_only_look_like_numbers_are_passed_over(
    tmp_path: Path,
) -> None:
    (tmp_path / "IMAGES").mkdir()
    for name in ("IM²", "IM٣", "IM" + "9" * 200, "IM7"):
        (tmp_path / "IMAGES" / name).touch()
    assert first_free(str(tmp_path)) == 8


@pytest.mark.long
def test_a_tree_of_1100_folders_in_each_other_is_converted(run: Run, tmp_path: Path) -> None:
    _make_deep(tmp_path)
    try:
        for command in ("batch in out --to rle", "export archive in out.zip"):
            done = run(*command.split(), cwd=tmp_path)
            assert done.returncode == 0, done.stderr[-500:]
            assert b"1 done" in done.stdout + done.stderr
        assert run("batch", "in", "--in-place", "--to", "big-endian", cwd=tmp_path).returncode == 0
    finally:  # shutil.rmtree recurses before Python 3.12
        subprocess.run(["rm", "-rf", "in", "out"], cwd=tmp_path, check=True)


def _make_deep(folder: Path) -> None:
    place = os.open(folder, os.O_RDONLY)
    for name in ("in", *["d"] * 1100):
        os.mkdir(name, dir_fd=place)
        below = os.open(name, os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = below
    file = os.open("deep.dcm", os.O_CREAT | os.O_WRONLY, dir_fd=place)
    os.write(file, GOOD)
    os.close(file)
    os.close(place)
