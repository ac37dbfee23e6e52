"""What `dicomtx convert` asks for, and what it tells of the outcome."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from dicomtx.cli import main
from dicomtx.codecs.codec import Attempt
from dicomtx.errors import ExitCode
from dicomtx.settings import Settings
from dicomtx.storage.local_file import LocalFile
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.convert.request import Outcome, Request
from tests import corpus
from tests.cli.conftest import Pretend

DONE = Outcome(
    path="in.dcm",
    destination="out.dcm",
    status="done",
    action="encode",
    source_syntax=find("explicit").uid,
    target_syntax=find("jpeg2000-lossless").uid,
    encoder="imagecodecs",
    bytes_in=512_300,
    bytes_out=180_100,
    seconds=0.1234,
    verification="same-code-base",
)
LINE = (
    "in.dcm -> out.dcm: explicit-vr-little-endian -> jpeg2000-lossless, "
    "512.3 kB -> 180.1 kB (2.84:1), imagecodecs, verified (same code base), 0.12 s\n"
)
KEPT = Outcome(
    path="in.dcm", destination="out.dcm", status="kept", action="keep", warnings=("no pixel data",)
)
FAILED = Outcome(
    path="in.dcm", destination="out.dcm", status="failed", error="broken: see to it", exit_code=3
)
WARNED = DONE._replace(warnings=("odd",))
CONVERT = ["convert", "in.dcm", "out.dcm"]


@pytest.mark.parametrize(
    ("outcome", "options", "out", "err"),
    [
        (DONE, [], LINE, ""),
        (DONE, ["-q"], "", ""),
        (KEPT, [], "in.dcm -> out.dcm: kept unchanged: no pixel data\n", ""),
        (KEPT, ["-q"], "", ""),
        (
            KEPT._replace(warnings=("no pixel data", "odd")),
            [],
            "in.dcm -> out.dcm: kept unchanged: no pixel data\n",
            "dicomtx: in.dcm: warning: odd\n",
        ),
        (FAILED, [], "", "dicomtx: in.dcm: broken: see to it\n"),
        (FAILED, ["-q"], "", "dicomtx: in.dcm: broken: see to it\n"),
        (WARNED, [], LINE, "dicomtx: in.dcm: warning: odd\n"),
        (WARNED, ["-q"], "", ""),
        (WARNED._replace(destination="-"), [], "", "dicomtx: in.dcm: warning: odd\n"),
    ],
)
def test_each_outcome_is_told_in_a_line(
    capfd: pytest.CaptureFixture[str],
    pretend: Pretend,
    outcome: Outcome,
    options: list[str],
    out: str,
    err: str,
) -> None:
    pretend(outcome)
    assert main([*CONVERT, *options]) == outcome.exit_code
    assert capfd.readouterr() == (out, err)


def test_facts_that_do_not_exist_are_left_out(
    capfd: pytest.CaptureFixture[str], pretend: Pretend
) -> None:
    native = DONE._replace(encoder="", bytes_out=0, target_syntax="1.2.3", verification="none")
    pretend(native)
    main(CONVERT)
    assert "-> 1.2.3, 512.3 kB -> 0 B, not verified, 0.12 s\n" in capfd.readouterr().out


def test_a_decoder_and_another_encoder_are_both_named(
    capfd: pytest.CaptureFixture[str], pretend: Pretend
) -> None:
    pretend(DONE._replace(decoder="gdcm"))
    main(CONVERT)
    assert ", gdcm -> imagecodecs, " in capfd.readouterr().out


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (999_950_000, "1.0 GB"),
    ],
)
def test_sizes_are_told_in_the_unit_that_fits(
    capfd: pytest.CaptureFixture[str], pretend: Pretend, count: int, text: str
) -> None:
    pretend(DONE._replace(bytes_in=count))
    main(CONVERT)
    assert f", {text} -> " in capfd.readouterr().out


def test_verbose_tells_how_and_what_was_tried(
    capfd: pytest.CaptureFixture[str], pretend: Pretend
) -> None:
    attempts = (Attempt("gdcm", "decode", "crashed (SIGABRT)"),)
    pretend(DONE._replace(decoder="openjpeg", attempts=attempts, messages=("gdcm: no SOI",)))
    main([*CONVERT, "-v"])
    how = "encode, decoded by openjpeg, encoded by imagecodecs, verified (same code base)"
    assert capfd.readouterr().err.splitlines() == [
        "dicomtx: in.dcm: gdcm could not decode: crashed (SIGABRT)",
        f"dicomtx: in.dcm: {how}",
        "dicomtx: in.dcm: printed by gdcm: no SOI",
    ]


def test_json_is_one_line_on_standard_output_and_errors_stay_where_they_are(
    capfd: pytest.CaptureFixture[str], pretend: Pretend
) -> None:
    pretend(FAILED)
    assert main([*CONVERT, "--json"]) == ExitCode.SOURCE
    out, err = capfd.readouterr()
    assert out.count("\n") == 1
    assert json.loads(out) == FAILED.as_json() | {
        "warnings": [],
        "attempts": [],
        "messages": [],
    }
    assert err == "dicomtx: in.dcm: broken: see to it\n"


def test_json_of_a_file_on_standard_output_is_alone_on_standard_error(
    capfd: pytest.CaptureFixture[str], pretend: Pretend
) -> None:
    pretend(FAILED._replace(destination="-"))
    main(["convert", "in.dcm", "-", "--json", "-v"])
    out, err = capfd.readouterr()
    assert out == ""
    assert json.loads(err)["error"] == "broken: see to it"


def test_control_characters_of_a_name_reach_no_terminal(
    capfd: pytest.CaptureFixture[str], pretend: Pretend
) -> None:
    pretend(WARNED._replace(path="\x1b[31m\n\udcff", warnings=("a\rb",)))
    main(CONVERT)
    out, err = capfd.readouterr()
    assert out.startswith("\\x1b[31m\\n\\udcff -> ")
    assert err == "dicomtx: \\x1b[31m\\n\\udcff: warning: a\\rb\n"


@pytest.mark.parametrize(
    ("options", "request_"),
    [
        ([], {}),
        (["--to", "rle"], {"target": find("rle-lossless")}),
        (["--to", "JPEGXLLossless"], {"target": find("jpeg-xl-lossless")}),
        (["--to", "1.2.840.10008.1.2.4.80"], {"target": find("jpeg-ls-lossless")}),
        (["--overwrite"], {"overwrite": True}),
        (["--no-verify"], {"settings": Settings(verify="none")}),
        (["--verify", "all"], {"settings": Settings(verify="all")}),
        (["--verify", "independent"], {"settings": Settings(verify="independent")}),
        (["--verify", "sample=5%"], {"settings": Settings(verify="sample=5%")}),
        (["--verify", "none"], {"settings": Settings(verify="none")}),
        (["--strict"], {"settings": Settings(strict=True)}),
        (["--order", "plugins-only"], {"settings": Settings(order="plugins-only")}),
        (["--codec", "b", "--codec", "a"], {"settings": Settings(codecs=("b", "a"))}),
    ],
)
def test_options_become_the_request(
    pretend: Pretend, options: list[str], request_: dict[str, Any]
) -> None:
    asked = pretend(DONE)
    assert main([*CONVERT, *options]) == ExitCode.DONE
    assert asked == [Request(LocalFile("in.dcm"), "out.dcm", **request_)]


def test_variables_and_a_named_file_are_settings_too(
    pretend: Pretend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "mine.toml"
    config.write_text("verify = false\nstrict = true\n")
    monkeypatch.setenv("DICOMTX_ORDER", "plugins-first")
    monkeypatch.setenv("DICOMTX_CODEC", "gdcm")
    asked = pretend(DONE)
    main([*CONVERT, "--config", str(config), "--no-strict"])
    assert asked[0].settings == Settings("plugins-first", ("gdcm",), verify="none")


def test_in_place_needs_no_destination(pretend: Pretend) -> None:
    asked = pretend(DONE)
    main(["convert", "in.dcm", "--in-place"])
    assert asked == [Request(LocalFile("in.dcm"), "in.dcm", in_place=True)]


def test_what_libraries_print_is_told_by_verbose_only(
    capfd: pytest.CaptureFixture[str], pretend: Pretend
) -> None:
    def loud() -> Outcome:
        os.write(2, b"[ERROR] tile 1\n")  # as a native library does: past Python
        return DONE

    for options, told in ((["-v"], True), ([], False)):
        pretend(loud)
        main([*CONVERT, *options])
        assert ("printed by a library: [ERROR] tile 1" in capfd.readouterr().err) == told


def test_two_goals_of_quality_are_a_usage_error(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    ct = str(corpus.file("CT_small.dcm"))
    out = tmp_path / "out.dcm"
    arguments = ["convert", ct, str(out), "--to", "jpeg2000", "--psnr", "45", "--near", "2"]
    assert main(arguments) == ExitCode.USAGE
    assert "--near and --psnr contradict each other" in capfd.readouterr().err
    assert not out.exists()


def test_what_was_lost_is_told(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    ct = str(corpus.file("CT_small.dcm"))
    out = str(tmp_path / "out.dcm")
    assert not main(["convert", ct, out, "--to", "jpeg-ls-near-lossless", "--near", "2", "-v"])
    told = capfd.readouterr()
    assert "largest error 2), verified (same code base)" in told.out
    assert "peak 2063" in told.err
    assert "new SOP Instance UID 2.25." in told.err


@pytest.mark.parametrize("goal", ["--quality", "--near", "--psnr"])
def test_a_goal_that_says_nothing_to_the_target_is_a_usage_error(
    goal: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = str(corpus.file("CT_small.dcm"))
    arguments = ["convert", source, str(tmp_path / "out.dcm"), "--to", "rle", goal, "5"]
    assert main(arguments) == 2
    assert f"{goal} needs a lossy target, but rle-lossless is lossless" in capfd.readouterr().err
