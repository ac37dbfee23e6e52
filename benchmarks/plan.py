"""Times a dry run: thousands of small generated files, headers only."""

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from pydicom import dcmread
from pydicom.data import get_testdata_file

DICOMTX = str(Path(sys.executable).parent / "dicomtx")
FILES = 3_000
ROUNDS = 3
IMAGE = "MR_small.dcm"
POLICY = """
[[policy.default.rule]]
modality = ["SR", "RT*"]
keep = "nothing to compress"
[[policy.default.rule]]
compressed = true
keep = true
[[policy.default.rule]]
bits_allocated = "> 8"
to = "jpeg2000-lossless"
[[policy.default.rule]]
to = "rle-lossless"
"""


def generate(folder: Path, count: int = FILES) -> None:
    """Writes instances of one image, each with its own UIDs."""
    data_set = dcmread(str(get_testdata_file(IMAGE, download=False)))
    for number in range(count):
        data_set.SOPInstanceUID = f"{data_set.SeriesInstanceUID}.{number}"
        data_set.file_meta.MediaStorageSOPInstanceUID = data_set.SOPInstanceUID
        data_set.InstanceNumber = number
        place = folder / f"{number // 500:02}"
        place.mkdir(exist_ok=True)
        data_set.save_as(place / f"{number:05}.dcm")


def seconds(command: Sequence[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def lines(folder: str, *, quick: bool = False) -> list[str]:
    """Returns the table."""
    count = 500 if quick else FILES
    tree, policy = Path(folder) / "tree", Path(folder) / "policy.toml"
    tree.mkdir()
    generate(tree, count)
    policy.write_text(POLICY)
    commands = {
        "`plan --to rle --json`": ["--to", "rle", "--json"],
        "`plan --policy FILE --json`": ["--policy", str(policy), "--json"],
        "`plan --policy FILE`": ["--policy", str(policy)],
    }
    found = ["| dry run | files | seconds | files/s |", "|---|---|---|---|"]
    for name, options in commands.items():
        command = [DICOMTX, "plan", str(tree), *options]
        spent = statistics.median(seconds(command) for _ in range(ROUNDS))
        found.append(f"| {name} | {count} | {spent:.2f} | {count / spent:.0f} |")
    return found
