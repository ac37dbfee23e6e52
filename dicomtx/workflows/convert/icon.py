"""Writes the icon for the directory record of a file: a file beside the output.

The worker writes it, because it needs a decoder, which can crash.
"""

import os
from contextlib import suppress
from typing import Final

from dicomtx.codecs.registry import Codecs
from dicomtx.dicom.inspection import read_file_info
from dicomtx.dicom.part10 import open_part10
from dicomtx.dicom.pixel_data.display import pixel_aspect, presentation
from dicomtx.engine.decoding.fallback_frames import fallback_frames
from dicomtx.errors import DicomtxError
from dicomtx.resources import AT_REST
from dicomtx.storage.local_file import LocalFile
from dicomtx.workflows.convert.conversion_record import Allow

SIDE: Final = 64  # pixels, as the general purpose profiles of PS3.11 require
ENDING: Final = ".icon"
PER_SAMPLE: Final = 16  # bytes of memory for each sample of the frame


def write_icon(path: str, codecs: Codecs, allow: Allow) -> str:
    """Writes the icon of the middle frame. Returns why that failed; empty if it did not."""
    try:
        made = _made(path, codecs, allow)
    except DicomtxError as error:
        return f"no icon in the DICOMDIR: {error}"
    if made:
        with open(path + ENDING, "wb") as file:
            file.write(made)
    return ""


def _made(path: str, codecs: Codecs, allow: Allow) -> bytes:
    with LocalFile(path).open() as file, open_part10(file, salvage=True) as part10:
        header = read_file_info(part10)
        if header.pixel_data == "none":
            return b""
        if header.image:
            allow(AT_REST + header.image.samples_per_frame * PER_SAMPLE)
        frames = fallback_frames(part10.data_set, header, codecs, [])
        middle = frames.count // 2
        from dicomtx.engine.pixels.icon import icon  # noqa: PLC0415 - brings numpy

        how = presentation(part10.data_set, middle)
        return icon(frames.read(middle), how, pixel_aspect(part10.data_set), SIDE)


def taken_icon(path: str) -> bytes:
    """Returns and removes the icon beside an output; empty if there is none."""
    made = b""
    with suppress(OSError):
        with open(path + ENDING, "rb") as file:
            made = file.read()
        os.unlink(path + ENDING)
    return made
