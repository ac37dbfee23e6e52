"""Converts real images to several syntaxes and prints a table of the results: ``make demo``.

Usage: demo.py [FOLDER]. The files are written to FOLDER, by default ``demo-output``.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from pydicom.data import get_testdata_file
from rich.console import Console
from rich.table import Table

IMAGES = {
    "CT_small.dcm": "CT, 16 bits, signed",
    "MR_small.dcm": "MR, 16 bits, signed",
    "examples_rgb_color.dcm": "colour ultrasound, native",
    "examples_palette.dcm": "palette colour",
    "emri_small.dcm": "MR, 10 frames",
    "examples_jpeg2k.dcm": "colour, JPEG 2000",
    "SC_rgb_dcmtk_+eb+cy+np.dcm": "colour, JPEG, YCbCr",
    "JPEG-LL.dcm": "nuclear medicine, JPEG Lossless",
}
TARGETS = (
    "explicit-vr-little-endian",
    "deflated-explicit-vr-little-endian",
    "rle-lossless",
    "jpeg-lossless-sv1",
    "jpeg-ls-lossless",
    "jpeg2000-lossless",
    "htj2k-lossless",
    "jpeg-xl-lossless",
)


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


def row(outcome: dict[str, Any], target: str) -> list[str]:
    """Returns the cells of the table: syntax, size, ratio, codecs, verification."""
    if outcome["status"] not in ("done", "kept"):
        reason = str(outcome["error"]).removeprefix(f"{outcome['path']}: ")
        return [target, "-", "-", "-", f"{outcome['status']}: {reason}"]
    codecs = " > ".join(outcome[side] or "-" for side in ("decoder", "encoder"))
    ratio = outcome["bytes_in"] / outcome["bytes_out"]
    size = f"{outcome['bytes_out']:,}"
    return [target, size, f"{ratio:.2f}", codecs, outcome["verification"]]


def main() -> int:
    """Returns 1 if a conversion failed. An image that a syntax cannot hold is not a failure."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "demo-output")
    failed = 0
    console = Console(width=None if sys.stdout.isatty() else 130)
    for name, what in IMAGES.items():
        source = bundled(name)
        size = source.stat().st_size
        table = Table(title=f"{name}: {what}, {size:,} bytes", title_justify="left")
        table.add_column("target syntax", no_wrap=True)
        table.add_column("bytes", justify="right", no_wrap=True)
        table.add_column("ratio", justify="right", no_wrap=True)
        table.add_column("decoder > encoder", no_wrap=True)
        table.add_column("verification")
        for target in TARGETS:
            outcome = convert(source, folder / source.stem / f"{target}.dcm", target)
            failed += outcome["status"] == "failed"
            table.add_row(*row(outcome, target))
        console.print(table)
    console.print(
        f"The files are in {folder}/. Each was decoded again and compared with its source."
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
