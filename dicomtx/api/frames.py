"""Decoded frames as arrays."""

from collections.abc import Generator
from typing import TYPE_CHECKING, Unpack

from dicomtx.api.options import settings_of
from dicomtx.api.places import Place, name_of, to_read
from dicomtx.errors import DicomtxError
from dicomtx.settings import Settings
from dicomtx.settings.options import Options

if TYPE_CHECKING:
    from dicomtx.engine.pixels.values import Values


def frames(
    src: Place, *, raw: bool = False, **options: Unpack[Options]
) -> "Generator[Values, None, None]":
    """Returns a generator of the frames of a file of any transfer syntax.

    One frame is in memory at a time.

    A guard checks each code stream before a codec decodes it. If a codec fails, the next one that
    supports the syntax decodes the frame.

    Args:
        src: a path, or a binary stream that is read from its current position to the end.
        raw: whether colour images keep their colour space. Otherwise they are RGB if it can be
            converted (PS3.3 C.7.6.3.1.2). Palette colours are always indices.
        options: settings that concern decoding, see ``dicomtx.settings.options.Options``.

    Yields:
        The stored values: rows x columns, or rows x columns x samples. Integers as wide as Bits
        Allocated in native byte order, signed as Pixel Representation says; one bit is uint8.

    Raises:
        UnsupportedError: there is no integer Pixel Data, or no codec for it.
        DicomtxError: the file cannot be read or decoded.

    >>> from pydicom.data import get_testdata_file
    >>> [(frame.shape, str(frame.dtype)) for frame in frames(get_testdata_file("CT_small.dcm"))]
    [((128, 128), 'int16')]
    """
    return _frames(src, settings_of(options, Options), raw=raw)


def _frames(src: Place, settings: Settings, *, raw: bool) -> "Generator[Values, None, None]":
    from dicomtx.workflows.pixel_frames import pixel_frames  # noqa: PLC0415 - brings numpy

    with to_read(src) as source:
        try:
            yield from pixel_frames(source, settings, raw=raw)
        except DicomtxError as error:
            error.args = (f"{name_of(src, source.name)}: {error}",)
            raise
