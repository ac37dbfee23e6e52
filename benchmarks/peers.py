"""The commands of other tools that convert a folder of files, for the same transfer syntax.

Two peers are installed in a folder of their own by ``make bench-peers``, so that nothing else of
this environment changes: pyjpegls, with which pydicom encodes JPEG-LS, and dcmjs-codecs.
"""

import os
import shutil
import sys
from pathlib import Path
from typing import Final

from dicomtx.transfer_syntaxes import find

INSTALLED: Final = Path(sys.prefix) / "peers"
PYTHON: Final = INSTALLED / "python"
DCMJS: Final = INSTALLED / "node_modules" / "dcmjs-codecs"
WORKERS: Final = len(os.sched_getaffinity(0))
PYDICOM: Final = """
import sys
from pathlib import Path
sys.path.append(sys.argv.pop())
from pydicom import dcmread
from pydicom.uid import UID
source, out, syntax = Path(sys.argv[1]), Path(sys.argv[2]), UID(sys.argv[3])
for path in sorted(source.iterdir()):
    data_set = dcmread(path)
    if syntax.is_compressed:
        data_set.compress(syntax, generate_instance_uid=False)
    data_set.file_meta.TransferSyntaxUID = syntax
    data_set.save_as(out / path.name)
"""
"""What a Python user would write instead. It does not verify, and uses one process."""
TOOLS: Final = {
    "implicit-vr-little-endian": ("gdcmconv -w -M", "dcmconv +ti"),
    "rle-lossless": ("gdcmconv -R", "dcmcrle"),
    "jpeg-lossless-sv1": ("gdcmconv -J", "dcmcjpeg +e1"),
    "jpeg-ls-lossless": ("gdcmconv -L", "dcmcjpls"),
    "jpeg2000-lossless": ("gdcmconv -K", ""),
}
"""gdcmconv and DCMTK's program. DCMTK has no JPEG 2000."""
NOT_IN_PYDICOM: Final = ("jpeg-lossless-sv1",)
MISSING: Final = "A dash: the tool has no such syntax, or is not installed (`make bench-peers`)."


def xargs(to: str, source: Path, out: Path) -> list[list[str] | None]:
    """Returns what a shell user would write with gdcmconv and with DCMTK, with N processes."""
    find_files = f"find {source} -name '*.dcm' -print0"
    scripts = [f'{tool} "$0" "{out}/$(basename "$0")"' if tool else "" for tool in TOOLS[to]]
    return [
        ["sh", "-c", f"{find_files} | xargs -0 -P {WORKERS} -n 1 sh -c '{script}'"]
        if script
        else None
        for script in scripts
    ]


def pydicom_loop(to: str, source: Path, out: Path) -> list[str] | None:
    """Returns the command of a loop in Python; None if pydicom does not encode this syntax."""
    if to in NOT_IN_PYDICOM or (to == "jpeg-ls-lossless" and not (PYTHON / "jpeg_ls").exists()):
        return None
    return [sys.executable, "-c", PYDICOM, str(source), str(out), find(to).uid, str(PYTHON)]


def dcmjs_loop(to: str, source: Path, out: Path) -> list[str] | None:
    """Returns the command of a loop in JavaScript; None if dcmjs-codecs is not installed."""
    node, script = shutil.which("node"), Path(__file__).parent / "dcmjs_peer.cjs"
    if not node or not DCMJS.exists():
        return None
    return [node, str(script), str(DCMJS), str(source), str(out), find(to).uid]
