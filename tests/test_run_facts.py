"""What a report says about its run."""

import re
import shlex

from dicomtx.run_facts import run_facts
from dicomtx.version import __version__


def test_the_command_can_be_pasted_into_a_shell() -> None:
    arguments = ["batch", "my files", "out", "--to", "rle"]
    run = run_facts(arguments, ["my files"], "out")
    assert shlex.split(run.command) == ["dicomtx", *arguments]
    assert (run.sources, run.destination, run.version) == (("my files",), "out", __version__)


def test_the_time_has_the_offset_from_utc() -> None:
    started = run_facts([], [], "").started
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", started)
