"""A program on the Python API: plans an archive, converts it, and looks at the pixels.

``python archive_report.py FOLDER NEW`` converts the DICOM files of FOLDER to JPEG-LS, and prints
what was planned, what happened, and the range of the values of each result.
"""

import sys
from collections import Counter
from pathlib import Path

import dicomtx

TARGET = "jpeg-ls-lossless"


def planned(files: list[Path]) -> Counter[str]:
    """Returns how many files would be encoded, copied, kept, refused, ..."""
    return Counter(dicomtx.plan(file, to=TARGET).action or "unreadable" for file in files)


def values(file: str) -> tuple[int, int, int]:
    """Returns the number of frames, and the smallest and the largest value."""
    count, low, high = 0, sys.maxsize, -sys.maxsize
    for frame in dicomtx.frames(file):  # one frame in memory at a time
        count, low, high = count + 1, min(low, int(frame.min())), max(high, int(frame.max()))
    return count, low, high


def main(folder: str, new: str) -> int:
    """Converts a folder and returns 1 if a file failed."""
    plans = planned(sorted(Path(folder).rglob("*.dcm")))
    print("planned:", ", ".join(f"{count} {action}" for action, count in sorted(plans.items())))
    wrong = 0
    for outcome in dicomtx.batch(folder, new, to=TARGET, only_if_smaller=True):
        if outcome.error:
            wrong += 1
            print(f"{outcome.path}: {outcome.error}")
        elif outcome.status == "done":
            count, low, high = values(outcome.destination)
            saved = 100 * (1 - outcome.bytes_out / outcome.bytes_in)
            print(f"{outcome.path}: {count} frames from {low} to {high}, {saved:.0f} % smaller")
        else:
            print(f"{outcome.path}: {outcome.status}: {'; '.join(outcome.warnings)}")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
