"""Sets of fixtures, and what readers find in them."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydicom import dcmread

from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.fixtures.fixtures import fixtures
from dicomtx.workflows.fixtures.job import EVERY_SYNTAX, Job, LeftOut
from dicomtx.workflows.fixtures.objects.kinds import KINDS
from dicomtx.workflows.fixtures.variations import variations_of

UNKNOWN_TO_PYDICOM = (
    *("jpeg-xl", "jpeg-xl-lossless", "jpeg-xl-recompression"),
    *("deflated-image-frame", "encapsulated-uncompressed"),
)


def made(
    folder: Path,
    kinds: str,
    *,
    to: str = "",
    vary: Sequence[str] = (),
    defects: Sequence[str] = (),
    **options: Any,
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Returns the entries of the files, and the reason of each file that was left out."""
    job = Job(
        str(folder),
        kinds=tuple(KINDS[name] for name in kinds.split(",") if name),
        targets=tuple(map(find, to.split(","))) if to else EVERY_SYNTAX,
        variations=variations_of(vary),
        defects=tuple(defects),
        **options,
    )
    found = list(fixtures(job))
    left_out = {one.file: one.reason for one in found if isinstance(one, LeftOut)}
    return [one.entry for one in found if not isinstance(one, LeftOut)], left_out


def hashes(path: Path, frames: int) -> list[str]:
    """Returns the SHA-256 of each frame that pydicom decodes."""
    data_set = dcmread(path)
    data_set.pixel_array_options(raw=True)
    pixels = data_set.pixel_array
    little = pixels.astype(pixels.dtype.newbyteorder("<"))
    return [hashlib.sha256(frame.tobytes()).hexdigest() for frame in little.reshape(frames, -1)]


def differs(folder: Path, entries: list[dict[str, Any]]) -> list[str]:
    """Returns the sound files in which pydicom finds other samples than expected."""
    return [
        entry["file"]
        for entry in entries
        if entry["expected"]
        and entry["expected"]["sha256"]
        and not entry["defect"]
        and entry["transfer_syntax"]["name"] not in UNKNOWN_TO_PYDICOM
        and hashes(folder / entry["file"], entry["image"]["number_of_frames"])
        != entry["expected"]["sha256"]
    ]
