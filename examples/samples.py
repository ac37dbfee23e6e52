"""Copies a few small DICOM files that come with pydicom into a folder, to try dicomtx on.

Usage: samples.py FOLDER; the files go to FOLDER/in, as a small archive.
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
    "rt/dose.dcm": "rtdose.dcm",  # 32 bits a sample: few syntaxes can hold it
    "rt/plan.dcm": "rtplan.dcm",  # no image at all
    "rt/cut.dcm": "MR_truncated.dcm",  # damaged: its pixels end too early
}


def main() -> int:
    """Copies them, and says where they are."""
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    folder = Path(sys.argv[1], "in")
    for name, bundled in SAMPLES.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        source = Path(str(get_testdata_file(bundled, download=False)))
        content = source.read_bytes()
        # some hold a TIFF as well, of which dicomtx would warn each time
        part10 = content[128:132] == b"DICM"
        target.write_bytes(bytes(128) + content[128:] if part10 else content)
    (folder / "notes.txt").write_text("This is no DICOM file.\n")
    print(f"{len(SAMPLES)} DICOM files, and one that is none, are in the folder {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
