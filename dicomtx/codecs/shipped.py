"""The capabilities of the shipped codecs, as data that needs no heavy imports."""

from typing import Final

from dicomtx.codecs.codec import CodecSpec

ROOT: Final = "1.2.840.10008.1.2"
RLE: Final = ROOT + ".5"
ENCAPSULATED: Final = ROOT + ".1.98"
DEFLATED_FRAME: Final = ROOT + ".8.1"


def _jpeg(*numbers: int) -> tuple[str, ...]:
    """Returns UIDs under the root that JPEG and its successors share."""
    return tuple(f"{ROOT}.4.{number}" for number in numbers)


# measured on frames of 3000 x 3000: the larger need of both directions
MEMORY: Final = {
    **dict.fromkeys((RLE, *_jpeg(50, 51, 52, 53, 54, 55, 56, 57, 70, 80, 81)), 3.0),
    **dict.fromkeys(_jpeg(90, 91, 201, 202, 203), 8.0),
    **dict.fromkeys((DEFLATED_FRAME, ENCAPSULATED), 1.0),
}


def _by(code_base: str, *uids: str) -> dict[str, str]:
    return dict.fromkeys(uids, code_base)


IMAGECODECS: Final = CodecSpec(
    name="imagecodecs",
    module="dicomtx.codecs.imagecodecs.lossless",
    requires=("numpy", "imagecodecs"),
    install="imagecodecs",
    decodes={
        **_by("imagecodecs RLE", RLE),
        **_by("libjpeg-turbo", *_jpeg(50, 51, 52, 53, 54, 55, 56, 57, 70)),
        **_by("CharLS", *_jpeg(80, 81)),
        **_by("OpenJPEG", *_jpeg(90, 91, 201, 202, 203)),
        **_by("libjxl", *_jpeg(110, 111, 112)),
        **_by("libdeflate", DEFLATED_FRAME),
        **_by("bytes", ENCAPSULATED),
    },
    encodes={
        **_by("imagecodecs RLE", RLE),
        **_by("libjpeg-turbo", *_jpeg(50, 51, 57, 70)),
        **_by("CharLS", *_jpeg(80, 81)),
        **_by("OpenJPEG", *_jpeg(90, 91)),
        **_by("OpenJPH", *_jpeg(201, 202, 203)),
        **_by("libjxl", *_jpeg(110, 112)),
        **_by("libdeflate", DEFLATED_FRAME),
        **_by("bytes", ENCAPSULATED),
    },
    memory=MEMORY,
    builtin=True,
)
OPENJPEG: Final = CodecSpec(
    name="openjpeg",
    module="dicomtx.codecs.openjpeg",
    requires=("numpy", "openjpeg"),
    install="pylibjpeg-openjpeg",
    decodes=_by("OpenJPEG", *_jpeg(90, 91, 201, 202, 203)),
    encodes=_by("OpenJPEG", *_jpeg(90)),
    memory=MEMORY,
    holds_gil=True,
    builtin=True,
)
SECOND: Final = CodecSpec(
    name="second",
    module="dicomtx.codecs.verifiers",
    requires=("numpy", "imagecodecs", "rle"),
    install="pylibjpeg-rle",
    decodes={
        **_by("pylibjpeg-rle", RLE),
        **_by("jpegsof3", *_jpeg(57, 70)),
        **_by("zlib", DEFLATED_FRAME),
    },
    memory=MEMORY,
    builtin=True,
)
"""Other code bases for verification and ``compare``; never used for conversion."""
LJ92: Final = CodecSpec(
    name="lj92",
    module="dicomtx.codecs.imagecodecs.lj92",
    requires=IMAGECODECS.requires,
    install=IMAGECODECS.install,
    decodes=_by("lj92", *_jpeg(57, 70)),
    memory=MEMORY,
    builtin=True,
)
"""Verifies only what was just encoded, faster than ``SECOND``."""
GDCM: Final = CodecSpec(
    name="gdcm",
    module="dicomtx.codecs.gdcm",
    requires=("numpy", "gdcm"),
    install="python-gdcm",
    decodes={
        **_by("GDCM", RLE),
        **_by("IJG", *_jpeg(50, 51, 57, 70)),
        **_by("CharLS", *_jpeg(80, 81)),
        **_by("OpenJPEG", *_jpeg(90, 91)),
    },
    encodes={
        **_by("GDCM", RLE),
        **_by("IJG", *_jpeg(57, 70)),
        **_by("CharLS", *_jpeg(80)),
        **_by("OpenJPEG", *_jpeg(90)),
    },
    memory=MEMORY,
)
OPENJPH: Final = CodecSpec(
    name="openjph",
    module=SECOND.module,
    requires=SECOND.requires,
    install=SECOND.install,
    decodes=_by("OpenJPH", *_jpeg(201, 202)),
    memory=MEMORY,
)
"""For ``compare`` only; OpenJPEG verifies what OpenJPH encodes."""
FFMPEG: Final = CodecSpec(
    name="ffmpeg",
    module="dicomtx.codecs.ffmpeg",
    requires=("numpy", "av"),
    install="'dicomtx[audit]'",
    decodes=_by("FFmpeg", *_jpeg(80, 81, 90, 91)),
    memory=MEMORY,
)
"""For verification and ``compare``; converts only if it is named. See ``ffmpeg_trust``."""
