"""What is tortured: commands, what they start from, and what must be true whenever they end."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dicomtx.storage.part_files import is_ours
from dicomtx.workflows.batch.journal import START
from dicomtx.workflows.export import append_journal
from tests import file_trees
from tests.dicom.builder import image, native, part10, text

ROUNDS: Final = int(os.environ.get("ROUNDS", "12"))
FILES: Final = 4
ROOT: Final = Path(__file__).parents[2]
UID_MAP: Final = "out/uids.tsv"  # that of an interrupted run has the files that are done
QUIET: Final = ("--quiet", "--to", "rle")


def instance(number: int) -> bytes:
    """Returns a file that can be exported to media: a study of its own, 64 x 64 pixels."""
    uid = f"1.2.3.{number}"
    pixels = bytes((number * 7 + n * n) % 251 for n in range(64 * 64))
    return part10(
        "explicit",
        text(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.7"),
        text(0x00080018, "UI", uid),
        text(0x00080020, "DA", "20200101"),
        text(0x00080030, "TM", "120000"),
        text(0x00080060, "CS", "OT"),
        text(0x00100020, "LO", "P1"),
        text(0x0020000D, "UI", "1.2.3"),
        text(0x0020000E, "UI", "1.2.4"),
        text(0x00200010, "SH", "1"),
        text(0x00200011, "IS", "1"),
        text(0x00200013, "IS", str(number)),
        native(image(64, 64), pixels),
    )


@dataclass
class Workload:
    """A command in a folder.

    Attributes:
        arguments: of the command, given the folder.
        first: what is done before, once: such as a File-set to append to.
        in_place: the sources are what is written.
    """

    arguments: Callable[[Path], list[str]]
    first: Callable[[Path], list[str]] | None = None
    in_place: bool = False


def _append(folder: Path, place: str) -> list[str]:
    options = ["--reproducible", "--quiet", "--jobs", "1"]
    return ["export", "media", str(folder / place), str(folder / "out" / "cd"), *options]


WORKLOADS: Final[Mapping[str, Workload]] = {
    "convert": Workload(
        lambda at: ["convert", f"{at}/in/0.dcm", f"{at}/out/0.dcm", "--overwrite", *QUIET]
    ),
    "in place": Workload(
        lambda at: ["convert", f"{at}/in/0.dcm", "--in-place", *QUIET], in_place=True
    ),
    "batch": Workload(lambda at: ["batch", f"{at}/in", f"{at}/out/tree", "--jobs", "2", *QUIET]),
    "batch in place": Workload(
        lambda at: [
            *("batch", f"{at}/in", "--in-place", "--journal", f"{at}/j/j.sqlite"),
            *("--jobs", "2", "--quiet", "--to", "jpeg-ls-near-lossless", "--near", "2"),
            *("--allow-lossy-in-place", "--uid", "derived", "--uid-map", f"{at}/{UID_MAP}"),
        ],
        in_place=True,
    ),
    "export": Workload(
        lambda at: [
            *("export", "archive", f"{at}/in", f"{at}/out/a.zip", "--overwrite"),
            *("--reproducible", "--jobs", "2", *QUIET),
        ]
    ),
    "append": Workload(
        lambda at: [*_append(at, "in"), "--append"], first=lambda at: _append(at, "before")
    ),
}


class Commands:
    """Runs commands in forked processes."""

    def __init__(self, preload: str = "") -> None:
        env = os.environ | {"OPENBLAS_NUM_THREADS": "1", "LD_PRELOAD": preload}
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.torture.command_server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=env | {"DICOMTX_CONFIG": "/dev/null", "TMPDIR": "/tmp"},
        )

    def start(self, arguments: list[str], out: Path, **environment: str) -> int:
        """Begins a command and returns its process id."""
        command = {"arguments": arguments, "environment": environment, "out": str(out)}
        assert self._server.stdin
        self._server.stdin.write(json.dumps(command) + "\n")
        self._server.stdin.flush()
        return self._answer()

    def end(self) -> int:
        """Returns the exit code of the command that was begun last."""
        return self._answer()

    def run(self, arguments: list[str], out: Path, **environment: str) -> int:
        """Runs a command and returns its exit code."""
        self.start(arguments, out, **environment)
        return self.end()

    def _answer(self) -> int:
        assert self._server.stdout
        return int(self._server.stdout.readline())

    def close(self) -> None:
        """Ends the server."""
        assert self._server.stdin
        self._server.stdin.close()
        self._server.wait()


@contextmanager
def commands(preload: str = "") -> Iterator[Commands]:
    """Yields what runs commands."""
    server = Commands(preload)
    try:
        yield server
    finally:
        server.close()


class Round:
    """One folder that is made anew for each round, and what must be in it."""

    def __init__(self, workload: Workload, at: Path, commands: Commands) -> None:
        self.workload, self.at = workload, at
        self.arguments = workload.arguments(at)
        self._commands, self._first = commands, at.with_name("first")
        self.out = at.with_name("printed")
        self._make(at)
        if workload.first:
            assert commands.run(workload.first(at), self.out) == 0, self.out.read_text()
        shutil.copytree(at, self._first)
        self.before = content(at)
        assert commands.run(self.arguments, self.out) == 0, self.out.read_text()
        self.after = content(at)

    def _make(self, at: Path) -> None:
        for name in ("in", "before", "out", "j"):
            (at / name).mkdir(parents=True)
        for number in range(FILES):
            (at / "in" / f"{number}.dcm").write_bytes(instance(number))
        (at / "before" / "b.dcm").write_bytes(instance(FILES))

    def reset(self) -> None:
        """Makes the folder as it was."""
        shutil.rmtree(self.at)
        shutil.copytree(self._first, self.at)

    def wrong(self) -> dict[str, str]:
        """Returns what is lost or corrupt: neither as it was nor as it is to be."""
        found = content(self.at)
        wrong = {
            name: "corrupt"
            for name, data in found.items()
            if data not in (self.before.get(name), self.after.get(name))
            and not (
                name == UID_MAP and set(data.splitlines()) <= set(self.after[name].splitlines())
            )
        }
        lost = {name: "lost" for name in self.before if name not in found}
        return wrong | lost

    def unfinished(self) -> list[str]:
        """Returns what is not yet as it is to be."""
        found = content(self.at)
        return [name for name in self.after if self.after[name] != found.get(name)]

    def rerun(self) -> dict[str, str]:
        """Runs the command once more, and returns what is not as it should be then."""
        again = ["--retry-failed"] if self.arguments[0] == "batch" else []
        code = self._commands.run([*self.arguments, *again], self.out)
        found = content(self.at)
        wrong = dict.fromkeys(self.unfinished(), "not as it should be")
        left = {name: "left over" for name in [*found, *ours(self.at)] if name not in self.after}
        ended = {} if code == 0 else {"exit code": f"{code}: {self.out.read_text()[-300:]}"}
        return wrong | left | ended


def content(folder: Path) -> dict[str, bytes]:
    """Returns all files with a final name; not those of a batch or in the making."""
    return {
        name: data
        for name, data in file_trees.content(folder).items()
        if not in_the_making(name) and START not in f"/{name}" and name[:2] != "j/"
    }


def ours(folder: Path) -> list[str]:
    """Returns what is in the making."""
    return [
        os.path.relpath(os.path.join(at, name), folder)
        for at, folders, files in os.walk(folder)
        for name in folders + files
        if in_the_making(name)
    ]


def in_the_making(path: str) -> bool:
    """Whether a file or folder belongs to a run that has not ended."""
    names = path.split("/")
    return names[-1] == append_journal.NAME or any(map(is_ours, names))
