"""The order of system calls of a batch: what survives a power failure."""

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.batch.batch import opened
from dicomtx.workflows.batch.job import Batch
from dicomtx.workflows.batch.resume import Choice
from dicomtx.workflows.workers.pool import ProcessPool
from tests import file_trees

NOTED = """
import os, stat
fsync, link, replace = os.fsync, os.link, os.replace
def note(*words):
    fd = os.open({log!r}, os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    os.write(fd, (" ".join(words) + "\\n").encode())
    os.close(fd)
def where(name, folder):
    return name if folder is None else os.path.join(os.readlink(f"/proc/self/fd/{{folder}}"), name)
def synced(fd):
    fsync(fd)
    kind = "folder" if stat.S_ISDIR(os.fstat(fd).st_mode) else "content"
    note(kind, os.readlink(f"/proc/self/fd/{{fd}}"))
def linked(old, new, *, src_dir_fd=None, dst_dir_fd=None, **more):
    link(old, new, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd, **more)
    note("name", where(old, src_dir_fd), where(new, dst_dir_fd))
def replaced(old, new, *, src_dir_fd=None, dst_dir_fd=None):
    replace(old, new, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)
    note("name", where(old, src_dir_fd), where(new, dst_dir_fd))
os.fsync, os.link, os.replace = synced, linked, replaced
"""
"""Notes each sync and each new name in one file, in the workers and here."""


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    site, log = tmp_path / "site", tmp_path / "log"
    site.mkdir()
    code = NOTED.format(log=str(log))
    (site / "sitecustomize.py").write_text(code)
    monkeypatch.syspath_prepend(str(site))
    for name in ("fsync", "link", "replace"):
        monkeypatch.setattr(os, name, getattr(os, name))  # so that they are restored
    exec(code, {})  # what the workers do at their start
    return log


@pytest.mark.long
@pytest.mark.parametrize("overwrite", [False, True])
def test_an_outcome_is_recorded_and_told_after_the_content_the_name_and_the_folder_are_synced(
    tmp_path: Path, log: Path, *, overwrite: bool
) -> None:
    count = 40
    tree, out = file_trees.make(tmp_path / "in", [0] * count), tmp_path / "out"
    batch = Batch(
        (str(tree),), str(out), find("rle-lossless"), executor=ProcessPool(2, grouped=True)
    )
    if overwrite:
        for source in tree.rglob("*.dcm"):
            (out / source.relative_to(tree)).parent.mkdir(parents=True, exist_ok=True)
            (out / source.relative_to(tree)).write_bytes(b"other")
        batch = replace(batch, choice=Choice(overwrite=True))
    with opened(batch) as run:
        run.journal.base.set_trace_callback(lambda said: noted(log, said))
        for outcome in run.outcomes():
            assert outcome.status == "done", outcome.error
            append(log, f"told {outcome.destination}")
        run.journal.base.set_trace_callback(None)
    steps = log.read_text().splitlines()
    outputs = sorted(str(path) for path in out.rglob("*.dcm"))
    assert len(outputs) == count
    for output in outputs:
        check(steps, output)


def check(steps: list[str], output: str) -> None:
    """Checks the order of the steps for one output."""
    named = next(
        number for number, step in enumerate(steps) if re.fullmatch(f"name .* {output}", step)
    )
    part = steps[named].split()[1]
    content = steps.index(f"content {part}")
    folder = steps.index(f"folder {os.path.dirname(output)}", named)
    entered = steps.index(f"entered {output}")
    committed = steps.index("committed", entered)
    told = steps.index(f"told {output}")
    assert content < named < folder < entered < committed < told


def noted(log: Path, said: str) -> None:
    """Notes a statement of the journal that records an outcome, and each commit."""
    if said == "COMMIT":
        append(log, "committed")
    elif said.startswith("INSERT OR REPLACE INTO files") and "'done'" in said:
        found = re.search(r"'([^']*)', *'done'", said)
        append(log, f"entered {found[1] if found else said}")


def append(log: Path, line: str) -> None:
    with log.open("a") as file:
        file.write(line + "\n")
