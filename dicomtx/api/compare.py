"""The Python API of ``compare``: how two files differ."""

from contextlib import ExitStack
from dataclasses import replace
from typing import Unpack

from dicomtx.api.options import settings_of
from dicomtx.api.places import Place, name_of, to_read
from dicomtx.settings.options import Options
from dicomtx.workflows.compare.compare import compare as compare_files
from dicomtx.workflows.compare.result import Comparing, Comparison


def compare(
    a: Place,
    b: Place,
    *,
    tolerance: int = 0,
    pixels_only: bool = False,
    every_element: bool = False,
    **options: Unpack[Options],
) -> Comparison:
    """Compares the stored values of each frame and the elements of two files.

    Args:
        a: a path, or a binary stream that is read from its current position to the end.
        b: the same.
        tolerance: the largest error of a stored value that counts as equal.
        pixels_only: whether to skip the elements.
        every_element: whether differences that follow from the transfer syntax count too.
        options: settings that concern decoding, see ``dicomtx.settings.options.Options``.

    Raises:
        DicomtxError: a file cannot be read or decoded.
        SettingsError: an option is unknown, or its value is not allowed.

    >>> import dicomtx, io
    >>> from pydicom.data import get_testdata_file
    >>> ct = get_testdata_file("CT_small.dcm")
    >>> data, _ = dicomtx.transcode_bytes(open(ct, "rb").read(), to="rle")
    >>> comparison = compare(ct, io.BytesIO(data))
    >>> comparison.same, comparison.verdict
    (True, 'the same')
    """
    with ExitStack() as stack:
        sources = [stack.enter_context(to_read(place)) for place in (a, b)]
        request = Comparing(
            sources[0].name,
            sources[1].name,
            tolerance,
            pixels_only=pixels_only,
            every_element=every_element,
            settings=settings_of(options, Options),
        )
        found = compare_files(request)
    names = [name_of(place, side.path) for place, side in ((a, found.a), (b, found.b))]
    return replace(found, a=replace(found.a, path=names[0]), b=replace(found.b, path=names[1]))
