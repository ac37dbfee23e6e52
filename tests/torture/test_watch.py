"""A watch is killed again and again while files arrive: each is delivered exactly once.

``make torture`` drops 2,000 files and kills ten times; CI drops fewer and kills twice.
Somebody takes the results out of the destination as they appear, so that a second one would show.
"""

import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.torture.workloads import ROUNDS
from tests.watched_folder import files, hidden, instance

KILLS, FILES = (10, 2000) if ROUNDS >= 200 else (2, 80)
BAD = 40  # every so many files are not DICOM
PATIENCE = 600  # seconds, on a busy machine
OPTIONS = ("--dead-letter", "dead", "--settle", "0.3", "--rescan", "2", "--quiet", "--jobs", "2")


def name_of(number: int) -> str:
    return f"{number % 7}/{number}.{'txt' if number % BAD == BAD - 1 else 'dcm'}"


def drop(folder: Path, number: int, chance: random.Random) -> None:
    """Drops a file as one of the programs does that send files."""
    data = instance(number) if number % BAD != BAD - 1 else b"text %d" % number
    path = folder / name_of(number)
    path.parent.mkdir(exist_ok=True)
    match chance.randrange(3):
        case 0:
            part = path.with_name(f".{path.name}.part")
            part.write_bytes(data)
            part.rename(path)
        case 1:
            with path.open("wb", buffering=0) as file:
                file.write(data[:200])
                time.sleep(chance.random() * 0.05)
                file.write(data[200:])
        case _:
            path.write_bytes(data)


class Taker:
    """Takes the results out of the destination, and counts them."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self.counts: Counter[str] = Counter()
        self.content: dict[str, bytes] = {}

    def take(self) -> None:
        for name in files(self._out) if self._out.exists() else ():
            self.content[name] = (self._out / name).read_bytes()
            (self._out / name).unlink()
            self.counts[name] += 1


@contextmanager
def in_background(step: Callable[[], None]) -> Iterator[None]:
    """Does something again and again."""
    stop = threading.Event()

    def loop() -> None:
        while not stop.wait(0.05):
            step()

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def start(at: Path) -> subprocess.Popen[bytes]:
    command = (sys.executable, "-m", "dicomtx", "watch", "in", "out", "--to", "rle", *OPTIONS)
    with (at / "printed").open("ab") as printed:
        return subprocess.Popen(command, cwd=at, stdout=printed, stderr=printed)


def wait_until(done: Callable[[], bool], at: Path) -> None:
    end = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < end, (at / "printed").read_text()[-3000:]
        time.sleep(0.05)


@pytest.mark.long
def test_a_watch_that_is_killed_delivers_each_file_exactly_once(tmp_path: Path) -> None:
    source, dead, chance = tmp_path / "in", tmp_path / "dead", random.Random(1)
    source.mkdir()
    taker = Taker(tmp_path / "out")

    def send() -> None:
        for number in range(FILES):
            drop(source, number, chance)

    def ended() -> int:
        return taker.counts.total() + (len(files(dead)) // 2 if dead.exists() else 0)

    sender = threading.Thread(target=send)
    sender.start()
    process = start(tmp_path)
    with in_background(taker.take):
        for kill in range(KILLS):
            target = FILES * (kill + 1) // (KILLS + 2)
            wait_until(lambda: ended() >= target, tmp_path)  # noqa: B023 - called in this round
            time.sleep(chance.random() * 0.2)
            process.kill()
            assert process.wait() == -signal.SIGKILL
            process = start(tmp_path)
        wait_until(lambda: ended() >= FILES, tmp_path)
        sender.join()
        wait_until(lambda: not files(source), tmp_path)
        process.terminate()
        assert process.wait(PATIENCE) == 0
    taker.take()
    names = {name_of(number): number for number in range(FILES)}
    good = [name for name in names if name.endswith(".dcm")]
    assert taker.counts == Counter(good)
    assert all(b"1.2.3.%d" % names[name] in data for name, data in taker.content.items())
    bad = [name for name in names if name.endswith(".txt")]
    assert files(dead) == sorted([*bad, *(f"{name}.reason.json" for name in bad)])
    assert files(source) == hidden(tmp_path) == []
