"""``--only-if-smaller``: the source is kept unless the result saves enough."""

import json
from pathlib import Path
from typing import Any

import pytest

from dicomtx import plan, transcode
from dicomtx.cli import main
from dicomtx.errors import ExitCode, SettingsError
from dicomtx.settings.values import gain_of
from tests.converter import Converter, grey
from tests.dicom.builder import image, native, part10

FLAT = image(64, 64, allocated=16)
COLOUR = image(40, 40, samples=3, photometric="RGB")
KINDS = [("rle", FLAT), ("jpeg2000-lossless", COLOUR), ("jpeg-ls-lossless", FLAT)]


def flat(pixel: Any) -> bytes:
    return part10("explicit", native(pixel, bytes(pixel.frame_bytes)))


def gain(converter: Converter, data: bytes, to: str) -> float:
    """Returns by how many percent a result is smaller."""
    return 100 * (1 - converter.convert(data, to).bytes_out / len(data))


@pytest.mark.parametrize(("to", "pixel"), KINDS)
def test_a_result_that_saves_too_little_gives_way_to_the_source(
    converter: Converter, to: str, pixel: Any
) -> None:
    data = flat(pixel)
    saved = gain(converter, data, to)
    assert 0 < saved < 99
    assert converter.convert(data, to, only_if_smaller=True).status == "done"
    assert converter.convert(data, to, only_if_smaller=saved - 0.01).status == "done"
    outcome = converter.convert(data, to, only_if_smaller=saved + 0.01)
    assert (outcome.status, outcome.action, outcome.verification) == ("kept", "keep", "bytes-only")
    assert f"only {saved:.2f} % smaller" in outcome.warnings[0]
    assert converter.out.read_bytes() == data


def test_a_result_that_is_not_smaller_at_all_is_told_without_a_percentage(
    converter: Converter,
) -> None:
    for wanted in (True, 0.5, 99.0):
        outcome = converter.convert(grey(), "rle", only_if_smaller=wanted)
        assert outcome.status == "kept"
        assert "as rle-lossless it would not be smaller" in outcome.warnings[0]
        assert converter.out.read_bytes() == grey()
    assert converter.convert(grey(), "rle", only_if_smaller=False).status == "done"


@pytest.mark.parametrize(
    ("text", "value"),
    [("any", True), ("yes", True), ("off", False), ("no", False), ("10", 10.0), ("2.5%", 2.5)],
)
def test_the_value_is_a_percentage_or_a_word(text: str, value: object) -> None:
    assert gain_of("here", text) == value


@pytest.mark.parametrize("value", ["0", 0, 100, "-3", "nan", "much", 250.0])
def test_other_values_are_refused(value: object) -> None:
    with pytest.raises(SettingsError, match=r"here: .* use a percentage"):
        gain_of("here", value)


@pytest.mark.parametrize(
    ("command", "option", "kept"),
    [
        ("convert", "--only-if-smaller", False),
        ("convert", "--only-if-smaller=99", True),
        ("batch", "--only-if-smaller", False),
        ("batch", "--keep-smaller", False),
        ("batch", "--only-if-smaller=99", True),
        ("export", "--only-if-smaller=99", True),
    ],
)
def test_the_option_never_takes_the_next_argument(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], command: str, option: str, *, kept: bool
) -> None:
    source, out = tmp_path / "in.dcm", tmp_path / "out"
    source.write_bytes(flat(FLAT))
    if command == "convert":
        out.mkdir()
    words = ["export", "archive"] if command == "export" else [command]
    asked = [*words, "--to", "rle", option, str(source), str(out), "--json"]
    asked[-2] += ".zip" if command == "export" else ""
    dry = [*asked, "-n"]
    assert main(dry) == ExitCode.DONE
    by = " by 99 %" if kept else ""
    instead = f"copied unchanged if the result is not smaller{by}"
    assert instead in json.loads(capfd.readouterr().out)["otherwise"]
    assert main(asked) == ExitCode.DONE
    assert json.loads(capfd.readouterr().out)["status"] == ("kept" if kept else "done")


def test_python_takes_it_as_well(tmp_path: Path) -> None:
    source, out = tmp_path / "in.dcm", tmp_path / "out.dcm"
    source.write_bytes(flat(FLAT))
    assert transcode(source, out, to="rle", only_if_smaller=99).status == "kept"
    assert transcode(source, out, to="rle", only_if_smaller=True, overwrite=True).status == "done"
    (planned,) = [plan(source, to="rle", only_if_smaller=12.5)]
    assert planned.otherwise == ("copied unchanged if the result is not smaller by 12.5 %",)
