"""Converts real images to several syntaxes and prints a table of the results: ``make demo``.

Usage: demo.py [FOLDER]. The files are written to FOLDER, by default ``demo-output``.
"""

import json
import subprocess
import sys
from pathlib import Path
from shutil import get_terminal_size
from textwrap import fill
from typing import Any

from pydicom.data import get_testdata_file

IMAGES = {
    "CT_small.dcm": "CT, 16 bits, signed",
    "MR_small.dcm": "MR, 16 bits, signed",
    "examples_rgb_color.dcm": "colour, native",
    "examples_palette.dcm": "palette colour",
    "emri_small.dcm": "MR, 10 frames",
    "examples_jpeg2k.dcm": "colour, JPEG 2000",
    "SC_rgb_dcmtk_+eb+cy+np.dcm": "colour, JPEG, YCbCr",
    "JPEG-LL.dcm": "nuclear medicine, JPEG Lossless",
}
TARGETS = (
    "explicit",
    "deflated",
    "rle",
    "jpeg-lossless-sv1",
    "jpeg-ls-lossless",
    "jpeg2000-lossless",
    "htj2k-lossless",
    "jpeg-xl-lossless",
)
ROW = "{:17} {:>7} {:>6}  {:14} {}"  # 60 columns
WIDTH = min(80, get_terminal_size().columns)


def bundled(name: str) -> Path:
    """Returns the path of an image that pydicom bundles."""
    return Path(str(get_testdata_file(name, download=False)))


def convert(source: Path, destination: Path, target: str) -> dict[str, Any]:
    """Converts one file and returns the outcome of ``dicomtx convert --json``."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "dicomtx", "convert", source, destination),
            *("--to", target, "--overwrite", "--json"),
        ],
        capture_output=True,
        check=False,
    )
    if not done.stdout:
        sys.exit(done.stderr.decode())
    outcome: dict[str, Any] = json.loads(done.stdout)
    return outcome


def row(outcome: dict[str, Any], target: str) -> str:
    """Returns the line of a result: syntax, size, ratio, codecs, verification."""
    if outcome["status"] not in ("done", "kept"):
        reason = str(outcome["error"]).removeprefix(f"{outcome['path']}: ")
        return fill(
            f"{target:17}  {outcome['status']}: {reason}",
            WIDTH,
            subsequent_indent=" " * 19,
            break_on_hyphens=False,
        )
    codecs = dict.fromkeys(filter(None, (outcome["decoder"], outcome["encoder"])))
    ratio = outcome["bytes_in"] / outcome["bytes_out"]
    sizes = (f"{outcome['bytes_out']:,}", f"{ratio:.2f}")
    return ROW.format(target, *sizes, outcome["verification"], " > ".join(codecs)).rstrip()


def main() -> int:
    """Returns 1 if a conversion failed. An image that a syntax cannot hold is not a failure."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "demo-output")
    failed = 0
    for name, what in IMAGES.items():
        source = bundled(name)
        print(f"{name}: {what}, {source.stat().st_size:,} bytes", flush=True)
        print(ROW.format("to", "bytes", "ratio", "verified", "codecs"))
        for target in TARGETS:
            outcome = convert(source, folder / source.stem / f"{target}.dcm", target)
            failed += outcome["status"] == "failed"
            print(row(outcome, target), flush=True)
        print()
    print(f"The files are in {folder}. dicomtx has verified each of them.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
