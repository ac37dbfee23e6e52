"""How the cost of hostile files grows from n to 4n: counted, so a busy machine changes nothing.

Usage: python -m benchmarks.growth [N]
"""

import sys
import tempfile
from pathlib import Path

from dicomtx import transcode
from dicomtx.workflows.info import describe
from tests.test_growth import INPUTS, compared, work


def converted(path: str) -> None:
    """Converts to implicit VR, which writes each header anew."""
    transcode(path, f"{path}.out", to="implicit", check=False, overwrite=True)


COMMANDS = {"info": describe, "convert": converted, "compare": compared}
HEAD = ("input", "command", "bytes, 4n", "calls, n", "calls, 4n", "growth", "read, growth")


def rows(size: int) -> list[tuple[str, ...]]:
    """Returns a row for each input and command: work at n, at 4n, and how it grew."""
    found: list[tuple[str, ...]] = [HEAD]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "in.dcm"
        for name, make in INPUTS.items():
            for command, function in COMMANDS.items():
                done = []
                for count in (10, size, 4 * size):  # the first one imports
                    path.write_bytes(make(count))
                    done.append(work(function, str(path)))
                _, once, four = done
                told = (f"{four.calls / once.calls:.2f}", f"{four.read / once.read:.2f}")
                sizes = (str(path.stat().st_size), str(once.calls), str(four.calls))
                found.append((name, command, *sizes, *told))
    return found


def main(size: int) -> None:
    """Prints the table; a growth above 4 is more than linear."""
    for row in rows(size):
        sys.stdout.write(
            f"{row[0]:30}{row[1]:10}" + "".join(f"{cell:>14}" for cell in row[2:]) + "\n"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 4000)
