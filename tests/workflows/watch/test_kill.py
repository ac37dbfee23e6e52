"""A watch that is killed at any line delivers each file once, and loses and leaves nothing.

The run is a forked process that ends at the n-th line of ``workflows/watch`` as SIGKILL ends it:
without any cleaning up. Then somebody takes what was delivered, and the next run goes on. Set OFTEN
to 1 after a change of that room; it takes minutes.
"""

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

import pytest

from tests.watched_folder import WatchedFolder, files, hidden, instance

KILLED = 77
EVERY, OFTEN = 251, 53  # lines from one kill to the next: in the everyday tests, and in long ones
MEMORY = "/dev/shm"  # syncing to a disk costs much time, and does not matter to a kill


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one."""
    with TemporaryDirectory(dir=MEMORY if os.path.isdir(MEMORY) else tmp_path) as folder:
        yield Path(folder)


def killed_at(line: int, run: Callable[[], Any]) -> bool:
    """Runs a function in a forked process until it has come to the n-th line; was it killed?"""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == KILLED
    lines = 0

    def trace(frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal lines
        if "/workflows/watch/" not in frame.f_code.co_filename:
            return None
        lines += event == "line"
        if lines == line:
            os._exit(KILLED)
        return trace

    code = 1
    try:
        sys.settrace(trace)
        run()
        code = 0
    finally:
        os._exit(code)


def taken(folder: WatchedFolder) -> list[str]:
    """Takes what was delivered out of the destination, as somebody who works with it does."""
    found = files(folder.out)
    for name in found:
        (folder.out / name).unlink()
    return found


def wrong(at: Path, line: int, options: dict[str, Any]) -> tuple[bool, dict[str, object]]:
    """Returns whether a run was killed at a line, and what is not as it should be in the end."""
    folder = WatchedFolder(at)
    folder.drop("sub/a.dcm", instance(1))
    folder.drop("b.dcm", instance(2))
    folder.drop("c.txt", b"text")
    killed = killed_at(line, lambda: folder.run(**options))
    delivered = Counter(taken(folder))
    folder.run(**options)
    delivered.update(taken(folder))
    sources = ["b.dcm", "sub/a.dcm"]
    found = {
        "delivered": (delivered, dict.fromkeys(sources, 1)),
        "dead": (files(folder.dead), ["c.txt", "c.txt.reason.json"]),
        "done": (files(folder.done), sources if "done" in options else []),
        "left": (files(folder.source), sources if "keep" in options else []),
        "hidden": (hidden(at), []),
    }
    return killed, {name: got for name, (got, expected) in found.items() if got != expected}


def check(at: Path, how: str, every: int) -> None:
    """Kills a run at each line, or every n-th, and looks at what becomes of the files."""
    faults, line, killed = {}, 1, True
    while killed:
        here = at / str(line)
        ways: dict[str, dict[str, Any]] = {"keep": {"keep": True}, "done": {"done": f"{here}/done"}}
        killed, found = wrong(here, line, ways.get(how, {}))
        if found:
            faults[line] = found
        line += every
    assert line > 3 * every
    assert not faults


def test_a_killed_watch_delivers_each_file_once(at: Path) -> None:
    check(at, "remove", EVERY)


@pytest.mark.long
@pytest.mark.parametrize("how", ["remove", "done", "keep"])
def test_a_watch_that_is_killed_at_many_lines_delivers_each_file_once(at: Path, how: str) -> None:
    check(at, how, OFTEN)
