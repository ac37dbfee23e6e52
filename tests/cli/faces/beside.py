"""Runs a tool and its face on the same line."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import which
from typing import NamedTuple

import numpy as np
from pydicom import Dataset, dcmread

from dicomtx.cli import main
from tests import oracle
from tests.corpus import file

LABELS = (
    *("PhotometricInterpretation", "LossyImageCompression", "BitsStored"),
    *("PixelRepresentation", "PlanarConfiguration"),
)

UID = "SOPInstanceUID"
Decoder = Callable[[Path], tuple[oracle.Values, str] | str]
BARE = {
    "no_meta_implicit.dcm": "MR_small_implicit.dcm",
    "no_meta_little.dcm": "MR_small.dcm",
    "no_meta_big.dcm": "MR_small_bigendian.dcm",
    "no_meta_jpeg.dcm": "JPEG-LL.dcm",
    "no_meta_jpeg_ls.dcm": "MR_small_jpeg_ls_lossless.dcm",
    "no_meta_rle.dcm": "MR_small_RLE.dcm",
}
"""Sources without file meta information, and the files that they are made from."""


class Case(NamedTuple):
    """A line to compare.

    Attributes:
        options: the options of the tool.
        source: the name of a test file.
        error: the largest difference of a sample between the two results.
        differs: a part of the table's text that names the wanted difference.
        unlike: what differs: the name of an attribute, "pixels", or "fails" if only the tool
            fails.
    """

    options: str
    source: str = "MR_small.dcm"
    error: int = 0
    differs: str = ""
    unlike: tuple[str, ...] = ()


def tool(program: str) -> str:
    """Returns the path of a tool; the gdcmconv of python-gdcm exits with 0 whatever happens."""
    own = os.path.join(sys.prefix, "bin")
    folders = os.environ["PATH"].split(os.pathsep)
    return which(program, path=os.pathsep.join(f for f in folders if f != own)) or program


def documented(program: str) -> set[str]:
    """Returns the options in the help of a tool."""
    done = subprocess.run([tool(program), "--help"], check=False, capture_output=True, text=True)
    lines = re.findall(r"^ +([-+]\S+)(?: {1,6}([-+]\S+))?(?: |$)", done.stdout, re.MULTILINE)
    return {name for line in lines for name in line if name}


def compare(program: str, case: Case, folder: Path, decoder: Decoder) -> None:
    """Checks that both write the same syntax, labels and pixels, but for wanted differences."""
    ours, theirs = folder / "ours.dcm", folder / "theirs.dcm"
    source = _bare(case.source, folder) if case.source in BARE else file(case.source)
    line = case.options.split()
    done = subprocess.run([tool(program), *line, source, theirs], check=False, capture_output=True)
    assert main([program, *line, str(source), str(ours)]) == 0
    assert bool(done.returncode) == ("fails" in case.unlike), done.stderr
    if not done.returncode:
        before = dcmread(source, force=True)
        one, other = dcmread(ours), dcmread(theirs)
        assert program == "gdcmconv" or _has_table(one) == _has_table(other)
        assert set(_unlike(before, one, other)) == set(case.unlike) - {"pixels"}
        assert (_distance(ours, theirs, decoder) > case.error) == ("pixels" in case.unlike)


def _bare(name: str, folder: Path) -> Path:
    """Writes the data set of a test file without file meta information."""
    path = folder / name
    subprocess.run(["dcmconv", "-F", file(BARE[name]), path], check=True)
    return path


def _unlike(before: Dataset, one: Dataset, other: Dataset) -> Iterator[str]:
    """Yields what the results do not have in common."""
    if oracle.syntax_of(one) != oracle.syntax_of(other):
        yield "TransferSyntaxUID"
    for name in LABELS:
        if one.get(name) != other.get(name):
            yield name
    if (one.get(UID) == before.get(UID)) != (other.get(UID) == before.get(UID)):
        yield UID


def _has_table(data_set: Dataset) -> bool | None:
    """Returns whether the offset table is not empty; None for native frames."""
    if not data_set.file_meta.TransferSyntaxUID.is_encapsulated:
        return None
    return any(data_set.PixelData[4:8])


def _distance(one: Path, other: Path, decoder: Decoder) -> int:
    """Returns the largest difference of a sample."""
    mine, others = decoder(one), decoder(other)
    assert not isinstance(mine, str), mine
    assert not isinstance(others, str), others
    return int(np.abs(mine[0].astype("int64") - others[0].astype("int64")).max())
