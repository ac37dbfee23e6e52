"""The server ends each request exactly once, and lets no client hold up another."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from dicomtx.errors import ExitCode
from dicomtx.warm import client, protocol
from tests import corpus, warm_server
from tests.sampling import sampled_rows
from tests.warm_server import DICOMTX

WAITS = ["convert", "-", "out.dcm", "--to", "rle"]  # until its standard input ends


@pytest.fixture
def server(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    shutil.copy(corpus.file("CT_small.dcm"), tmp_path / "ct.dcm")
    with warm_server.running(tmp_path, "--jobs", "2") as process:
        yield process


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int]]:
    """The folder and the process of a server for tests after which it is as before."""
    folder = tmp_path_factory.mktemp("shared")
    shutil.copy(corpus.file("CT_small.dcm"), folder / "ct.dcm")
    with warm_server.running(folder, "--jobs", "2") as process:
        yield folder, process.pid


def _start(folder: Path, *arguments: str, before: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*before, *DICOMTX, *arguments],
        cwd=folder,
        env=warm_server.warm(folder),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def _waiting(folder: Path) -> subprocess.Popen[bytes]:
    """Returns a client whose command has been started by the server and waits for its input."""
    before = int(warm_server.status(folder)["running"])
    process = _start(folder, *WAITS)
    warm_server.until(lambda: int(warm_server.status(folder)["running"]) > before)
    return process


def _idle(folder: Path) -> bool:
    return warm_server.status(folder)["running"] == "0"


def _clean(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize(
    ("number", "code"),
    sampled_rows([(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, -1)], 3),
)
def test_a_signal_to_the_client_ends_the_command_as_in_a_cold_run(
    server: subprocess.Popen[str], tmp_path: Path, number: int, code: int
) -> None:
    process = _waiting(tmp_path)
    time.sleep(0.5)  # the child has its handlers
    process.send_signal(number)
    assert process.wait(30) == code
    warm_server.until(lambda: _idle(tmp_path))
    assert _clean(tmp_path) == {"ct.dcm", "s", "s.lock"}


@pytest.mark.long
def test_a_killed_client_ends_its_command(server: subprocess.Popen[str], tmp_path: Path) -> None:
    process = _waiting(tmp_path)
    process.kill()
    process.wait()
    warm_server.until(lambda: _idle(tmp_path))
    assert _clean(tmp_path) == {"ct.dcm", "s", "s.lock"}


@pytest.mark.long
def test_a_suspended_client_suspends_its_command_and_both_go_on(
    server: subprocess.Popen[str], tmp_path: Path
) -> None:
    process = _waiting(tmp_path)
    time.sleep(0.5)
    child = _child_of(server.pid, tmp_path)
    process.send_signal(signal.SIGTSTP)
    warm_server.until(lambda: _state(process.pid) == "T" and _state(child) == "T")
    process.send_signal(signal.SIGCONT)
    warm_server.until(lambda: _state(child) != "T")
    process.communicate((tmp_path / "ct.dcm").read_bytes(), timeout=30)
    assert process.returncode == 0
    assert (tmp_path / "out.dcm").exists()


def _children_of(process: int) -> list[Path]:
    numbers = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [Path("/proc") / number for number in numbers]


def _spare_of(process: int) -> Path:
    """Returns the only child of a server that runs no command."""
    (spare,) = warm_server.until(lambda: _children_of(process))
    return spare


def _child_of(process: int, folder: Path) -> int:
    """Waits for the child that runs a command in the folder, and returns it."""

    def found() -> list[Path]:
        place = folder.resolve()
        return [child for child in _children_of(process) if _folder_of(child) == place]

    (child,) = warm_server.until(found)
    return int(child.name)


def _folder_of(process: Path) -> Path | None:
    """Returns the current folder of a process; None if it has just ended."""
    with suppress(FileNotFoundError):
        return (process / "cwd").readlink()
    return None


def _sessions_of(processes: Iterable[int]) -> Iterator[int]:
    """Yields the session of each process. A server on demand has its own."""
    for process in processes:
        with suppress(ProcessLookupError):  # a child that has just ended
            yield os.getsid(process)


def _state(process: int) -> str:
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.mark.long
def test_priority_and_cpus_of_the_command_are_the_callers(
    server: subprocess.Popen[str], tmp_path: Path
) -> None:
    cpu = max(os.sched_getaffinity(0))
    process = _start(tmp_path, *WAITS, before=("nice", "-n", "5", "taskset", "-c", str(cpu)))
    warm_server.until(lambda: not _idle(tmp_path))
    child = _child_of(server.pid, tmp_path)
    own = os.getpriority(os.PRIO_PROCESS, 0)
    warm_server.until(lambda: os.getpriority(os.PRIO_PROCESS, child) == min(own + 5, 19))
    assert os.sched_getaffinity(child) == {cpu}
    process.kill()
    process.wait()


def test_a_server_that_dies_is_an_error_and_the_command_does_not_run_twice(
    server: subprocess.Popen[str], tmp_path: Path
) -> None:
    process = _waiting(tmp_path)
    child = _child_of(server.pid, tmp_path)
    server.kill()
    _, errors = process.communicate(timeout=30)
    assert process.returncode == ExitCode.SERVER
    assert b"the server ended before the command did" in errors
    warm_server.until(lambda: not Path(f"/proc/{child}").exists())
    assert not (tmp_path / "out.dcm").exists()


def test_a_child_that_crashes_costs_its_own_request_only(
    server: subprocess.Popen[str], tmp_path: Path
) -> None:
    process = _waiting(tmp_path)
    os.kill(_child_of(server.pid, tmp_path), signal.SIGSEGV)
    assert process.wait(30) == -signal.SIGSEGV
    other = _start(tmp_path, "info", "ct.dcm")
    assert b"CT_small" not in other.communicate(timeout=30)[1]
    assert other.returncode == 0


def test_a_spare_child_waits_for_the_next_command_and_takes_it(
    server: subprocess.Popen[str], tmp_path: Path
) -> None:
    spare = _spare_of(server.pid)
    process = _waiting(tmp_path)
    assert _child_of(server.pid, tmp_path) == int(spare.name)
    process.kill()
    process.wait()
    warm_server.until(lambda: _children_of(server.pid) not in ([], [spare]))
    assert len(_children_of(server.pid)) == 1


@pytest.mark.long
def test_a_spare_child_that_is_killed_is_replaced(
    server: subprocess.Popen[str], tmp_path: Path
) -> None:
    spare = _spare_of(server.pid)
    os.kill(int(spare.name), signal.SIGKILL)
    warm_server.until(lambda: _children_of(server.pid) not in ([], [spare]))
    assert _start(tmp_path, "info", "ct.dcm").wait(30) == 0


@pytest.mark.long
def test_a_spare_child_ends_with_its_server(server: subprocess.Popen[str], tmp_path: Path) -> None:
    spare = _spare_of(server.pid)
    server.kill()
    server.wait()
    warm_server.until(lambda: not spare.exists())


@pytest.mark.long
def test_more_requests_than_jobs_wait_for_their_turn(
    server: subprocess.Popen[str], tmp_path: Path
) -> None:
    busy = [_waiting(tmp_path) for _ in range(2)]
    third = _start(tmp_path, "info", "ct.dcm")
    warm_server.until(lambda: warm_server.status(tmp_path)["waiting"] == "1")
    assert third.poll() is None
    for process in busy:
        process.kill()
        process.wait()
    assert third.wait(30) == 0


@pytest.mark.long
def test_a_server_that_stops_finishes_what_runs_and_refuses_what_waits(
    server: subprocess.Popen[str], tmp_path: Path
) -> None:
    busy = [_waiting(tmp_path), _waiting(tmp_path)]
    waiting = _start(tmp_path, "info", "ct.dcm", "--json")
    warm_server.until(lambda: warm_server.status(tmp_path)["waiting"] == "1")
    client.call(str(tmp_path / "s"), protocol.STOP)
    assert waiting.wait(30) == 0, "it ran cold"
    for process in busy:
        process.communicate((tmp_path / "ct.dcm").read_bytes(), timeout=30)
    assert sorted(process.returncode for process in busy) == [0, 7], "one found the other's output"
    assert server.wait(30) == 0
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"",
        protocol.MAGIC,
        protocol.MAGIC + b"\xff\xff\xff\xff",
        protocol.MAGIC + (100).to_bytes(4) + b"half",
        protocol.MAGIC + (3).to_bytes(4) + b"abc",
        protocol.MAGIC + (3).to_bytes(4) + b"abcdefgh",
        protocol.pack("nonsense"),
        protocol.pack(protocol.RUN, "", ["utf-8 strict"] * 3, ["dicomtx"]),
    ],
)
def test_garbage_and_half_requests_hold_up_nobody(shared: tuple[Path, int], data: bytes) -> None:
    folder, process = shared
    connections = []
    for _ in range(40):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(str(folder / "s"))
        connection.sendall(data)
        connections.append(connection)
    assert _start(folder, "info", "ct.dcm").wait(30) == 0
    for connection in connections:
        connection.close()
    warm_server.until(lambda: len(os.listdir(f"/proc/{process}/fd")) < 20)


@pytest.mark.long
def test_the_server_gives_up_on_a_request_that_stays_incomplete(
    server: subprocess.Popen[str], tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(tmp_path / "s"))
        connection.sendall(protocol.MAGIC)
        connection.settimeout(30)
        assert connection.recv(100) == protocol.REFUSED + b"the request is incomplete"


# the user changes after the imports, because nobody else can read a Python in root's home
AS_NOBODY = """
import os, sys
from dicomtx.warm.client import call
os.setgroups([])
os.setuid(65534)
call(sys.argv[1], "status")
"""


@pytest.mark.long
def test_another_user_cannot_connect(server: subprocess.Popen[str], tmp_path: Path) -> None:
    for mode in (0o600, 0o666):
        os.chmod(tmp_path / "s", mode)
        for parent in (tmp_path, *tmp_path.parents[:-1]):
            os.chmod(parent, parent.stat().st_mode | 0o011)
        served = warm_server.status(tmp_path)["served"]
        done = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, tmp_path / "s"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode != 0
        assert "PermissionError" in done.stderr
        assert warm_server.status(tmp_path)["served"] == served


def test_there_is_one_server_for_each_socket(server: subprocess.Popen[str], tmp_path: Path) -> None:
    arguments = [*DICOMTX, "serve", "--socket", str(tmp_path / "s")]
    done = subprocess.run(
        arguments, capture_output=True, text=True, check=False, env=warm_server.cold()
    )
    assert done.returncode == ExitCode.DESTINATION
    assert "another server is running" in done.stderr


def test_a_folder_that_others_can_write_to_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    arguments = [*DICOMTX, "serve", "--socket", str(tmp_path / "s")]
    done = subprocess.run(
        arguments, capture_output=True, text=True, check=False, env=warm_server.cold()
    )
    assert done.returncode == ExitCode.DESTINATION
    assert "other users can write" in done.stderr


@pytest.mark.long
def test_twenty_racing_clients_start_one_server_on_demand(tmp_path: Path) -> None:
    shutil.copy(corpus.file("CT_small.dcm"), tmp_path / "ct.dcm")
    environment = warm_server.cold() | {
        "DICOMTX_SERVER": "start",
        "XDG_RUNTIME_DIR": str(tmp_path),
    }
    line = f"seq 20 | xargs -P 20 -I_ {' '.join(DICOMTX)} info ct.dcm"
    done = subprocess.run(
        ["bash", "-c", line], cwd=tmp_path, env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "dicomtx"
    path = str(folder / "server.sock")
    warm_server.until((folder / "server.sock").exists)
    pattern = f"serve --socket {path}"
    processes = subprocess.run(["pgrep", "-f", pattern], capture_output=True, check=False)
    try:
        assert len(set(_sessions_of(map(int, processes.stdout.split())))) == 1
        assert (
            subprocess.run(
                [*DICOMTX, "info", "ct.dcm"],
                cwd=tmp_path,
                env=environment,
                check=False,
                capture_output=True,
            ).returncode
            == 0
        )
        assert "served: 0" not in client.call(path, protocol.STATUS)
    finally:
        client.call(path, protocol.STOP)


@pytest.mark.long
def test_an_idle_server_ends(tmp_path: Path) -> None:
    with warm_server.running(tmp_path, "--idle-timeout", "0.5") as process:
        assert process.wait(30) == 0
    assert not (tmp_path / "s").exists()


@pytest.mark.long
def test_a_command_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    with warm_server.running(tmp_path, "--request-timeout", "1"):
        process = _start(tmp_path, *WAITS)
        assert process.wait(30) == 143


@pytest.mark.long
def test_a_socket_that_systemd_passes_is_used(tmp_path: Path) -> None:
    shutil.copy(corpus.file("CT_small.dcm"), tmp_path / "ct.dcm")
    code = (
        "import os, socket, sys; s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]);"
        "s.listen(); os.dup2(s.fileno(), 3); os.set_inheritable(3, True);"
        "os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1');"
        "os.execv(sys.executable, [sys.executable, '-m', 'dicomtx', 'serve'])"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, tmp_path / "s"],
        env=warm_server.cold(),
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        warm_server.until((tmp_path / "s").exists)
        assert _start(tmp_path, "info", "ct.dcm").wait(30) == 0
        assert warm_server.status(tmp_path)["served"] == "1"
        process.terminate()
        assert process.wait(30) == 0
