"""What is fuzzed: the reader, and the builtin decoders behind the guard; bytes are all they get."""

import io
from contextlib import suppress
from itertools import islice

import dicomtx
from dicomtx.codecs import guard, openjpeg
from dicomtx.codecs.imagecodecs import lossless
from dicomtx.codecs.shipped import IMAGECODECS, OPENJPEG
from dicomtx.dicom import attributes
from dicomtx.dicom.elements import EXPLICIT, EXPLICIT_BIG, IMPLICIT
from dicomtx.dicom.inspection import FileInfo, read_file_info
from dicomtx.dicom.part10 import Part10, open_part10
from dicomtx.dicom.pixel_data import encapsulation, fragments
from dicomtx.dicom.pixel_data.frames import EncapsulatedFrames, native_frames
from dicomtx.dicom.rewriter import Rewriter
from dicomtx.engine.decoding.decoder import Decoder
from dicomtx.errors import DicomtxError
from dicomtx.storage.source import Source

CODECS = ((IMAGECODECS, lossless), (OPENJPEG, openjpeg))
FRAMES = 3  # of each file: the others come the same way


def read(data: bytes) -> None:
    """Takes a file apart, looks at what is in it, and writes it in every native encoding."""
    for salvage in (False, True):
        with suppress(DicomtxError), open_part10(Source(data), salvage=salvage) as part10:
            with suppress(DicomtxError):
                read_file_info(part10)
                list(attributes.nested_encapsulated(part10.data_set))
            for encoding in (EXPLICIT, IMPLICIT, EXPLICIT_BIG):
                with suppress(DicomtxError):
                    rope = Rewriter(part10.data_set, encoding, []).rope(None)
                    written = sum(map(len, rope.chunks()))
                    assert written <= 3 * part10.data_set.source.size + 1024


def decode(data: bytes) -> None:
    """Decodes the first frames of a file by every builtin codec that knows its syntax."""
    for salvage in (False, True):
        with suppress(DicomtxError), open_part10(Source(data), salvage=salvage) as part10:
            header = read_file_info(part10)
            if header.image and header.syntax.encapsulated:
                _decode(part10, header, salvage=salvage)
            elif header.image and header.pixel_data == "native":
                frames = native_frames(part10.data_set, header.image, [] if salvage else None)
                for index in range(min(frames.count, FRAMES)):
                    frames.read(index)


def transcode(data: bytes) -> None:
    """Converts a file, damaged or not, as the command would with its builtin codecs."""
    for target in ("explicit", "rle"):
        for salvage in (False, True):
            dicomtx.transcode(
                io.BytesIO(data),
                io.BytesIO(),
                to=target,
                salvage=salvage,
                codecs=tuple(spec.name for spec, _ in CODECS),
                threads=1,
                check=False,
            )


def _decode(part10: Part10, header: FileInfo, *, salvage: bool) -> None:
    assert header.image
    pixels = encapsulation.read(part10.data_set, [] if salvage else None)
    wanted = attributes.number_of_frames(part10.data_set)
    found = fragments.frames(part10.data_set.source, pixels, wanted, [])
    streams = EncapsulatedFrames(part10.data_set.source, tuple(islice(found, FRAMES)))
    for spec, codec in CODECS:
        if header.syntax.uid in spec.decodes:
            decoder = Decoder(spec, codec, header.syntax, header.image)
            for index in range(streams.count):
                stream = streams.read(index)
                with suppress(DicomtxError):
                    if salvage:
                        stream = guard.completed(stream, header.syntax, header.image)
                    decoder.decode(stream)
