"""A command imports what it needs and nothing else: the modules in memory when it has ended."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dicomtx.__main__ import needs_workers
from dicomtx.workflows.workers.server import _started, end_early, start_early
from tests import corpus, warm_server

HEAVY = {"numpy", "imagecodecs", "openjpeg", "gdcm", "av", "pydicom", "multiprocessing"}
SLOW = {"json", "pathlib", "tempfile", "tomllib", "traceback", "importlib.metadata", "asyncio"}
RUN = """
import sys
from dicomtx.__main__ import main
code = main(sys.argv[1:])
print("modules:", *sorted(name for name, module in sys.modules.items() if module))
sys.exit(code)
"""


def modules(*arguments: str | Path, script: str = RUN) -> set[str]:
    """Returns the modules in memory after one command that went well."""
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        env={**os.environ, "XDG_CONFIG_HOME": "/nowhere"} if script == RUN else None,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split()[1:])


def own(found: set[str]) -> set[str]:
    return {name for name in found if name.partition(".")[0] == "dicomtx"}


def test_importing_the_package_imports_nothing_else_of_it() -> None:
    found = modules(
        script="import sys, dicomtx; print('modules:', *(n for n, m in sys.modules.items() if m))"
    )
    assert own(found) == {"dicomtx"}
    assert found & (HEAVY | SLOW | {"click"}) == set()


def test_versions_are_known_without_importing_the_libraries() -> None:
    assert modules("--version") & HEAVY == set()


@pytest.mark.parametrize("arguments", [["--help"], []])
def test_help_imports_no_command(arguments: list[str]) -> None:
    found = modules(*arguments)
    expected = {"dicomtx", "dicomtx.__main__", "dicomtx.cli", "dicomtx.errors", "dicomtx.printable"}
    expected |= {"dicomtx.deferred_signals"}
    expected |= {"dicomtx.cli.options", "dicomtx.cli.options.commands"}
    expected |= {"dicomtx.cli.output", "dicomtx.cli.output.console"}
    expected |= {"dicomtx.cli.output.terminal"}
    assert own(found) == expected
    assert found & (HEAVY | SLOW | {"dataclasses", "subprocess"}) == set()


@pytest.mark.parametrize(
    "command",
    [
        "convert",
        "batch",
        "export",
        "plan",
        "policy",
        "negotiate",
        "info",
        "compare",
        "codecs",
        "fixtures",
        "config",
        "doctor",
    ],
)
def test_help_of_a_command_imports_only_what_its_options_need(command: str) -> None:
    found = modules(command, "--help")
    assert {name for name in own(found) if name.count(".") == 1} <= {
        "dicomtx.__main__",
        "dicomtx.cli",
        "dicomtx.comma_list",
        "dicomtx.errors",
        "dicomtx.limits",
        "dicomtx.version",
        "dicomtx.deferred_signals",
        "dicomtx.printable",
        "dicomtx.settings",
        "dicomtx.transfer_syntaxes",
        "dicomtx.verification",
    }
    assert found & (HEAVY | SLOW) == set()


def test_native_to_native_needs_neither_numpy_nor_pydicom(ct: Path, tmp_path: Path) -> None:
    found = modules("convert", ct, tmp_path / "out.dcm", "--to", "implicit")
    assert found & (HEAVY | SLOW | {"subprocess", "dataclasses", "hashlib"}) == set()


@pytest.mark.parametrize("syntax", ["jpeg2000-lossless", "rle", "jpeg-ls-lossless"])
def test_no_conversion_needs_pydicom_or_plugins(ct: Path, tmp_path: Path, syntax: str) -> None:
    found = modules("convert", ct, tmp_path / "out.dcm", "--to", syntax)
    assert found & (HEAVY - {"numpy", "imagecodecs", "openjpeg"}) == set()
    assert "dicomtx.codecs.isolation.worker_group" not in found


def test_the_parent_of_a_batch_needs_no_codec_and_reads_no_data_set(
    ct: Path, tmp_path: Path
) -> None:
    found = modules("batch", ct, tmp_path / "out", "--to", "rle", "-q")
    assert found & HEAVY == set()
    of_workers = {"dicomtx.dicom.part10", "dicomtx.engine.planning.planner"}
    assert found & of_workers == set()


WITHOUT_ANY: list[list[str]] = [["batch", "--help"], ["batch", "in", "-n"], ["convert"], []]


@pytest.mark.parametrize("arguments", WITHOUT_ANY)
def test_workers_start_first_only_for_a_command_that_needs_them(arguments: list[str]) -> None:
    assert needs_workers(["batch", "in", "out"])
    assert not needs_workers(arguments)


def test_a_server_that_no_command_uses_is_ended() -> None:
    start_early()
    (server,) = _started
    end_early()
    assert _started == []
    assert server._process.returncode is not None


def test_a_worker_imports_no_more_than_its_target_needs() -> None:
    script = "import sys, dicomtx.processes.forking, dicomtx.workflows.workers.worker\n"
    found = modules(script=f"{script}print('modules:', *(n for n, m in sys.modules.items() if m))")
    assert found & (HEAVY | SLOW | {"subprocess", "dataclasses"}) == set()


def test_info_needs_no_codec() -> None:
    found = modules("info", corpus.file("693_J2KR.dcm"))
    assert found & (HEAVY | SLOW | {"subprocess"}) == set()


def test_codecs_needs_no_codec() -> None:
    assert modules("codecs") & HEAVY == set()


def test_numpy_is_told_to_start_without_threads() -> None:
    script = """
import os, sys
from dicomtx.__main__ import main
sys.exit(main(["--version"]) or os.environ["OPENBLAS_NUM_THREADS"] != "1")
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_a_client_of_the_server_imports_little(tmp_path: Path) -> None:
    script = """
import os, sys
def end(code):
    print("modules:", *(name for name, module in sys.modules.items() if module), flush=True)
    os.kill(os.getpid(), 9)
os._exit = end
from dicomtx.__main__ import main
sys.argv[1:] = ["--version"]
main()
"""
    with warm_server.running(tmp_path):
        done = subprocess.run(
            [sys.executable, "-c", script],
            env=warm_server.warm(tmp_path),
            capture_output=True,
            text=True,
            check=False,
        )
    found = set(done.stdout.splitlines()[-1].split()[1:])
    mine = {"__main__", "version", "warm", "warm.address", "warm.client", "warm.protocol"}
    assert own(found) == {"dicomtx"} | {f"dicomtx.{name}" for name in mine}
    slow = {"click", "collections", "contextlib", "enum", "re", "signal", "socket", "typing"}
    assert found & (HEAVY | SLOW | slow) == set()
