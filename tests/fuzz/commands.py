"""Fuzzes whole commands: info, convert, compare, plan, the survey of an export, and layouts.

Usage: python -m tests.fuzz.commands SECONDS FOLDER [SEED]
       python -m tests.fuzz.commands again NUMBER FILE

Each input goes through the commands in a child of its own, with limits of memory and time. An input
that ends in a traceback, a signal or a limit is kept in FOLDER, with a report. Its number is the
seed that makes it again; ``again`` gives a kept file to the commands without limits.
"""

import os
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any, Final

import dicomtx
from dicomtx import settings, transfer_syntaxes
from dicomtx.engine.planning.policy import OneTarget
from dicomtx.errors import DicomtxError, ExitCode
from dicomtx.storage.local_file import LocalFile
from dicomtx.workflows import info
from dicomtx.workflows.compare import compare
from dicomtx.workflows.compare.result import Comparing
from dicomtx.workflows.convert.convert import convert
from dicomtx.workflows.convert.request import Request
from dicomtx.workflows.export import survey
from dicomtx.workflows.export.catalogue import Catalogue
from dicomtx.workflows.inputs import arguments as tree
from dicomtx.workflows.inputs import layout
from dicomtx.workflows.preview import dry_run
from tests.fuzz.seeds import cases, kept, mutated, seeds

SECONDS: Final = 20  # of CPU time, for all commands over one input
PATIENCE: Final = 300  # of wall time: the machine may be busy
MEMORY: Final = 1 << 30  # more than what is mapped once all is imported
EVERY: Final = 60  # seconds between two lines of progress
TEMPLATE: Final = "{PatientName}/{StudyDate}-{SeriesNumber}/{SOPInstanceUID}.dcm"
OPTIONS: Final[dict[str, tuple[Any, ...]]] = {
    "salvage": (True, False),
    "repair": (True, False),
    "strict": (True, False, False, False),
    "verify": (True, True, False),
    "overlays": settings.FIELDS["overlays"].allowed,
    "keep_colour_space": (True, False),
    "palette": settings.FIELDS["palette"].allowed,
    "allow_generation_loss": (True, True, False),
    "allow_lossy_class": (True, True, False),
    "uid": settings.FIELDS["uid"].allowed,
    "fallback": ((), ("deflated-image-frame",), ("rle", "explicit")),
    "reversible": (False, False, False, True),
}
GOALS: Final = {
    "quality": (1, 50, 90, 100),
    "near": (0, 1, 3, 255),
    "ratio": (1.5, 20.0),
    "psnr": (30.0, 60.0),
    "max_error": (0, 2, 100),
}
TARGETS: Final = tuple(transfer_syntaxes.slugs())


def _options(random: Random) -> dict[str, Any]:
    """Returns a few random options of a conversion."""
    chosen = random.sample(sorted(OPTIONS), random.randint(0, 4))
    options = {name: random.choice(OPTIONS[name]) for name in chosen}
    if random.random() < 0.3:
        goal = random.choice(sorted(GOALS))
        options[goal] = random.choice(GOALS[goal])
    return {"codecs": ("imagecodecs", "openjpeg"), "threads": 1, "min_psnr": 1.0} | options


def _info(path: str, _random: Random) -> None:
    info.describe(path)


def _convert(path: str, random: Random) -> None:
    target, options = random.choice(TARGETS), _options(random)
    sys.stdout.write(f"convert --to {target} {options}\n")
    wanted = settings.load(None, {}, **options)
    output = os.path.join(os.path.dirname(path), "output")
    done = convert(
        Request(LocalFile(path), output, transfer_syntaxes.find(target), settings=wanted)
    )
    assert bool(done.error) != os.path.exists(output), "an error and an output, or neither"
    if not done.error:
        assert info.describe(output).bytes == done.bytes_out


def _compare(path: str, _random: Random) -> None:
    for other in ("output", "original"):
        beside = os.path.join(os.path.dirname(path), other)
        if os.path.exists(beside):
            compare.compare(Comparing(path, beside))


def _plan(path: str, random: Random) -> None:
    target = transfer_syntaxes.find(random.choice(TARGETS))
    wanted = settings.load(None, {}, **_options(random))
    list(dry_run.dry_run(dry_run.Asked((path,), OneTarget(target), wanted)))


def _survey(path: str, random: Random) -> None:
    target = transfer_syntaxes.find(random.choice(TARGETS))
    rules = survey.SurveyRules(target, settings.load(None, {}), directory=random.random() < 0.5)
    with Catalogue() as catalogue:
        list(survey.survey(tree.find((path,), tree.Selection()), catalogue, rules))


def _layout(path: str, _random: Random) -> None:
    layout.place_of(layout.Layout.parse(TEMPLATE), LocalFile(path))


COMMANDS: Final[tuple[Callable[[str, Random], None], ...]] = (
    _info,
    _convert,
    _compare,
    _plan,
    _survey,
    _layout,
)


def inputs(first: int) -> Iterator[tuple[int, str, bytes, bytes]]:
    """Yields number, name, mutated bytes and original bytes of each input."""
    every = sorted({**seeds(), **kept(), **cases()}.items())
    number = first
    while True:
        random = Random(number)
        name, data = random.choice(every)
        yield number, name, mutated(data, random), data
        number += 1


def _try(number: int, path: str) -> None:
    """Gives one file to every command; only what a user may be told is caught."""
    random = Random(number)
    warnings.simplefilter("ignore")
    for command in COMMANDS:
        sys.stdout.write(f"{command.__name__}\n")
        sys.stdout.flush()
        try:
            command(path, random)
        except DicomtxError as error:
            if error.exit_code == ExitCode.BUG:
                raise


def _child(number: int, path: str, report: str) -> None:
    """Tries one input within limits, and ends the process."""
    fd = os.open(report, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    os.dup2(fd, 1)
    os.dup2(fd, 2)
    limit = _mapped() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.alarm(PATIENCE)
    code = 1
    try:
        _try(number, path)
        code = 0
    except BaseException:  # noqa: BLE001 - whatever it is, it was not to be
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _mapped() -> int:
    """Returns the bytes of address space that this process has."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
    return int(pages) * resource.getpagesize()


def _told(status: int, report: str) -> str:
    """Returns what went wrong in one line: the limit or signal, or the end of the traceback."""
    lines = [line for line in report.splitlines() if line.strip()]
    if os.WIFSIGNALED(status):
        command = next((line for line in reversed(lines) if line.startswith("_")), "")
        return f"{signal.Signals(os.WTERMSIG(status)).name} in {command}"
    places = [line.strip() for line in lines if line.lstrip().startswith("File ")]
    ours = [line for line in places if "/dicomtx/dicomtx/" in line or "/dicomtx/" in line]
    where = (ours or places or [""])[-1].rpartition("/")[2]
    return f"{lines[-1] if lines else status}: {where}"


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def run(seconds: float, folder: Path, first: int) -> None:
    """Tries inputs until the time is up; each fault is kept once for each place that it is in."""
    folder.mkdir(parents=True, exist_ok=True)
    began, tried, told = time.monotonic(), 0, time.monotonic()
    found: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as work:
        path, report = os.path.join(work, "input"), os.path.join(work, "report")
        for number, name, data, original in inputs(first):
            Path(path).write_bytes(data)
            Path(work, "original").write_bytes(original)
            Path(work, "output").unlink(missing_ok=True)
            child = os.fork()
            if not child:
                _child(number, path, report)
            _, status = os.waitpid(child, 0)
            tried += 1
            if status:
                text = Path(report).read_text(encoding="utf-8", errors="replace")
                what = _told(status, text)
                found[what] += 1
                if found[what] == 1:
                    (folder / f"{number}.dcm").write_bytes(data)
                    (folder / f"{number}.txt").write_text(f"{name}\n{what}\n{text}")
                    _say(f"{number} of {name}: {what}")
            if time.monotonic() - told > EVERY:
                told = time.monotonic()
                _say(f"{tried} inputs in {told - began:.0f} s, {len(found)} faults")
            if time.monotonic() - began > seconds:
                break
    _say(f"{tried} inputs, {sum(found.values())} of them with one of {len(found)} faults")
    for what, count in found.most_common():
        _say(f"{count:6} {what}")
    sys.exit(1 if found else 0)


def main(arguments: list[str]) -> None:
    """Imports what the commands import late, so that no child does it again, and runs."""
    assert dicomtx
    small = next(data for name, data in seeds().items() if name == "MR_small.dcm")
    with tempfile.TemporaryDirectory() as work:
        path = os.path.join(work, "input")
        Path(path).write_bytes(small)
        for target in ("jpeg2000-lossless", "jpeg-ls-lossless", "jpeg-xl", "rle"):
            dicomtx.transcode(path, os.path.join(work, target), to=target, check=False, threads=1)
        for command in COMMANDS:
            command(path, Random(0))
    if arguments[0] == "again":
        with tempfile.TemporaryDirectory() as work:
            copied = os.path.join(work, "input")
            Path(copied).write_bytes(Path(arguments[2]).read_bytes())
            _try(int(arguments[1]), copied)
        return
    seconds, folder, *seed = arguments
    run(float(seconds), Path(folder), int(seed[0]) if seed else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
