"""Faces, beside the tools whose arguments they take."""

import shutil
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

from dicomtx.cli import FACES, main
from dicomtx.cli.faces.command import face
from dicomtx.errors import ExitCode
from tests import oracle
from tests.cli.faces.beside import Case, compare, documented
from tests.cli.faces.cases import CASES
from tests.conftest import Run
from tests.corpus import file

Captured = pytest.CaptureFixture[str]
TABLES = {name: face(name).tool for name in FACES}
ROWS = [(name, row) for name, tool in TABLES.items() for s in tool.sections for row in s.rows]
REFUSED = [(name, row) for name, row in ROWS if row.meaning == "refused"]
UNCOMPARED = {"show", "input", "output"}
"""Choices without a result to compare: help, version and the names of files."""


def _lines(first: int, last: int | None) -> list[object]:
    return [
        pytest.param(name, case, marks=pytest.mark.peer(name), id=f"{name} {case.options}")
        for name, cases in CASES.items()
        for case in cases[first:last]
    ]


@pytest.fixture(scope="module")
def decoder() -> Iterator[oracle.Decoder]:
    made = oracle.Decoder()
    yield made
    made.close()


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.peer(name)) for name in FACES]
)
def test_the_table_has_all_options_of_the_tool(name: str) -> None:
    assert set(TABLES[name].rows) == documented(name)


def test_each_option_with_a_result_is_compared() -> None:
    for name, tool in TABLES.items():
        words = set(chain(*(_split(case.options) for case in CASES[name])))
        for row in {id(row): row for row in tool.rows.values()}.values():
            if row.meaning != "refused" and not UNCOMPARED & row.choices.keys():
                assert words & set(row.names), f"{name}: {row.shown} is in no case"


def _split(options: str) -> Iterator[str]:
    """Yields the options in a line, and the letters of those written together."""
    for word in options.split():
        yield word
        if word[0] == "-" and word[1] != "-":
            yield from (f"-{letter}" for letter in word[1:])


@pytest.mark.parametrize(("name", "case"), _lines(0, 1))
def test_the_result_is_that_of_the_tool(name: str, case: Case, tmp_path: Path) -> None:
    compare(name, case, tmp_path, lambda path: oracle._decode(str(path)))


@pytest.mark.long
@pytest.mark.parametrize(("name", "case"), _lines(1, None))
def test_each_option_has_the_result_of_the_tool(
    name: str, case: Case, tmp_path: Path, decoder: oracle.Decoder
) -> None:
    compare(name, case, tmp_path, decoder)


@pytest.mark.parametrize("name", FACES)
def test_an_option_that_is_not_supported_is_named(name: str, capfd: Captured) -> None:
    for row in (row for tool, row in REFUSED if tool == name):
        for spelling in row.names:
            line = [name, spelling, *("1" for _ in row.arguments), "in.dcm", "out.dcm"]
            assert main(line) == ExitCode.USAGE
            told = capfd.readouterr().err
            assert told.startswith(f"dicomtx: {spelling} is not supported: {row.text}")
            assert f"(see 'dicomtx {name} --help')" in told


def test_each_difference_in_a_comparison_is_in_the_table() -> None:
    for name, tool in TABLES.items():
        table = " ".join((*tool.differs, *(row.differs for row in tool.rows.values())))
        for case in CASES[name]:
            assert bool(case.differs) == bool(case.unlike)
            assert case.differs in table, f"{name} {case.options}"


def test_every_row_says_something_in_one_sentence() -> None:
    for name, row in ROWS:
        assert row.text, f"{name} {row.shown}"
        assert row.meaning == "used" or not row.choices
        assert row.text.endswith(".") == (row.meaning != "refused"), f"{name} {row.shown}"


@pytest.mark.parametrize("name", FACES)
def test_the_help_shows_the_table(name: str, capfd: Captured) -> None:
    assert main([name, "--help"]) == ExitCode.DONE
    shown = capfd.readouterr().out
    assert f"Usage: dicomtx {name} [OPTIONS] SRC DST" in shown
    assert all(spelling in shown for spelling in TABLES[name].rows)


@pytest.mark.parametrize("name", FACES)
def test_the_version_names_dicomtx(name: str, capfd: Captured) -> None:
    assert main([name, "--version"]) == ExitCode.DONE
    assert capfd.readouterr().out.startswith(f"{name}: dicomtx ")


@pytest.mark.parametrize("name", FACES)
def test_a_line_without_files_is_an_error(name: str, capfd: Captured) -> None:
    assert main([name]) == ExitCode.USAGE
    assert main([name, "in.dcm"]) == ExitCode.USAGE
    assert "needs a source and a destination, not 1 file" in capfd.readouterr().err


@pytest.mark.parametrize("name", FACES)
def test_an_existing_destination_is_overwritten_but_survives_a_failure(
    name: str, tmp_path: Path, ct: Path, capfd: Captured
) -> None:
    (tmp_path / "out.dcm").write_text("before")
    (tmp_path / "bad.dcm").write_text("not DICOM")
    assert main([name, f"{tmp_path}/bad.dcm", f"{tmp_path}/out.dcm"]) == ExitCode.SOURCE
    assert (tmp_path / "out.dcm").read_text() == "before"
    assert main([name, str(ct), f"{tmp_path}/out.dcm"]) == ExitCode.DONE
    assert b"DICM" in (tmp_path / "out.dcm").read_bytes()
    assert sorted(os.name for os in tmp_path.iterdir()) == ["bad.dcm", "out.dcm"]


@pytest.mark.parametrize("name", FACES)
def test_the_source_can_be_the_destination(name: str, tmp_path: Path, ct: Path) -> None:
    shutil.copy(ct, tmp_path / "a.dcm")
    assert main([name, f"{tmp_path}/a.dcm", f"{tmp_path}/a.dcm"]) == ExitCode.DONE
    assert [path.name for path in tmp_path.iterdir()] == ["a.dcm"]


@pytest.mark.parametrize("name", FACES)
def test_success_prints_nothing(name: str, tmp_path: Path, capfd: Captured) -> None:
    assert main([name, str(file("SC_rgb.dcm")), f"{tmp_path}/out.dcm"]) == ExitCode.DONE
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("gdcmconv -X -M", "-X and -M contradict each other"),
        ("gdcmconv -K -X", "-X and -K contradict each other"),
        ("gdcmconv -R -Y", "-R and -Y contradict each other"),
        ("gdcmconv -K -Y -r 9 -q 50", "-q and -r contradict each other"),
        ("gdcmconv -J -Y -q 90,80", "-q takes one number with -J"),
        ("gdcmconv -J -Y -q 101", "-q: 101 is not a number from 1 to 100"),
        ("gdcmconv -K -Y -q 0", "-q: 0 is not a number from 1 to 200"),
        ("gdcmconv -K -Y -r -2", "-r: -2 is not a number from 0 to 10000"),
        ("gdcmconv --planar-configuration 1", "--planar-configuration 1 is not supported"),
        ("gdcmconv -i a", "give both files as arguments, or both with -i and -o"),
        ("dcmcjpeg +q 90", "+q needs +eb or +ee"),
        ("dcmcjpeg +ua", "+ua is not supported with jpeg-lossless-sv1"),
        ("dcmcjpls +md 3", "+md needs +en"),
        ("dcmcjpls +ua", "+ua is not supported with jpeg-ls-lossless"),
        ("dcmconv -ll loud", "'loud' is not one of fatal, error, warn, info, debug, trace"),
    ],
)
def test_options_that_contradict_each_other_are_an_error(
    line: str, told: str, capfd: Captured
) -> None:
    assert main([*line.split(), "in.dcm", "out.dcm"]) == ExitCode.USAGE
    assert told in capfd.readouterr().err


@pytest.mark.parametrize(
    ("line", "source", "told"),
    [
        ("dcmconv -f", "CT_small.dcm", "it has file meta information"),
        ("dcmcrle -te", "MR_small_implicit.dcm", "the data set is implicit-vr-little-endian, not"),
        ("dcmcjpls -ti", "CT_small.dcm", "the data set is explicit-vr-little-endian, not"),
        ("dcmconv +ti +e", "UN_sequence.dcm", "it has sequences of undefined length"),
        ("dcmdjpeg +e", "JPEG-LL.dcm", "it has sequences of undefined length"),
        ("dcmdjpeg +px", "color-pl.dcm", "its samples are stored by plane"),
        ("gdcmconv -J -Y", "CT_small.dcm", "JPEG Extended holds 8 or 12 bits per sample, not 16"),
        ("dcmcjpeg +eb", "CT_small.dcm", "cannot convert to jpeg-baseline"),
        ("dcmcjpls +en", "SC_rgb_jpeg_dcmtk.dcm", "it is already lossy-compressed"),
    ],
)
def test_a_source_that_does_not_fit_is_refused(
    line: str, source: str, told: str, tmp_path: Path, capfd: Captured
) -> None:
    assert main([*line.split(), str(file(source)), f"{tmp_path}/out.dcm"]) == ExitCode.UNSUPPORTED
    assert f"{source}: " in (err := capfd.readouterr().err)
    assert told in err
    assert not list(tmp_path.iterdir())


def test_a_message_about_other_options_says_whose_they_are(
    tmp_path: Path, capfd: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = ["dcmcjpeg", "+ee", str(file("SC_rgb_jpeg_dcmtk.dcm")), f"{tmp_path}/out.dcm"]
    assert main(line) == ExitCode.UNSUPPORTED
    assert "such as DICOMTX_ALLOW_GENERATION_LOSS=1" in capfd.readouterr().err
    monkeypatch.setenv("DICOMTX_ALLOW_GENERATION_LOSS", "1")
    assert main(line) == ExitCode.DONE


def test_a_lossy_result_does_not_overwrite_its_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(shutil.copy(file("vlut_04.dcm"), tmp_path / "a.dcm"))
    before = path.read_bytes()
    assert main(["dcmcjpeg", "+eb", str(path), str(path)]) == ExitCode.UNSUPPORTED
    assert path.read_bytes() == before
    monkeypatch.setenv("DICOMTX_ALLOW_LOSSY_IN_PLACE", "1")
    assert main(["dcmcjpeg", "+eb", str(path), str(path)]) == ExitCode.DONE
    assert path.read_bytes() != before


def test_an_option_without_effect_on_this_line_is_a_warning(
    tmp_path: Path, capfd: Captured
) -> None:
    line = ["gdcmconv", "-K", "-q", "50", str(file("SC_rgb.dcm")), f"{tmp_path}/out.dcm"]
    assert main(line) == ExitCode.DONE
    assert capfd.readouterr().err == "dicomtx: warning: -q has no effect without -Y -J or -Y -K\n"


def test_a_hyphen_is_a_stream_for_dcmtk_and_a_file_for_gdcmconv(
    run: Run, tmp_path: Path, ct: Path
) -> None:
    piped = run("dcmconv", "-", "-", stdin=ct.read_bytes())
    assert (piped.returncode, piped.stdout) == (0, ct.read_bytes())
    shutil.copy(ct, tmp_path / "-")
    assert run("gdcmconv", "-M", "-", "out.dcm", cwd=tmp_path).returncode == 0
    assert run("gdcmconv", "out.dcm", "-", cwd=tmp_path).returncode == 0
    assert (tmp_path / "-").read_bytes() == (tmp_path / "out.dcm").read_bytes()
