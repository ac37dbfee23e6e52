"""A command that the server runs cannot be told from one that runs alone."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from tests import corpus, warm_server
from tests.warm_server import DICOMTX

COMMANDS = [
    "--help",
    "--version",
    "nonsense",
    "convert --help",
    "convert ct.dcm out.dcm",
    "convert ct.dcm out.dcm --to rle -v",
    "convert ct.dcm out.dcm --to jpeg2000-lossless --json",
    "convert ct.dcm out.dcm --to jpeg-ls-lossless -q",
    "convert ct.dcm out.dcm --to jpeg-lossless-sv1",
    "convert ct.dcm out.dcm --to htj2k-lossless",
    "convert ct.dcm out.dcm --to jpeg-xl-lossless",
    "convert ct.dcm out.dcm --to jpeg-ls-near-lossless --near 2 --uid derived",
    "convert ct.dcm - --to rle",
    "convert jpeg.dcm out.dcm",
    "convert jpeg.dcm out.dcm --to jpeg2000-lossless --codec openjpeg",
    "convert jpeg.dcm out.dcm --to jpeg2000-lossless --codec gdcm",
    "convert ct.dcm sub/out.dcm",
    "convert ct.dcm ct.dcm",
    "convert ct.dcm ct.dcm --in-place --to rle",
    "convert notes.txt out.dcm",
    "convert missing.dcm out.dcm",
    "convert truncated.dcm out.dcm",
    "convert truncated.dcm out.dcm --salvage",
    "convert ct.dcm out.dcm --to nonsense",
    "convert",
    "batch tree out --to rle --jobs 1",
    "batch tree out --to jpeg2000-lossless --json --jobs 1",
    "batch tree out --to rle --jobs 2 --report report.csv -q",
    "plan tree --to rle",
    "plan ct.dcm jpeg.dcm --to jpeg-ls-lossless --json",
    "info ct.dcm jpeg.dcm notes.txt",
    "info ct.dcm --json",
    "compare ct.dcm jpeg.dcm",
    "compare ct.dcm ct.dcm",
    "codecs",
    "codecs --json",
    "export zip tree out.zip",
    "export media tree medium",
    "policy",
    "negotiate ct.dcm",
]
VOLATILE = re.compile(
    r"\d+(\.\d+)? m?s\b|\d+ files/s|\d+(\.\d+)? [kMG]?B/s|\"seconds\": [\d.e-]+"
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*|\d\.\d+e?-?\d*$"
)


pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("server")
    with warm_server.running(folder, "--jobs", "4"):
        yield folder


def _folder(path: Path) -> Path:
    """Returns a folder with a few files of each kind."""
    (path / "tree/sub").mkdir(parents=True)
    names = {"ct": "CT_small.dcm", "jpeg": "JPEG-LL.dcm", "truncated": "MR_truncated.dcm"}
    for name, source in names.items():
        shutil.copy(corpus.file(source), path / f"{name}.dcm")
        shutil.copy(corpus.file(source), path / f"tree/sub/{name}.dcm")
    (path / "notes.txt").write_text("not DICOM")
    for file in (path, *path.rglob("*")):
        os.utime(file, (1e9, 1e9))
    return path


def _files(folder: Path) -> dict[str, tuple[str, int]]:
    return {
        path.relative_to(folder).as_posix(): (_content(path), path.stat().st_mode)
        for path in sorted(folder.rglob("*"))
        if "journal" not in path.name and not path.is_dir()
    }


def _content(path: Path) -> str:
    if path.suffix in {".csv", ".json", ".zip"} or path.name == "DICOMDIR":  # times of writing
        return ""
    return sha256(path.read_bytes()).hexdigest()


def _run(folder: Path, arguments: list[str], environment: dict[str, str]) -> tuple[object, ...]:
    done = subprocess.run(
        [*DICOMTX, *arguments],
        cwd=folder,
        env=environment | {"XDG_STATE_HOME": str(folder / ".state"), "COLUMNS": "80"},
        capture_output=True,
        check=False,
        umask=0o027,
    )
    texts = (done.stdout, done.stderr)
    readable = [
        VOLATILE.sub("#", text.decode(errors="replace")).replace(str(folder), "F") for text in texts
    ]
    return (done.returncode, *readable, _files(folder))


@pytest.mark.parametrize("command", COMMANDS)
def test_output_exit_code_and_files_are_those_of_a_cold_run(
    server: Path, tmp_path: Path, command: str
) -> None:
    served = int(warm_server.status(server)["served"])
    alone = _run(_folder(tmp_path / "cold"), command.split(), warm_server.cold())
    through = _run(_folder(tmp_path / "warm"), command.split(), warm_server.warm(server))
    assert through == alone
    assert int(warm_server.status(server)["served"]) == served + 1, "it did not go through"


@pytest.mark.parametrize(
    "redirection", ["< ct.dcm", "> /dev/full", ">&-", "2>&-", "<&-", "| true", "> out 2>&1"]
)
@pytest.mark.parametrize("command", ["info ct.dcm", "convert - - --to rle", "codecs", "--help"])
def test_standard_streams_are_the_callers(
    server: Path, tmp_path: Path, command: str, redirection: str
) -> None:
    def run(name: str, environment: dict[str, str]) -> tuple[object, ...]:
        folder = _folder(tmp_path / name)
        line = f"{' '.join(DICOMTX)} {command} {redirection}; echo ended ${{PIPESTATUS[0]}}"
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=folder,
            env=environment,
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        return done.stdout, done.stderr, _files(folder)

    assert run("warm", warm_server.warm(server)) == run("cold", warm_server.cold())


def test_the_limit_on_file_sizes_is_the_callers(server: Path, tmp_path: Path) -> None:
    shutil.copy(corpus.file("CT_small.dcm"), tmp_path / "ct.dcm")
    line = (
        "umask 077; ulimit -f 1; nice -n 3 "
        + " ".join(DICOMTX)
        + " convert ct.dcm out.dcm --to rle"
    )
    codes = []
    for environment in (warm_server.cold(), warm_server.warm(server)):
        done = subprocess.run(
            ["bash", "-c", line], cwd=tmp_path, env=environment, capture_output=True, check=False
        )
        codes.append((done.returncode, done.stderr))
        assert not (tmp_path / "out.dcm").exists()
    assert codes[0] == codes[1]
    assert b"too large" in codes[1][1].lower()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"PYTHONHASHSEED": "1"}, "differ"),
        ({"MALLOC_ARENA_MAX": "1"}, "differ"),
        ({"DICOMTX_SERVER": "/nonexistent/s"}, "no server"),
    ],
)
def test_a_command_runs_cold_where_the_server_cannot_stand_in(
    server: Path, tmp_path: Path, change: dict[str, str], reason: str
) -> None:
    _folder(tmp_path / "f")
    arguments = [*DICOMTX, "convert", "ct.dcm", "out.dcm", "--to", "rle", "-v"]
    environment = warm_server.warm(server) | change
    done = subprocess.run(
        arguments, cwd=tmp_path / "f", env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert "running without the warm server" in done.stderr
    assert reason in done.stderr
    assert (tmp_path / "f/out.dcm").exists()


def test_another_namespace_runs_cold(server: Path, tmp_path: Path) -> None:
    _folder(tmp_path / "f")
    arguments = ["unshare", "--mount", *DICOMTX, "info", "ct.dcm"]
    served = warm_server.status(server)["served"]
    done = subprocess.run(
        arguments,
        cwd=tmp_path / "f",
        env=warm_server.warm(server),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0
    assert warm_server.status(server)["served"] == served


def test_the_zygote_has_one_thread(server: Path) -> None:
    process = int(warm_server.status(server)["process"])
    assert len(os.listdir(f"/proc/{process}/task")) == 1
