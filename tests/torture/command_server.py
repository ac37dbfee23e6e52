"""``python -m tests.torture.command_server``: runs commands without the time that a start takes.

Each line of standard input is a JSON object: ``arguments`` and ``environment``, and ``out``, the
file for what is printed. The command runs in a forked process and process group. The answers are
two lines: its process id, then its exit code, negative for a signal.
"""

import ctypes
import json
import os
import sys
from contextlib import suppress
from typing import Any

from dicomtx.cli import main


def warm() -> None:
    """Imports what the commands need."""
    import dicomtx.cli.batch
    import dicomtx.cli.convert
    import dicomtx.cli.export
    import dicomtx.codecs.imagecodecs.lossless
    import dicomtx.workflows.batch.batch
    import dicomtx.workflows.convert.convert
    import dicomtx.workflows.export.export  # noqa: F401


def run(command: dict[str, Any]) -> None:
    """Runs a command, and ends this process with its exit code."""
    os.setpgid(0, 0)
    os.environ.update(command["environment"])
    with suppress(AttributeError):  # it is there only if the library is preloaded
        ctypes.CDLL(None).fault_arm()
    out = os.open(command["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(out, 1)
    os.dup2(out, 2)
    code = 70
    try:
        code = main(command["arguments"])
    except SystemExit as end:
        code = int(end.code or 0)
    except KeyboardInterrupt:  # before the command can handle it, or after its end
        code = 130
    finally:
        os._exit(code)


if __name__ == "__main__":
    warm()
    for line in sys.stdin:
        child = os.fork()
        if not child:
            run(json.loads(line))
        with suppress(OSError):
            os.setpgid(child, child)
        os.write(1, b"%d\n" % child)
        os.write(1, b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
