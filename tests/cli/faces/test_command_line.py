"""Command lines are read as the tool reads them."""

from pathlib import Path

import click
import pytest

from dicomtx.cli.faces.command_line import given
from dicomtx.cli.faces.gdcmconv import TOOL
from dicomtx.cli.faces.row import VALUE, Argument, Section, Tool, used

DCMTK = Tool(
    "tool",
    "Do it.",
    "1",
    (
        Section(
            "options",
            (
                used("+eb --baseline", "", codec="baseline"),
                used("+e1 --sv1", "", codec="sv1"),
                used("+q --quality", "", Argument("N", int, (0, 100)), quality=VALUE),
                used("+p --pad", "", Argument("F", int), Argument("I", int), pad=VALUE),
            ),
        ),
    ),
    "dcmtk",
    dict,
)


@pytest.mark.parametrize(
    ("line", "choices"),
    [
        ("-K -Y a b", {"codec": "jpeg2000", "lossy_codec": True}),
        ("-KY a b", {"codec": "jpeg2000", "lossy_codec": True}),
        ("a b --j2k", {"codec": "jpeg2000"}),
        ("a --j2 b", {"codec": "jpeg2000"}),
        ("-KYr10 a b", {"codec": "jpeg2000", "lossy_codec": True, "rates": (10.0,)}),
        ("-r 20,10.5 a b", {"rates": (20.0, 10.5)}),
        ("--rate=20 a b", {"rates": (20.0,)}),
        ("--rate 20 a b", {"rates": (20.0,)}),
        ("--quality 90 a b", {"qualities": (90.0,)}),
        ("-e2 a b", {"near": 2}),
        ("-J -K a b", {"codec": "jpeg2000"}),
        ("-- a b", {}),
    ],
)
def test_gdcmconv_reads_its_line_with_getopt(line: str, choices: dict[str, object]) -> None:
    read = given(TOOL, line.split())
    assert read.choices == choices
    assert read.files == ("a", "b")


def test_what_follows_two_hyphens_is_a_file() -> None:
    assert given(TOOL, ["-w", "--", "-a", "--b"]).files == ("-a", "--b")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("--jpe a b", "--jpe is ambiguous: --jpeg, --jpegls"),
        ("-j2k a b", "unknown option -j"),
        ("--zzz a b", "unknown option --zzz"),
        ("--raw=1 a b", "--raw takes no argument"),
        ("a b -r", "-r needs R[,R...]"),
        ("-r x a b", "-r: 'x' is not a number"),
        ("-e 2.5 a b", "-e: '2.5' is not a whole number from 0 to 255"),
        ("-e 256 a b", "-e: '256' is not a whole number from 0 to 255"),
        ("-KS9 a b", "-S is not supported: "),
        ("--spl 9 a b", "--split is not supported: "),
    ],
)
def test_gdcmconv_says_what_is_wrong(line: str, told: str) -> None:
    with pytest.raises(click.UsageError) as raised:
        given(TOOL, line.split())
    assert raised.value.message.startswith(told)


@pytest.mark.parametrize(
    ("line", "choices"),
    [
        ("+eb a b", {"codec": "baseline"}),
        ("a b --baseline", {"codec": "baseline"}),
        ("+eb +e1 a b", {"codec": "sv1"}),
        ("+q 50 a b", {"quality": 50}),
        ("+p 8 -4 a b", {"pad": (8, -4)}),
    ],
)
def test_dcmtk_takes_whole_words_only(line: str, choices: dict[str, object]) -> None:
    read = given(DCMTK, line.split())
    assert read.choices == choices
    assert read.files == ("a", "b")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("+q50 a b", "unknown option +q50"),
        ("--quality=50 a b", "unknown option --quality=50"),
        ("--qual 50 a b", "unknown option --qual"),
        ("-- a b", "unknown option --"),
        ("+q 101 a b", "+q: '101' is not a whole number from 0 to 100"),
        ("a b +p 8", "+p needs F I"),
        ("@/nowhere", "command file /nowhere: No such file or directory"),
    ],
)
def test_dcmtk_says_what_is_wrong(line: str, told: str) -> None:
    with pytest.raises(click.UsageError) as raised:
        given(DCMTK, line.split())
    assert raised.value.message == told


def test_a_single_hyphen_is_a_file_for_dcmtk() -> None:
    assert given(DCMTK, ["-", "-"]).files == ("-", "-")


def test_a_command_file_holds_arguments_and_words_in_quotation_marks(tmp_path: Path) -> None:
    (tmp_path / "line").write_text('+eb\n +q  50 # "two words" it\\s\n', encoding="utf-8")
    read = given(DCMTK, [f"@{tmp_path}/line", "b"])
    assert read.choices == {"codec": "baseline", "quality": 50}
    assert read.files == ("#", "two words", "it\\s", "b")


def test_a_command_file_with_an_open_quotation_mark_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "line").write_text('"a', encoding="utf-8")
    with pytest.raises(click.UsageError, match="a quotation mark is not closed"):
        given(DCMTK, [f"@{tmp_path}/line"])
