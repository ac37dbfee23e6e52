"""Each way to end has its exit code, and one line that says why."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

import click
import pytest

from dicomtx.cli import COMMANDS, main
from dicomtx.codecs.imagecodecs import lossless
from dicomtx.errors import CodecError, DicomtxError, ExitCode
from dicomtx.image_pixel import Frame
from dicomtx.workflows.convert.request import Outcome
from tests import file_trees
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


@pytest.fixture(scope="module")
def printing(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Every way to print something; ``-`` is a file that is written to standard output."""
    folder = tmp_path_factory.mktemp("printing")
    ct, policy = str(folder / "ct.dcm"), str(folder / "p.toml")
    (folder / "ct.dcm").write_bytes(file_trees.small(1))
    (folder / "p.toml").write_text('[[policy.a.rule]]\nto = "rle-lossless"\n')
    commands = {name: [name, "--help"] for name in COMMANDS}
    return commands | {
        "help": ["--help"],
        "version": ["--version"],
        "nothing": [],
        "codecs": ["codecs"],
        "codecs --json": ["codecs", "--json"],
        "info": ["info", ct],
        "info --json": ["info", ct, "--json"],
        "compare": ["compare", ct, ct],
        "compare --json": ["compare", ct, ct, "--json"],
        "plan": ["plan", ct, "--to", "rle"],
        "plan --json": ["plan", ct, "--to", "rle", "--json"],
        "policy check": ["policy", "check", policy],
        "policy explain": ["policy", "explain", policy, "--file", ct],
        "convert -": ["convert", ct, "-"],
        "convert --json": ["convert", ct, str(folder / "out.dcm"), "--overwrite", "--json"],
        "batch --json": ["batch", ct, str(folder / "out"), "--json"],
        "export archive -": ["export", "archive", ct, "-"],
    }


def clean(**more: str) -> dict[str, str]:
    """An environment without what may change how Python writes."""
    return {"PATH": os.environ["PATH"], "DICOMTX_CONFIG": "/dev/null", **more}


WAYS = ["full", "closed", "read-only", "pipe"]


def unwritable(
    way: str, command: list[str], env: dict[str, str]
) -> "subprocess.CompletedProcess[bytes]":
    """Runs a command whose standard output cannot be written."""
    if way == "pipe":
        reader, writer = os.pipe()
        os.close(reader)
    else:
        flags = os.O_RDONLY if way == "read-only" else os.O_WRONLY
        writer = os.open("/dev/full", flags)
    shell = ["sh", "-c", 'exec "$@" >&-', "sh", *command] if way == "closed" else command
    try:
        return subprocess.run(shell, stdout=writer, stderr=subprocess.PIPE, env=env, check=False)
    finally:
        os.close(writer)


@pytest.mark.parametrize("env", [{}, {"PYTHONUNBUFFERED": "1"}], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize("way", WAYS)
def test_standard_output_that_cannot_be_written_is_7_without_a_traceback(
    way: str, env: dict[str, str], printing: dict[str, list[str]]
) -> None:
    wrong = {}
    few = ("help", "info", "convert -")
    chosen = printing if way == "full" and not env else {n: printing[n] for n in few}
    for name, command in chosen.items():
        done = unwritable(way, [*DICOMTX, *command], clean(**env))
        silent = way == "pipe" and name != "convert -"
        last = done.stderr.rpartition(b"dicomtx: ")[2]
        right = not last if silent else b"standard output" in last and last.count(b"\n") == 1
        if done.returncode != ExitCode.DESTINATION or b"Trace" in done.stderr or not right:
            wrong[name] = (done.returncode, done.stderr)
    assert not wrong


@pytest.mark.parametrize("way", WAYS)
def test_completion_that_cannot_be_written_is_7_too(way: str) -> None:
    for shell in ("bash", "fish", "zsh"):
        for what in ("source", "complete"):
            words = {"COMP_WORDS": "dicomtx con", "COMP_CWORD": "1"}
            env = clean(_DICOMTX_COMPLETE=f"{shell}_{what}", **words)
            done = unwritable(way, DICOMTX, env)
            assert done.returncode == ExitCode.DESTINATION
            assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("closed", ["<&-", "2>&-", "2>/dev/full", "<&- 2>&-"])
def test_other_standard_streams_that_are_closed_are_no_bug(closed: str) -> None:
    command = f'"$0" -m dicomtx codecs {closed}'
    done = subprocess.run(["sh", "-c", command, sys.executable], capture_output=True, check=False)
    assert done.returncode == ExitCode.DONE
    assert done.stdout
    assert done.stderr == b""


def test_an_error_that_nobody_can_be_told_has_its_code(tmp_path: Path) -> None:
    command = f'"$0" -m dicomtx convert {tmp_path}/nothing {tmp_path}/out 2>/dev/full'
    done = subprocess.run(["sh", "-c", command, sys.executable], env=clean(), check=False)
    assert done.returncode == ExitCode.SOURCE
