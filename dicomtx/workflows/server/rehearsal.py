"""Runs commands before the first request, so that the children inherit what a first run sets up.

A first run takes 10 ms longer: regular expressions, parsers of options, and the codecs' own tables.
"""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final

from dicomtx.dicom import tags
from dicomtx.dicom.element_header import element_header
from dicomtx.dicom.elements import EXPLICIT
from dicomtx.transfer_syntaxes import DEFAULT_TARGET
from dicomtx.version import IMPLEMENTATION_CLASS_UID

TARGETS: Final = ("implicit", "rle", "jpeg-lossless-sv1", "jpeg-ls-lossless", "jpeg2000-lossless")
CODECS: Final = ("--codec=imagecodecs", "--codec=openjpeg")  # they start no process
SIDE: Final = 32
OUTPUTS: Final = (1, 2)  # standard output and standard error
SECONDARY_CAPTURE: Final = b"1.2.840.10008.5.1.4.1.1.7"
INSTANCE: Final = b"2.25.1"  # it is not kept


def rehearse(run: Callable[[Sequence[str]], int]) -> list[int]:
    """Runs commands on a small image in a temporary folder, and returns their exit codes.

    They see no settings, and print only errors.
    """
    with tempfile.TemporaryDirectory() as folder, _alone(folder):
        source = f"{folder}/native.dcm"
        with open(source, "wb") as file:
            file.write(_image())
        commands = [[source, f"{folder}/{to}", "--to", to, "-q", *CODECS] for to in TARGETS]
        return [_code(run, ["convert", *command]) for command in commands]


def prime(run: Callable[[Sequence[str]], int]) -> None:
    """Runs a command in a child that has none yet.

    The child then has its own copies of the pages that each command changes: 5 ms of page faults.
    It writes no file, and its standard outputs lead to the null device afterwards.
    """
    nothing = os.open(os.devnull, os.O_WRONLY)
    for number in OUTPUTS:
        os.dup2(nothing, number)
    os.close(nothing)
    source = os.memfd_create("dicomtx-prime")
    os.write(source, _image())
    path = f"/proc/self/fd/{source}"
    with _alone(os.devnull):
        _code(run, ["convert", path, "-", "--to", TARGETS[0], "-q", *CODECS])
    os.close(source)


def _code(run: Callable[[Sequence[str]], int], command: Sequence[str]) -> int:
    """Returns the exit code of a command. No error of it stops the server."""
    with suppress(Exception):
        return run(command)
    return 70


@contextmanager
def _alone(folder: str) -> Iterator[None]:
    """Hides the settings of the server."""
    environment = dict(os.environ)
    try:
        for name in environment:
            if name.startswith("DICOMTX_"):
                del os.environ[name]
        os.environ.update(XDG_CONFIG_HOME=folder, DICOMTX_THREADS="1")
        yield
    finally:
        os.environ.clear()
        os.environ.update(environment)


def _image() -> bytes:
    """Returns a file with a 12-bit image in Explicit VR Little Endian (PS3.10 7.1)."""
    pixels = b"".join(_number(x * y % 4096) for y in range(SIDE) for x in range(SIDE))
    meta = _elements(
        (tags.FILE_META_VERSION, "OB", b"\0\1"),
        (tags.MEDIA_STORAGE_SOP_CLASS_UID, "UI", SECONDARY_CAPTURE),
        (tags.MEDIA_STORAGE_SOP_INSTANCE_UID, "UI", INSTANCE),
        (tags.TRANSFER_SYNTAX_UID, "UI", DEFAULT_TARGET.uid.encode()),
        (tags.IMPLEMENTATION_CLASS_UID, "UI", IMPLEMENTATION_CLASS_UID.encode()),
    )
    data_set = _elements(
        (tags.SOP_CLASS_UID, "UI", SECONDARY_CAPTURE),
        (tags.SOP_INSTANCE_UID, "UI", INSTANCE),
        (tags.SAMPLES_PER_PIXEL, "US", _number(1)),
        (tags.PHOTOMETRIC_INTERPRETATION, "CS", b"MONOCHROME2 "),
        (tags.ROWS, "US", _number(SIDE)),
        (tags.COLUMNS, "US", _number(SIDE)),
        (tags.BITS_ALLOCATED, "US", _number(16)),
        (tags.BITS_STORED, "US", _number(12)),
        (tags.HIGH_BIT, "US", _number(11)),
        (tags.PIXEL_REPRESENTATION, "US", _number(0)),
        (tags.PIXEL_DATA, "OW", pixels),
    )
    length = (tags.FILE_META_GROUP_LENGTH, "UL", len(meta).to_bytes(4, "little"))
    return bytes(128) + b"DICM" + _elements(length) + meta + data_set


def _elements(*elements: tuple[int, str, bytes]) -> bytes:
    """Returns elements (tag, VR, value) in Explicit VR Little Endian."""
    padded = [(tag, vr, value + bytes(len(value) % 2)) for tag, vr, value in elements]
    return b"".join(
        element_header(tag, vr, len(value), EXPLICIT) + value for tag, vr, value in padded
    )


def _number(value: int) -> bytes:
    """Returns the value of an element of VR US."""
    return value.to_bytes(2, "little")
