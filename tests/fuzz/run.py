"""Runs what is fuzzed over given inputs, within limits of time and memory; names the culprit.

Usage: python -m tests.fuzz.run kept | mutations SEED COUNT | FILE...
"""

import resource
import signal
import sys
import warnings
from collections.abc import Iterable
from pathlib import Path

from tests.fuzz.seeds import kept, mutations
from tests.fuzz.targets import decode, read, transcode

SECONDS = 10  # for one input; a signal ends the process, whatever native code does
MEMORY = 512 << 20  # more than what is mapped once all is imported


def _mapped() -> int:
    """Returns the bytes of address space that this process has."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
    return int(pages) * resource.getpagesize()


def run(inputs: Iterable[tuple[str, bytes]]) -> None:
    """Gives every input to every target; what is being done is the last line printed."""
    limit = _mapped() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    warnings.simplefilter("ignore")
    for name, data in inputs:
        for target in (read, decode, transcode):
            sys.stdout.write(f"{target.__name__} {name}\n")
            sys.stdout.flush()
            signal.alarm(SECONDS)
            target(data)
            signal.alarm(0)


def main(arguments: list[str]) -> None:
    """Chooses the inputs."""
    match arguments:
        case ["kept"]:
            run(kept().items())
        case ["mutations", seed, count]:
            run(mutations(int(seed), int(count)))
        case files:
            run((path, Path(path).read_bytes()) for path in files)


if __name__ == "__main__":
    main(sys.argv[1:])
