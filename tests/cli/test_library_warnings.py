"""What libraries warn of never reaches standard error as they word it."""

import random
from pathlib import Path

import pytest

from dicomtx.errors import ExitCode
from tests.conftest import Run
from tests.converter import Converter
from tests.dicom.builder import SOP_INSTANCE, element, image, module, part10, text
from tests.sampling import sampled
from tests.traps.altered_files import fragments

CHARACTER_SETS = {
    "unknown": "ISO_IR 999",
    "no extension": "GB18030\\ISO_IR 100",
    "not alone": "ISO_IR 192\\ISO 2022 IR 87",
    "python": "latin1",
    "escaped": "\\ISO 2022 IR 999",
}
OURS = ("dicomtx: ", "Usage: ")


def odd(character_set: str, number: int) -> bytes:
    """Returns a file with values that pydicom warns of, one for nearly every VR of text."""
    uid = f"{SOP_INSTANCE}.{number}"
    pixel = image(16, 16)
    values = [
        text(0x00080005, "CS", character_set),
        text(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.7"),
        text(0x00080018, "UI", uid),
        text(0x00080020, "DA", "notadate"),
        text(0x00080030, "TM", "99:99"),
        text(0x00080060, "CS", "ot, lower case and longer"),
        element(0x00081010, "SH", b"\xe4\xf6\xfc a name longer than sixteen characters"),
        element(0x00100010, "PN", b"\xc4^B=\x1b$B0!=^^^^^^^ "),
        text(0x00100020, "LO", "id"),
        text(0x00100030, "DA", "18xx0101"),
        text(0x00101010, "AS", "12YY"),
        text(0x00101030, "DS", "heavy"),
        text(0x0020000D, "UI", "1.2.03.x"),
        text(0x0020000E, "UI", "1.2.3.3"),
        text(0x00200011, "IS", "two"),
        text(0x00200013, "IS", "1.5"),
        text(0x00200032, "DS", "1\\x\\3.00000000000000000000000000001"),
        module(pixel, frames="+1"),
        text(0x00281050, "DS", "abc"),
        text(0x00281051, "DS", "1e999"),
        text(0x00281053, "DS", "nan"),
        element(0x7FE00010, "OB", bytes(range(256))),
    ]
    return part10("explicit", b"".join(values), text(0x00020003, "UI", uid))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "in"
    made.mkdir()
    for number, (name, character_set) in enumerate(CHARACTER_SETS.items()):
        (made / f"{name}.dcm").write_bytes(odd(character_set, number))
    return made


def check_ours(error: bytes) -> None:
    lines = error.decode().splitlines()
    assert not [line for line in lines if not line.startswith(OURS)]
    assert b"Warning" not in error


@pytest.mark.parametrize(
    "arguments",
    [
        ("batch", "in", "out", "--to", "rle"),
        ("batch", "in", "out", "--to", "jpeg2000", "--lossy", "--report", "r.html"),
        ("batch", "in", "out", "--layout", "{PatientName}/{StudyDate}/{SOPInstanceUID}"),
        ("export", "archive", "in", "out.zip"),
        ("export", "media", "in", "out"),
        ("plan", "in", "--to", "htj2k-lossless"),
    ],
    ids=" ".join,
)
def test_values_that_pydicom_warns_of(run: Run, folder: Path, arguments: tuple[str, ...]) -> None:
    done = run(*arguments, cwd=folder.parent)
    check_ours(done.stderr)
    assert done.returncode in (ExitCode.DONE, ExitCode.SOME_FAILED), done.stderr


@pytest.mark.parametrize("name", sampled(CHARACTER_SETS, 3))
def test_one_file_that_pydicom_warns_of(run: Run, folder: Path, name: str) -> None:
    source, out = folder / f"{name}.dcm", folder.parent / "out.dcm"
    done = run("convert", source, out, "--to", "jpeg-ls-lossless")
    check_ours(done.stderr)
    assert done.returncode == ExitCode.DONE
    for more in (("info",), ("info", "--json")):
        done = run(*more, source)
        check_ours(done.stderr)
        assert done.returncode == ExitCode.DONE
    done = run("compare", source, out, "--report", folder.parent / "page.html")
    check_ours(done.stderr)
    assert done.returncode == ExitCode.DONE


@pytest.mark.parametrize(
    "syntax",
    sampled(
        ["jpeg-baseline", "jpeg-lossless-sv1", "jpeg-ls-lossless", "htj2k-lossless", "jpeg-xl"], 3
    ),
)
def test_streams_that_codecs_complain_about(run: Run, tmp_path: Path, syntax: str) -> None:
    """Libraries in C print on their own; one bit in each of eight streams is wrong."""
    converter = Converter(tmp_path)
    folder = tmp_path / "in"
    folder.mkdir()
    stream = fragments(converter.done(odd("ISO_IR 100", 0), syntax, min_psnr=0.0))[0]
    whole, chance = converter.out.read_bytes(), random.Random(syntax)
    at = whole.rindex(stream)
    for number in range(8):
        damaged = bytearray(whole)
        damaged[at + chance.randrange(len(stream) // 2, len(stream) - 4)] ^= 1 << number
        (folder / f"{number}.dcm").write_bytes(damaged)
    done = run("batch", folder, tmp_path / "out", "--to", "explicit")
    check_ours(done.stderr)
    assert done.returncode in (ExitCode.DONE, ExitCode.SOME_FAILED)
