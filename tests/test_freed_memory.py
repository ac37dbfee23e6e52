"""Memory that large frames leave behind: kept for the next frame, returned when it was granted."""

import subprocess
import sys

SIZE = 20 << 20
SCRIPT = f"""
import resource
from dicomtx.resources import keep_freed_memory, return_freed_memory

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def frame():
    return [b"x" * {SIZE} for _ in range(4)]

def held():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()

{{prepare}}
frame()
before = faults()
for _ in range(10):
    frame()
print(faults() - before, end=" ")
before = held()
return_freed_memory()
print(before - held())
"""
PAGES = SIZE // 4096


def measured(prepare: str) -> tuple[int, int]:
    """Returns the page faults of ten frames after the first, and the bytes then returned."""
    script = SCRIPT.format(prepare=prepare)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    faults, returned = map(int, done.stdout.split())
    return faults, returned


def test_the_next_frame_uses_the_pages_of_the_one_before() -> None:
    faults, returned = measured("keep_freed_memory()")
    assert faults < PAGES
    assert returned > 3 * SIZE


def test_it_would_be_read_again_from_the_system_otherwise() -> None:
    assert measured("")[0] > 10 * PAGES
