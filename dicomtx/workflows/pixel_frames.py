"""Decodes the frames of a file to arrays, one at a time."""

from collections.abc import Iterator

from dicomtx.codecs.registry import Codecs
from dicomtx.dicom import tags
from dicomtx.dicom.inspection import read_file_info
from dicomtx.dicom.part10 import open_part10
from dicomtx.engine.decoding.fallback_frames import fallback_frames
from dicomtx.engine.pixels.values import Values, array, for_people
from dicomtx.engine.planning.planner import hidden_streams
from dicomtx.errors import UnsupportedError
from dicomtx.settings import Settings
from dicomtx.storage.location import Location


def pixel_frames(source: Location, settings: Settings, *, raw: bool) -> Iterator[Values]:
    """Yields the stored values of each frame: rows x columns, or rows x columns x samples.

    Raises:
        UnsupportedError: there is no integer Pixel Data, or no codec for it.
        DamagedError: Pixel Data or a code stream is damaged.
        CodecsFailedError: all codecs for the syntax failed.
    """
    with source.open() as file, open_part10(file) as part10, Codecs(settings) as codecs:
        header = read_file_info(part10)
        if tags.PIXEL_DATA not in part10.data_set:
            raise UnsupportedError("the file has no integer Pixel Data")
        if header.hidden and not settings.force_native:
            raise UnsupportedError(hidden_streams(header))
        found = fallback_frames(part10.data_set, header, codecs, [])
        for index in range(found.count):
            frame = found.read(index)
            yield array(frame if raw else for_people(frame))
