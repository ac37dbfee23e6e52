"""Copies small DICOM files that come with pydicom to FOLDER/in, to try dicomtx with.

Usage: samples.py FOLDER
"""

import sys
from pathlib import Path

from pydicom.data import get_testdata_file

SAMPLES = {
    "ct.dcm": "CT_small.dcm",  # 16 bits, signed
    "mr.dcm": "MR_small.dcm",  # the same, smaller
    "us.dcm": "examples_rgb_color.dcm",  # RGB
    "echo.dcm": "examples_ybr_color.dcm",  # 30 frames of lossy JPEG
    "nm.dcm": "JPEG2000.dcm",  # lossy JPEG 2000
    "rt/dose.dcm": "rtdose.dcm",  # 32 bits per sample: few syntaxes can hold them
    "rt/plan.dcm": "rtplan.dcm",  # no image
    "rt/cut.dcm": "MR_truncated.dcm",  # damaged: its pixel data is truncated
}


def main() -> int:
    """Copies the files and prints where they are."""
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    folder = Path(sys.argv[1], "in")
    for name, bundled in SAMPLES.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        source = Path(str(get_testdata_file(bundled, download=False)))
        content = source.read_bytes()
        # clear preambles: dicomtx would warn about those that are TIFF headers
        part10 = content[128:132] == b"DICM"
        target.write_bytes(bytes(128) + content[128:] if part10 else content)
    (folder / "notes.txt").write_text("This is not a DICOM file.\n")
    print(f"Wrote {len(SAMPLES)} DICOM files and a text file to {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
