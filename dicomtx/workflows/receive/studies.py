"""Runs a command for each study that is complete: no instance has arrived for some time."""

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, Final, NamedTuple

from dicomtx.processes.child_process import TAIL, ending_of, one_line
from dicomtx.workflows.receive.received import Received
from dicomtx.workflows.receive.staging import is_uid

PLACEHOLDERS: Final = ("{dir}", "{study_uid}")


@dataclass
class _Study:
    """A study that is not complete: its folder, the last arrival, and instances in progress."""

    folder: str
    last: float
    waiting: int = 0


class _Run(NamedTuple):
    """A command that runs for a study, and the file with its output."""

    uid: str
    process: "subprocess.Popen[bytes]"
    output: IO[bytes]


class Studies:
    """The studies that arrive, and the commands that run."""

    def __init__(
        self,
        command: Sequence[str],
        idle: float,
        folder_of: Callable[[str], str],
        note: Callable[[str], None],
    ) -> None:
        """Prepares to run a command.

        Args:
            command: its arguments, in which ``PLACEHOLDERS`` are replaced. No shell is used.
            idle: seconds without a new instance after which a study is complete.
            folder_of: returns the folder of a study, from the path of an instance.
            note: called with a line for the log.
        """
        self._command = command
        self._idle = idle
        self._folder_of = folder_of
        self._note = note
        self._studies: dict[str, _Study] = {}
        self._running: list[_Run] = []

    def arrived(self, record: Received, *, waits: bool = False) -> None:
        """Notes an instance that was stored. ``waits``: it is still to be transcoded."""
        uid = record.study_instance_uid
        study = self._studies.setdefault(uid, _Study(self._folder_of(record.path), 0.0))
        study.last = time.monotonic()
        study.waiting += waits

    def ended(self, record: Received) -> None:
        """Notes that an instance that waited is transcoded, or never will be."""
        study = self._studies.get(record.study_instance_uid)
        if study is None:  # of an earlier run
            self.arrived(record)
        else:
            study.waiting = max(0, study.waiting - 1)
            study.last = time.monotonic()

    def tick(self) -> None:
        """Starts the command for the studies that are complete, and reports what failed."""
        now = time.monotonic()
        for uid, study in list(self._studies.items()):
            if not study.waiting and now - study.last >= self._idle:
                del self._studies[uid]
                self._start(uid, study.folder)
        self._reap()

    def _start(self, uid: str, folder: str) -> None:
        if not is_uid(uid):
            self._note("--exec-on-study: a study without a valid UID is left out")
            return
        values = dict(zip(PLACEHOLDERS, (folder, uid), strict=True))
        arguments = [_filled(part, values) for part in self._command]
        output = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the process has ended
        try:
            process = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            output.close()
            self._note(f"--exec-on-study: study {uid}: {arguments[0]}: {error}")
            return
        self._running.append(_Run(uid, process, output))

    def _reap(self) -> None:
        """Reports the commands that failed, with the last line that each printed."""
        for run in [run for run in self._running if run.process.poll() is not None]:
            self._running.remove(run)
            status = run.process.returncode
            if status:
                self._note(
                    f"--exec-on-study: study {run.uid}: the command"
                    f" {ending_of(status)}: {_last_line(run.output)}"
                )
            run.output.close()

    def close(self) -> None:
        """Waits for the commands that run, and names the studies that are not complete."""
        for uid in self._studies:
            self._note(f"--exec-on-study: study {uid} is not complete; its command did not run")
        for run in self._running:
            run.process.wait()
        self._reap()


def _filled(part: str, values: dict[str, str]) -> str:
    """Returns an argument with its placeholders replaced, once."""
    for name, value in values.items():
        before, found, after = part.partition(name)
        if found:
            return _filled(before, values) + value + _filled(after, values)
    return part


def _last_line(output: IO[bytes]) -> str:
    """Returns the last line of an output, shortened."""
    output.seek(max(0, output.seek(0, os.SEEK_END) - TAIL))
    lines = output.read().decode(errors="replace").split("\n")
    return next((one_line(line) for line in reversed(lines) if line.strip()), "no output")


def study_folder(path: str, levels: int) -> str:
    """Returns the folder so many levels above a file."""
    for _ in range(levels):
        path = os.path.dirname(path)
    return path
