"""What all tests share: files, the command, and the programs of others that some compare with."""

import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from dicomtx.warm.address import VARIABLE
from tests import audit_extra as extra
from tests import corpus, warm_server

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--warm", action="store_true", help="run commands through a warm server")


def pytest_configure(config: pytest.Config) -> None:
    for number in (signal.SIGINT, signal.SIGHUP):  # a background job of a shell ignores them
        if signal.getsignal(number) == signal.SIG_IGN:
            usual = number == signal.SIGINT
            signal.signal(number, signal.default_int_handler if usual else signal.SIG_DFL)
    extra.hide()
    config.addinivalue_line(
        "markers", "peer(program): compares with a program of somebody else; .ci/run installs them"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """``-n auto`` starts one more process than there are CPUs, as everyday tests often wait."""
    chosen = "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ
    everyday = config.option.markexpr == "not long"
    return len(os.sched_getaffinity(0)) + 1 if everyday and not chosen else None


def _missing(item: pytest.Item) -> bool:
    return any(not shutil.which(mark.args[0]) for mark in item.iter_markers("peer"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what needs a program that is not on the machine; in CI all of them must be."""
    if "CI" in os.environ:
        return
    left_out = [item for item in items if _missing(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not _missing(item)]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints the table of test_every_file.py: target by verdict, then what was refused and why."""
    reports = [r for rs in terminalreporter.stats.values() for r in rs if hasattr(r, "when")]
    cells = [
        value
        for report in reports
        if report.when == "call"
        for name, value in report.user_properties
        if name == "cell"
    ]
    if not cells:
        return
    kinds = ("right", "kept", "refused", "unjudged", "WRONG")
    terminalreporter.section("every file in every syntax")
    terminalreporter.write_line(f"{'target':36}" + "".join(f"{kind:>10}" for kind in kinds))
    counts = Counter((target, verdict.partition(":")[0]) for _, target, verdict, _ in cells)
    for target in dict.fromkeys(cell[1] for cell in cells):
        row = "".join(f"{counts[target, kind]:10}" for kind in kinds)
        terminalreporter.write_line(f"{target:36}{row}")
    for kind in ("refused", "unjudged"):
        _list(terminalreporter, kind, [cell for cell in cells if cell[2] == kind])


def _list(out: pytest.TerminalReporter, kind: str, cells: list[list[str]]) -> None:
    """Prints each file once for each reason, with the targets that it has the reason for."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for name, target, _, reason in cells:
        told = reason.rpartition(f"{name}: ")[2].replace(target, "TARGET")
        grouped.setdefault((name, told), []).append(target)
    out.write_line(f"\n{kind}:")
    for (name, told), targets in sorted(grouped.items()):
        out.write_line(f"  {name}: {told} [{', '.join(targets)}]")


@pytest.fixture(scope="session", autouse=True)
def _server(pytestconfig: pytest.Config) -> Iterator[None]:
    """With --warm, commands that inherit the environment go through a server of this process."""
    if not pytestconfig.getoption("--warm"):
        yield
        return
    with TemporaryDirectory() as folder, warm_server.running(Path(folder), "--jobs=4"):
        os.environ.update(warm_server.warm(Path(folder)))
        yield
        del os.environ[VARIABLE]


@pytest.fixture
def cold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands of the test run in processes of their own, with --warm too."""
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.fixture(scope="session")
def run() -> Run:
    """Runs the command and returns what came of it: ``run("convert", source, destination)``."""

    def dicomtx(
        *arguments: str | Path, stdin: bytes | None = None, cwd: Path | None = None
    ) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(
            [sys.executable, "-m", "dicomtx", *map(str, arguments)],
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            cwd=cwd,
            capture_output=True,
            timeout=120,
            check=False,
        )

    return dicomtx


@pytest.fixture
def ct() -> Path:
    """A small native CT image: signed, 16 bits, 128 x 128."""
    return corpus.file("CT_small.dcm")


@pytest.fixture
def audit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the test use FFmpeg, as with ``pip install 'dicomtx[audit]'``."""
    extra.show(monkeypatch)
