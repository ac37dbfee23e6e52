"""`--high-bits` in each place that says what is done with bits above Bits Stored."""

from pathlib import Path

import numpy as np
import pytest

from dicomtx.cli import main
from tests.dicom.builder import image, native, part10

PIXEL = image(8, 8, allocated=16, stored=12)
WORDS = np.arange(64, dtype="<u2") | 0xA000
RULE = '[[policy.p.rule]]\nto = "jpeg2000-lossless"\n'


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "in.dcm"
    path.write_bytes(part10("explicit", native(PIXEL, WORDS.tobytes())))
    return path


def converted(*options: str) -> bytes:
    """Returns native Pixel Data of what these options give, cleared or not."""
    assert main([*options]) == 0
    found = Path("out.dcm")
    if found.is_dir():
        found = found / "in.dcm"
    back = ("--to", "explicit", "--overwrite", "--high-bits", "keep")
    assert main(["convert", str(found), "back.dcm", *back]) == 0
    return Path("back.dcm").read_bytes()[-128:]


CONVERT = ("convert", "in.dcm", "out.dcm", "--to", "jpeg2000-lossless")
BATCH = ("batch", "in.dcm", "out.dcm", "--to", "jpeg2000-lossless")


@pytest.mark.parametrize("command", [CONVERT, BATCH])
def test_they_are_kept_by_default_and_cleared_on_request(
    source: Path, command: tuple[str, ...]
) -> None:
    assert converted(*command) == WORDS.tobytes()
    cleared = converted(*command, "--high-bits", "mask", "--overwrite")
    assert cleared == (WORDS & 0xFFF).tobytes()


def test_a_variable_says_so_too(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DICOMTX_HIGH_BITS", "mask")
    assert converted(*CONVERT) == (WORDS & 0xFFF).tobytes()
    assert converted(*CONVERT, "--high-bits", "keep", "--overwrite") == WORDS.tobytes()


def test_a_rule_of_a_policy_says_so_for_its_files(source: Path) -> None:
    Path("p.toml").write_text(RULE + 'high_bits = "mask"\n')
    options = ("convert", "in.dcm", "out.dcm", "--policy", "p", "--config", "p.toml")
    assert converted(*options) == (WORDS & 0xFFF).tobytes()
    Path("p.toml").write_text(RULE + 'high_bits = "drop"\n')
    assert main(["policy", "check", "p.toml"]) == 9


def test_strict_refuses_with_exit_code_4(source: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main([*CONVERT, "--strict"]) == 4
    assert "64 of 64 words have bits above Bits Stored" in capfd.readouterr().err
    assert not Path("out.dcm").exists()
