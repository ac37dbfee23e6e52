"""Standard output that is full, closed, or slow: every command ends as it should."""

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dicomtx.cli import COMMANDS, FACES
from dicomtx.errors import ExitCode
from tests import file_trees, warm_server
from tests.sampling import sampled

DICOMTX = [sys.executable, "-m", "dicomtx"]
WAYS = ["full", "closed", "read-only", "pipe"]
FEW = ("help", "info", "convert -", "batch -n")
WITHOUT_TIMES = ("help", "completion bash", "convert -", "config show")
BINARY = ("convert -", "export archive -")
Commands = dict[str, list[str]]


@pytest.fixture(scope="module")
def printing(tmp_path_factory: pytest.TempPathFactory) -> Commands:
    """Every way to print something; ``-`` is a file that is written to standard output."""
    folder = tmp_path_factory.mktemp("printing")
    ct, policy, out = str(folder / "ct.dcm"), str(folder / "p.toml"), str(folder / "out")
    (folder / "ct.dcm").write_bytes(file_trees.small(1))
    (folder / "p.toml").write_text('[[policy.a.rule]]\nto = "rle-lossless"\n')
    commands = {name: [name, "--help"] for name in (*COMMANDS, *FACES)}
    return commands | {
        "help": ["--help"],
        "version": ["--version"],
        "nothing": [],
        "codecs": ["codecs"],
        "codecs --json": ["codecs", "--json"],
        "config show": ["config", "show"],
        "config show --json": ["config", "show", "--json"],
        "config path": ["config", "path"],
        "completion bash": ["completion", "bash"],
        "doctor": ["doctor"],
        "doctor --json": ["doctor", "--json"],
        "info": ["info", ct],
        "info --json": ["info", ct, "--json"],
        "info FOLDER": ["info", str(folder)],
        "compare": ["compare", ct, ct],
        "compare --json": ["compare", ct, ct, "--json"],
        "plan": ["plan", ct, "--to", "rle"],
        "plan --json": ["plan", ct, "--to", "rle", "--json"],
        "plan --csv": ["plan", ct, "--to", "rle", "--csv"],
        "negotiate": ["negotiate", ct, "--accepts", "explicit"],
        "policy check": ["policy", "check", policy],
        "policy explain": ["policy", "explain", policy, ct],
        "convert": ["convert", ct, str(folder / "out.dcm"), "--overwrite"],
        "convert -": ["convert", ct, "-"],
        "convert -n": ["convert", ct, str(folder / "new.dcm"), "-n"],
        "convert --json": ["convert", ct, str(folder / "out.dcm"), "--overwrite", "--json"],
        "batch": ["batch", ct, out],
        "batch -n": ["batch", ct, out, "-n"],
        "batch -v": ["batch", ct, out, "-v"],
        "batch --json": ["batch", ct, out, "--json"],
        "export archive -": ["export", "archive", ct, "-"],
        "export archive": ["export", "archive", ct, f"{out}.zip", "--overwrite"],
        "export media -n": ["export", "media", ct, str(folder / "media"), "-n"],
    }


@pytest.fixture
def served(printing: Commands, tmp_path: Path) -> Iterator[Commands]:
    """The commands, and those that ask a running server."""
    with warm_server.running(tmp_path):
        yield printing | {"serve": ["serve", "--status", "--socket", str(tmp_path / "s")]}


def clean(**more: str) -> dict[str, str]:
    """An environment without what may change how Python writes."""
    return {"PATH": os.environ["PATH"], "DICOMTX_CONFIG": "/dev/null", **more}


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


def wrong(way: str, commands: Commands, env: dict[str, str]) -> dict[str, tuple[int, bytes]]:
    """Returns the commands that do not end with 7 and at most one line that says why."""
    found = {}
    for name, command in commands.items():
        done = unwritable(way, [*DICOMTX, *command], env)
        silent = way == "pipe" and name not in BINARY
        last = done.stderr.rpartition(b"dicomtx: ")[2]
        right = not last if silent else b"standard output" in last and last.count(b"\n") == 1
        if done.returncode != ExitCode.DESTINATION or b"Trace" in done.stderr or not right:
            found[name] = (done.returncode, done.stderr)
    return found


@pytest.mark.parametrize(
    "env", sampled([{}, {"PYTHONUNBUFFERED": "1"}], 2), ids=["buffered", "unbuffered"]
)
@pytest.mark.parametrize("way", WAYS)
def test_standard_output_that_cannot_be_written_is_7_without_a_traceback(
    way: str, env: dict[str, str], printing: Commands
) -> None:
    assert not wrong(way, {name: printing[name] for name in FEW}, clean(**env))


@pytest.mark.long
def test_every_command_ends_with_7_if_standard_output_is_full(served: Commands) -> None:
    assert not wrong("full", served, clean())


@pytest.mark.long
def test_every_command_ends_with_7_if_standard_output_is_closed(served: Commands) -> None:
    assert not wrong("closed", without_help(served), clean())


@pytest.mark.long
def test_every_command_prints_everything_for_a_slow_reader(served: Commands) -> None:
    for name, command in without_help(served).items():
        found, code = slowly([*DICOMTX, *command])
        assert code == ExitCode.DONE, name
        assert found, name
        if name in WITHOUT_TIMES:
            quick = subprocess.run(
                [*DICOMTX, *command], capture_output=True, env=clean(), check=True
            )
            assert found == quick.stdout, name


def without_help(commands: Commands) -> Commands:
    """Returns the commands that print more than the help of a command."""
    return {name: command for name, command in commands.items() if command[1:] != ["--help"]}


def slowly(command: list[str]) -> tuple[bytes, int]:
    """Returns what a command prints into a pipe of 4 KiB that is read slowly, and its code."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    with (
        subprocess.Popen(command, stdout=writer, stderr=subprocess.DEVNULL, env=clean()) as process,
        os.fdopen(reader, "rb", buffering=0) as pipe,
    ):
        os.close(writer)
        found = b""
        while part := pipe.read(1024):
            found += part
            time.sleep(0.002)
        return found, process.wait()


@pytest.mark.parametrize("way", sampled(WAYS, 2))
def test_completion_that_cannot_be_written_is_7_too(way: str) -> None:
    for shell in ("bash", "fish", "zsh"):
        for what in ("source", "complete"):
            words = {"COMP_WORDS": "dicomtx con", "COMP_CWORD": "1"}
            env = clean(_DICOMTX_COMPLETE=f"{shell}_{what}", **words)
            done = unwritable(way, DICOMTX, env)
            assert done.returncode == ExitCode.DESTINATION
            assert b"Traceback" not in done.stderr
