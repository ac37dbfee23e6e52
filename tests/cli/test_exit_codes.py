"""Each way to end has its exit code, and one line that says why."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

import click
import pytest

from dicomtx.cli import main
from dicomtx.codecs.imagecodecs import lossless
from dicomtx.errors import CodecError, DicomtxError, ExitCode
from dicomtx.image_pixel import Frame
from dicomtx.workflows.convert.request import Outcome
from tests.cli.conftest import Pretend

CONVERT = ["convert", "in.dcm", "out.dcm"]
DICOMTX = [sys.executable, "-m", "dicomtx"]
# a conversion that takes its time, and tells when it has begun and that it cleaned up
WAITING = """
import sys, time, types
from dicomtx.__main__ import main
def convert(request, progress):
    try:
        print("begun", flush=True)
        time.sleep(60)
    finally:
        print("cleaned up", flush=True)
sys.modules["dicomtx.workflows.convert.convert"] = types.SimpleNamespace(convert=convert)
sys.exit(main(["convert", "a", "b"]))
"""


@pytest.mark.parametrize("code", [0, 3, 4, 5, 6, 7])
def test_a_conversion_ends_with_the_exit_code_of_its_outcome(pretend: Pretend, code: int) -> None:
    pretend(
        Outcome(path="in.dcm", destination="out.dcm", status="failed", error="x", exit_code=code)
    )
    assert main(CONVERT) == code


def test_each_real_end_has_its_code_and_leaves_no_output_but_when_done(
    capfd: pytest.CaptureFixture[str], ct: Path, tmp_path: Path
) -> None:
    def convert(source: Path, *options: str) -> ExitCode:
        return ExitCode(main(["convert", str(source), str(tmp_path / "out.dcm"), *options]))

    empty = tmp_path / "empty.dcm"
    empty.touch()
    assert convert(tmp_path / "nothing.dcm") == ExitCode.SOURCE
    assert convert(empty) == ExitCode.SOURCE
    assert convert(tmp_path) == ExitCode.SOURCE
    assert convert(ct, "--to", "jpeg-baseline", "--lossy") == ExitCode.UNSUPPORTED
    assert convert(ct, "--to", "jpeg-ls-lossless", "--codec", "openjpeg") == ExitCode.UNSUPPORTED
    assert convert(ct, "--codec", "nobody") == ExitCode.USAGE
    assert capfd.readouterr().err.count("\n") == 6
    assert list(tmp_path.iterdir()) == [empty]
    assert convert(ct) == ExitCode.DONE
    assert convert(ct) == ExitCode.DESTINATION
    assert convert(tmp_path / "out.dcm") == ExitCode.USAGE
    assert convert(tmp_path / "out.dcm", "--in-place") == ExitCode.DONE


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (CodecError("no"), ExitCode.CODEC),
        (ZeroDivisionError("oops"), ExitCode.BUG),
        (None, ExitCode.VERIFICATION),
    ],
)
def test_a_codec_that_fails_has_its_code_and_leaves_no_output(
    ct: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: Exception | None,
    code: ExitCode,
) -> None:
    def encode(frame: Frame, *rest: Any) -> bytes:
        if fault:
            raise fault
        first, *others = bytes(frame.data)
        return right(frame._replace(data=bytes([first ^ 1, *others])), *rest)

    right = lossless.encode
    monkeypatch.setattr(lossless, "encode", encode)
    options = ["--to", "jpeg2000-lossless", "--codec", "imagecodecs"]
    assert main(["convert", str(ct), str(tmp_path / "out.dcm"), *options]) == code
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "kind", [kind for kind in DicomtxError.__subclasses__() if kind.__module__ == "dicomtx.errors"]
)
def test_an_error_ends_with_its_own_exit_code_and_one_line(
    capfd: pytest.CaptureFixture[str], pretend: Pretend, kind: type[DicomtxError]
) -> None:
    def fail() -> NoReturn:
        raise kind("in.dcm: no")

    pretend(fail)
    assert main(CONVERT) == kind.exit_code
    assert capfd.readouterr() == ("", "dicomtx: in.dcm: no\n")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["conver"], "unknown command 'conver': did you mean 'convert'?"),
        (["--nonsense"], "--nonsense"),
        (["convert"], "Missing argument 'SRC' (see 'dicomtx convert --help')"),
        (["convert", "a"], "DST is missing: add it, or overwrite SRC with --in-place"),
        (["convert", "-", "--in-place"], "DST is missing"),
        (["convert", "a", "b", "-v", "-q"], "-v and -q contradict each other"),
        (["convert", "a", "b", "--to", "jpeg20"], "'jpeg20': did you mean jpeg2000-lossless?"),
        (["convert", "a", "b", "--to", "?"], "use one of implicit-vr-little-endian"),
        (["convert", "a", "b", "--order", "mine"], "builtin-first"),
        (["info"], "Missing argument 'FILE...'"),
        (["codecs", "--codec", "nobody"], "unknown codec 'nobody': use one of imagecodecs"),
    ],
)
def test_a_command_line_that_makes_no_sense_is_2(
    capfd: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    assert main(arguments) == ExitCode.USAGE
    out, err = capfd.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("dicomtx: ")
    assert told in err


def test_wrong_settings_are_9(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    config = tmp_path / "mine.toml"
    config.write_text("verfy = false")
    assert main([*CONVERT, "--config", str(config)]) == ExitCode.SETTINGS
    assert capfd.readouterr().err == (
        f"dicomtx: {config}: verfy: unknown key: did you mean verify?\n"
    )


@pytest.mark.parametrize("bug", [ZeroDivisionError, EOFError, BrokenPipeError, click.Abort])
def test_a_bug_is_70_with_its_traceback(
    capfd: pytest.CaptureFixture[str], pretend: Pretend, bug: type[Exception]
) -> None:
    def fail() -> NoReturn:
        raise bug

    pretend(fail)
    assert main(CONVERT) == ExitCode.BUG
    err = capfd.readouterr().err
    assert err.startswith("Traceback")
    assert bug.__name__ in err
    assert err.endswith("dicomtx: this is a bug in dicomtx: please report the lines above\n")


@pytest.mark.parametrize(
    ("number", "code", "told"),
    [
        (signal.SIGINT, ExitCode.INTERRUPTED, b"dicomtx: interrupted\n"),
        (signal.SIGTERM, ExitCode.TERMINATED, b""),
    ],
)
def test_a_signal_ends_in_order(number: signal.Signals, code: ExitCode, told: bytes) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WAITING], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"begun\n"
        process.send_signal(number)
        assert process.communicate(timeout=30) == (b"cleaned up\n", told)
    assert process.returncode == code


@pytest.mark.parametrize("closed", ["<&-", "2>&-", "2>/dev/full", "<&- 2>&-"])
def test_other_standard_streams_that_are_closed_are_no_bug(closed: str) -> None:
    command = f'"$0" -m dicomtx codecs {closed}'
    done = subprocess.run(["sh", "-c", command, sys.executable], capture_output=True, check=False)
    assert done.returncode == ExitCode.DONE
    assert done.stdout
    assert done.stderr == b""


def test_an_error_that_nobody_can_be_told_has_its_code(tmp_path: Path) -> None:
    command = f'"$0" -m dicomtx convert {tmp_path}/nothing {tmp_path}/out 2>/dev/full'
    done = subprocess.run(
        ["sh", "-c", command, sys.executable],
        env={"PATH": os.environ["PATH"], "DICOMTX_CONFIG": "/dev/null"},
        check=False,
    )
    assert done.returncode == ExitCode.SOURCE
