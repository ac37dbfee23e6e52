"""What code streams say of themselves, held against data sets and encoders of others."""

import random
from typing import Any

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray

from dicomtx.code_stream import CodeStream, read, unboxed
from dicomtx.code_stream.jpeg2000 import PROGRESSIONS, packet_order, with_progression
from dicomtx.code_stream.jpegxl import upright
from dicomtx.transfer_syntaxes import ROOT
from tests.first_frames import Encapsulated, first_frames

STREAMS = [f for f in first_frames() if f.syntax.family not in ("deflate", "native")]
BY_NAME = {frame.name: frame for frame in STREAMS}
# Coded in more or fewer bits than the data set says are stored, or with the other sign.
OTHER_PRECISION = {
    "693_J2KI.dcm": 16,
    "693_J2KR.dcm": 14,
    "bad_sequence.dcm": 16,
    "emri_small_jpeg_2k_lossless.dcm": 16,
    "emri_small_jpeg_2k_lossless_too_short.dcm": 16,
    "emri_small_jpeg_ls_lossless.dcm": 16,
}
OTHER_SIGN = {"J2K_pixelrep_mismatch.dcm"}


def named(frame: Encapsulated) -> str:
    return frame.name


@pytest.mark.parametrize("frame", STREAMS, ids=named)
def test_a_real_stream_agrees_with_its_data_set(frame: Encapsulated) -> None:
    said, image = read(frame.stream[:65536]), frame.image
    assert said
    assert said.fits(frame.syntax.uid)
    if said.family == "RLE":
        assert said.segments == image.samples_per_pixel * ((image.bits_allocated + 7) // 8)
        return
    assert (said.rows, said.columns) == (image.rows, image.columns)
    assert said.components == image.samples_per_pixel
    assert said.precision == OTHER_PRECISION.get(frame.name, image.bits_stored)
    if said.family == "JPEG 2000":
        assert said.signed == (image.signed and frame.name not in OTHER_SIGN)


@pytest.mark.parametrize(
    ("name", "transform", "subsampled"),
    [
        ("SC_jpeg_no_color_transform.dcm", "", False),
        ("SC_jpeg_no_color_transform_2.dcm", "RGB", False),
        ("SC_rgb_dcmtk_+eb+cr.dcm", "RGB", False),
        ("SC_rgb_dcmtk_+eb+cy+n1.dcm", "YBR", True),
        ("SC_rgb_dcmtk_+eb+cy+s4.dcm", "YBR", False),
        ("SC_rgb_jpeg_lossy_gdcm.dcm", "YBR", True),
        ("SC_rgb_jpeg_gdcm.dcm", "RGB", False),
        ("SC_rgb_jls_lossy_line.dcm", "", False),
        ("SC_rgb_gdcm_KY.dcm", "", False),
        ("US1_J2KR.dcm", "RCT", False),
        ("US1_J2KI.dcm", "ICT", False),
    ],
)
def test_the_colours_of_a_real_stream_are_told(
    *, name: str, transform: str, subsampled: bool
) -> None:
    said = read(BY_NAME[name].stream)
    assert said
    assert (said.transform, said.subsampled) == (transform, subsampled)


def test_a_jp2_file_is_taken_out_of_its_boxes() -> None:
    file = BY_NAME["GDCMJ2K_TextGBR.dcm"].stream
    boxed, bare = read(file), read(unboxed(file))
    assert unboxed(file).startswith(b"\xff\x4f\xff\x51")
    assert boxed
    assert boxed.boxed
    assert bare == boxed._replace(boxed=False)


@pytest.mark.parametrize("frame", STREAMS, ids=named)
def test_only_what_has_boxes_is_cut(frame: Encapsulated) -> None:
    said = read(frame.stream)
    assert said
    assert (unboxed(frame.stream) is frame.stream) is not said.boxed


def test_boxes_are_walked_by_their_lengths() -> None:
    signature, inner = b"\0\0\0\x0cjP  \x0d\x0a\x87\x0a", jpeg2000()
    size = (16 + len(inner)).to_bytes(8, "big")
    for box in (b"\0\0\0\0jp2c", b"\0\0\0\1jp2c" + size, b"\0\0\x0f\xffjp2c"):
        assert unboxed(signature + box + inner) == inner
    too_short = signature + b"\0\0\0\7free" + b"\0\0\0jp2c" + inner
    assert unboxed(too_short) is too_short
    assert read(too_short) is None


# JPEG and JPEG-LS, marker by marker

SIGNS = {
    "Adobe RGB": b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\0",
    "Adobe YBR": b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\1",
    "JFIF": b"\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0",
    "HP": b"\xff\xe8\0\x07mrfx\1",
    "short Adobe": b"\xff\xee\0\x0cAdobe\0\0\0\0\0",
    "junk": b"\xff\xe0\0\x04\xff\xc0\xff\xe8\0\2",
    "fill": b"\xff\xff\xff",
}


def jpeg(
    sof: int, *signs: str, ids: bytes = b"\1\2\3", chroma: int = 0x11, scan: int | None = 0
) -> bytes:
    """Returns the header of a 7 x 5 JPEG stream of 8 bits; ``scan`` is Ss, or NEAR."""
    components = b"".join(
        bytes((n, 0x11 if i == 0 or chroma == 0x11 else chroma, 0)) for i, n in enumerate(ids)
    )
    if chroma != 0x11:
        components = components[:1] + b"\x22" + components[2:]
    size = 8 + len(components)
    frame = b"\xff" + bytes((sof, 0, size, 8, 0, 7, 0, 5, len(ids))) + components
    scans = b"".join(bytes((n, 0)) for n in ids)
    start = b"\xff\xda" + bytes((0, 6 + len(scans), len(ids))) + scans
    tail = b"" if scan is None else start + bytes((scan, 0, 0))
    return b"\xff\xd8" + b"".join(SIGNS[sign] for sign in signs) + frame + tail


@pytest.mark.parametrize(
    ("sof", "scan", "family", "syntax"),
    [
        (0xC0, 0, "JPEG", "50"),
        (0xC1, 0, "JPEG", "51"),
        (0xC2, 0, "JPEG", "55"),
        (0xC3, 1, "JPEG", "70"),
        (0xC3, 6, "JPEG", "57"),
        (0xC3, None, "JPEG", "57"),
        (0xC9, 0, "JPEG", "52"),
        (0xCA, 0, "JPEG", "56"),
        (0xF7, 0, "JPEG-LS", "80"),
        (0xF7, 2, "JPEG-LS", "81"),
        (0xF7, None, "JPEG-LS", "81"),
    ],
)
def test_the_process_of_a_jpeg_stream_is_told(
    sof: int, scan: int | None, family: str, syntax: str
) -> None:
    said = read(jpeg(sof, scan=scan))
    assert said == CodeStream(family, f"{ROOT}.4.{syntax}", 7, 5, 3, 8)


@pytest.mark.parametrize(
    ("stream", "transform"),
    [
        (jpeg(0xC0), ""),
        (jpeg(0xC0, "JFIF"), "YBR"),
        (jpeg(0xC0, "JFIF", "Adobe RGB"), "RGB"),
        (jpeg(0xC0, "Adobe YBR", ids=b"RGB"), "YBR"),
        (jpeg(0xC0, "JFIF", ids=b"RGB"), "YBR"),
        (jpeg(0xC0, ids=b"RGB"), "RGB"),
        (jpeg(0xC0, ids=b"RGB", chroma=0x11), "RGB"),
        (jpeg(0xC0, "short Adobe"), ""),
        (jpeg(0xC0, "junk", "fill", "JFIF", "fill"), "YBR"),
        (jpeg(0xC2, chroma=0x10 | 1), ""),
        (jpeg(0xC2, chroma=0x12), "YBR"),
        (jpeg(0xC3, ids=b"RGB"), ""),
        (jpeg(0xC3, chroma=0x12), ""),
        (jpeg(0xC3, "Adobe YBR"), "YBR"),
        (jpeg(0xF7, "HP"), "RGB"),
        (jpeg(0xC0, "JFIF", ids=b"\1"), ""),
    ],
)
def test_the_surest_sign_of_a_jpeg_colour_wins(stream: bytes, transform: str) -> None:
    said = read(stream)
    assert said
    assert said.transform == transform


@pytest.mark.parametrize(
    "stream",
    [
        b"",
        b"\xff\xd8",
        b"\xff\xd8\xff\xd9\0\2" + jpeg(0xC0)[2:],
        b"\xff\xd8\xff\xe0\0\0" + jpeg(0xC0)[2:],
        b"\xff\xd8" + jpeg(0xC0)[-14:] + jpeg(0xC0)[2:],
        jpeg(0xCB),
        jpeg(0xC0)[:15],
        jpeg(0xC0).replace(b"\0\x11\x08", b"\0\x10\x08"),
    ],
    ids=[
        "empty",
        "start only",
        "end first",
        "no length",
        "scan first",
        "arithmetic",
        "cut",
        "length",
    ],
)
def test_a_stream_without_a_sound_frame_header_is_not_known(stream: bytes) -> None:
    assert read(stream) is None


# JPEG 2000 and HTJ2K

WHOLE: dict[str, Any] = {"size": (100, 80, 0, 0), "tile": (100, 80, 0, 0), "components": b"\7\1\1"}


def jpeg2000(**changes: Any) -> bytes:
    """Returns a main header: SIZ, then CAP, TLM and COC if they are asked for, then COD."""
    made: dict[str, Any] = {
        "progression": 0,
        "mct": 0,
        "levels": 5,
        "reversible": 1,
        "extra": b"",
        **WHOLE,
    }
    made |= changes
    words = b"".join(n.to_bytes(4, "big") for n in made["size"] + made["tile"])
    count = made.get("count", len(made["components"]) // 3)
    size: bytes = b"\0\0" + words + count.to_bytes(2, "big") + made["components"]
    coding = bytes((0, made["progression"], 0, 1, made["mct"], made["levels"], 4, 4, 0))
    length = (len(size) + 2).to_bytes(2, "big")
    coded = coding + bytes([made["reversible"]])
    extra: bytes = made["extra"]
    return (
        b"\xff\x4f\xff\x51" + length + size + extra + b"\xff\x52\0\x0c" + coded + b"\xff\x90\0\x0a"
    )


CAP = b"\xff\x50\0\x08\0\2\0\0\0\0"
CAP_OF_ANOTHER_PART = b"\xff\x50\0\x08\0\4\0\0\0\0"
TLM = b"\xff\x55\0\x08\0\x40\0\0\0\0"
COC = b"\xff\x53\0\x09\0\0\5\4\4\0"


@pytest.mark.parametrize(
    ("changes", "family", "syntax"),
    [
        ({}, "JPEG 2000", "90"),
        ({"reversible": 0}, "JPEG 2000", "91"),
        ({"extra": COC + b"\1"}, "JPEG 2000", "90"),
        ({"extra": COC + b"\0"}, "JPEG 2000", "91"),
        ({"extra": CAP_OF_ANOTHER_PART}, "JPEG 2000", "90"),
        ({"extra": CAP}, "HTJ2K", "201"),
        ({"extra": CAP, "reversible": 0}, "HTJ2K", "203"),
        ({"extra": CAP + TLM}, "HTJ2K", "201"),
        ({"extra": CAP, "progression": 2}, "HTJ2K", "201"),
        ({"extra": CAP + TLM, "progression": 2}, "HTJ2K", "202"),
        ({"extra": CAP + TLM, "progression": 2, "levels": 0}, "HTJ2K", "201"),
    ],
)
def test_the_kind_of_a_jpeg_2000_stream_is_told(
    changes: dict[str, Any], family: str, syntax: str
) -> None:
    assert read(jpeg2000(**changes)) == CodeStream(
        *(family, f"{ROOT}.4.{syntax}", 80, 100, 1, 8),
        progression=PROGRESSIONS[changes.get("progression", 0)],
        levels=changes.get("levels", 5),
        tile_size=(100, 80),
    )


def test_the_components_of_a_jpeg_2000_stream_are_told() -> None:
    stream = jpeg2000(size=(100, 80, 10, 20), components=b"\x8b\1\1\x85\2\2\7\2\1", mct=1)
    assert read(stream) == CodeStream(
        *("JPEG 2000", ROOT + ".4.90", 60, 90, 3, 12),
        signed=True,
        transform="RCT",
        subsampled=True,
        distances=(2, 2),
        progression="LRCP",
        levels=5,
        tile_size=(100, 80),
    )


@pytest.mark.parametrize(
    ("said", "wanted", "components", "divided", "same"),
    [
        ("LRCP", "RLCP", 3, True, True),
        ("LRCP", "RPCL", 3, False, True),
        ("LRCP", "RPCL", 3, True, False),
        ("LRCP", "RPCL", 1, True, True),
        ("RPCL", "CPRL", 3, False, False),
        ("RPCL", "PCRL", 1, False, True),
        ("RPCL", "PCRL", 1, True, False),
        ("CPRL", "PCRL", 3, False, True),
        ("CPRL", "PCRL", 3, True, False),
    ],
)
def test_progressions_with_the_same_order_of_packets_are_told(
    said: str, wanted: str, components: int, *, divided: bool, same: bool
) -> None:
    orders = {packet_order(name, components, divided=divided) for name in (said, wanted)}
    assert (len(orders) == 1) == same
    rows = 40_000 if divided else 80  # more than one precinct of 32768 rows
    planes = b"\7\1\1" * components
    whole = {"size": (100, rows, 0, 0), "tile": (100, rows, 0, 0), "components": planes}
    stream = jpeg2000(**whole, progression=PROGRESSIONS.index(said))
    made = jpeg2000(**whole, progression=PROGRESSIONS.index(wanted))
    assert with_progression(stream, wanted) == (made if same else b"")


@pytest.mark.parametrize(
    "changes",
    [
        {"size": (0, 80, 0, 0)},
        {"size": (100, 80, 100, 0)},
        {"tile": (0, 80, 0, 0)},
        {"tile": (1, 1, 0, 0), "size": (256, 256, 0, 0)},
        {"tile": (100, 80, 1, 0)},
        {"tile": (5, 80, 0, 0), "size": (100, 80, 5, 0)},
        {"components": b"\7\0\1"},
        {"components": b"\7\1\0"},
        {"components": b""},
        {"count": 3},
    ],
)
def test_a_jpeg_2000_header_that_makes_no_sense_is_not_known(changes: dict[str, Any]) -> None:
    assert read(jpeg2000(**changes)) is None


# JPEG XL, as libjxl writes it


def xl(samples: NDArray[Any], **options: Any) -> bytes:
    return bytes(imagecodecs.jpegxl_encode(samples, **options))


@pytest.mark.parametrize("shape", [(5, 7), (13, 300), (1, 1), (64, 64, 3), (256, 1024, 3)])
@pytest.mark.parametrize("bits", [1, 8, 10, 12, 14, 16])
@pytest.mark.parametrize("boxed", [False, True])
def test_a_lossless_jpeg_xl_stream_tells_its_image(
    *, shape: tuple[int, ...], bits: int, boxed: bool
) -> None:
    samples = np.zeros(shape, np.uint8 if bits <= 8 else np.uint16)
    stream = xl(samples, lossless=True, bitspersample=bits, usecontainer=boxed)
    components = 3 if len(shape) == 3 else 1
    said = read(stream)
    assert said
    assert said.boxed == stream.startswith(b"\0\0\0\x0c")
    assert said._replace(boxed=False) == CodeStream(
        "JPEG XL", ROOT + ".4.110", shape[0], shape[1], components, bits
    )


@pytest.mark.parametrize(
    "shape", [(48, 48), (40, 48), (30, 40), (20, 30), (72, 128), (40, 50), (20, 40), (48, 20)]
)
def test_the_width_of_a_jpeg_xl_stream_may_be_a_ratio(shape: tuple[int, int]) -> None:
    said = read(xl(np.zeros(shape, np.uint8), lossless=True))
    assert said
    assert (said.rows, said.columns) == shape


def test_a_jpeg_xl_stream_in_xyb_is_lossy() -> None:
    said = read(xl(np.zeros((9, 8, 3), np.uint8), distance=1.0))
    assert said
    assert (said.syntax, said.transform, said.rows) == (ROOT + ".4.112", "XYB", 9)


def test_a_recompressed_jpeg_is_told_by_its_box() -> None:
    made = imagecodecs.jpeg8_encode(np.zeros((40, 50, 3), np.uint8))
    said = read(bytes(imagecodecs.jpegxl_encode_jpeg(made)))
    assert said
    assert (said.syntax, said.rows, said.columns) == (ROOT + ".4.111", 40, 50)


def test_what_dicom_has_not_stays_zero_in_jpeg_xl() -> None:
    alpha = read(xl(np.zeros((9, 8, 4), np.uint8), lossless=True))
    floats = read(xl(np.zeros((9, 8), np.float32), lossless=True))
    assert alpha
    assert alpha.components == 0
    assert floats
    assert floats.precision == 0


def test_the_optional_fields_of_a_jpeg_xl_header_are_passed() -> None:
    fields = [  # value, bits: 24 x 40, by 8; then orientation, intrinsic size, preview, animation
        *((1, 1), (2, 5), (0, 3), (4, 5), (0, 1), (1, 1), (5, 3)),
        *((1, 1), (0, 1), (0, 2), (99, 9), (0, 3), (1, 2), (500, 13)),
        *((1, 1), (1, 1), (2, 2), (6, 5), (0, 3), (3, 2), (9, 9)),
        *((1, 1), (0, 2), (2, 2), (7, 8), (1, 2), (3, 3), (0, 1)),
        *((0, 1), (2, 2), (1, 1), (0, 2), (0, 1), (0, 1), (0, 1), (1, 2)),
    ]
    number = at = 0
    for value, bits in fields:
        number |= value << at
        at += bits
    stream = b"\xff\x0a" + number.to_bytes((at + 7) // 8, "little")
    turned = CodeStream("JPEG XL", ROOT + ".4.110", 40, 24, 1, 12, orientation=6)
    assert read(stream) == turned
    assert read(upright(stream)) == turned._replace(rows=24, columns=40, orientation=1)
    assert read(stream[:-1]) is None


# RLE, and garbage


def rle(*words: int, size: int = 200) -> bytes:
    return b"".join(n.to_bytes(4, "little") for n in (*words, *[0] * (16 - len(words)))).ljust(size)


def test_an_rle_header_is_recognised_only_if_it_is_wholly_consistent() -> None:
    assert read(rle(2, 64, 100)) == CodeStream("RLE", ROOT + ".5", segments=2)
    assert read(rle(2, 64, 100)[:63]) is None
    for words in [(0,), (16, 64), (2, 64), (2, 64, 64), (2, 66, 100), (1, 64, 100), (2, 100, 64)]:
        assert read(rle(*words)) is None, words


@pytest.mark.parametrize(
    ("narrow", "wide"), [("50", "51"), ("70", "57"), ("80", "81"), ("90", "91"), ("202", "201")]
)
def test_a_narrow_stream_fits_a_wider_syntax_and_not_the_reverse(narrow: str, wide: str) -> None:
    assert CodeStream("", f"{ROOT}.4.{narrow}").fits(f"{ROOT}.4.{wide}")
    assert not CodeStream("", f"{ROOT}.4.{wide}").fits(f"{ROOT}.4.{narrow}")


@pytest.mark.parametrize("frame", STREAMS, ids=named)
def test_garbage_never_raises(frame: Encapsulated) -> None:
    chance = random.Random(frame.name)
    head = frame.stream[:2048]
    for _ in range(100):
        mutated = bytearray(head[: chance.randrange(len(head) + 1)])
        for _ in range(chance.randrange(6)):
            if mutated:
                at = int(len(mutated) * chance.random() ** 3)  # headers are at the beginning
                mutated[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
        said = read(bytes(mutated))
        assert said is None or said.family
        assert isinstance(unboxed(bytes(mutated)), bytes)
