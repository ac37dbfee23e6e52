"""Two whole files compared: what is the same, what is not, and what cannot be told."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread

from dicomtx.dicom.elements import EXPLICIT, EXPLICIT_BIG
from dicomtx.errors import DestinationError, DicomtxError, ExitCode, UsageError
from dicomtx.workflows.compare.compare import compare
from dicomtx.workflows.compare.result import Comparing, Comparison
from tests import corpus
from tests.converter import Converter, grey
from tests.dicom.builder import (
    element,
    encapsulated,
    identity,
    image,
    module,
    native,
    part10,
    sequence,
    short,
)
from tests.sampling import sampled

SEVERAL = (
    "CT_small.dcm", "SC_rgb_small_odd.dcm", "color-pl.dcm", "examples_palette.dcm",
    "liver_1frame.dcm", "SC_rgb_rle_16bit_2frame.dcm", "SC_rgb_jpeg_dcmtk.dcm", "693_J2KR.dcm",
)  # fmt: skip


def between(folder: Path, a: bytes, b: bytes, **more: Any) -> Comparison:
    paths = folder / "a.dcm", folder / "b.dcm"
    for path, data in zip(paths, (a, b), strict=True):
        path.write_bytes(data)
    return compare(Comparing(str(paths[0]), str(paths[1]), **more))


@pytest.mark.parametrize("name", SEVERAL)
@pytest.mark.parametrize("target", sampled(["jpeg2000-lossless", "explicit", "rle"], 2))
def test_a_file_in_two_syntaxes_is_the_same(converter: Converter, name: str, target: str) -> None:
    source = corpus.file(name)
    outcome = converter.again(source, converter.out, target)
    if outcome.status == "refused":
        target = "implicit"
        outcome = converter.again(source, converter.out, target)
    assert outcome.status == "done", outcome.error
    found = compare(Comparing(str(source), str(converter.out)))
    assert found.same, found
    assert all(frame.equal for frame in found.pixels.frames)
    assert found.elements == ()


def multi_frame(flipped: int | None = None) -> bytes:
    """Returns a file of five frames; one bit of one of them can be flipped."""
    pixel = image(16, 12, allocated=16, stored=12)
    data = bytearray(np.arange(5 * 192, dtype="<u2").tobytes())
    if flipped is not None:
        data[flipped * 384 + 100] ^= 4
    return part10("explicit", native(pixel, bytes(data), frames="5"))


@pytest.mark.parametrize("target", ["implicit", "rle", "jpeg-ls-lossless", "jpeg2000-lossless"])
def test_a_flipped_bit_is_named_with_its_frame_and_error(converter: Converter, target: str) -> None:
    assert converter.convert(multi_frame(3), target).status == "done"
    found = between(converter.out.parent, multi_frame(), converter.out.read_bytes())
    assert not found.same
    assert found.elements == ()
    assert found.pixels.worst
    assert [frame.frame for frame in found.pixels.differing] == [4]
    assert (found.pixels.worst.frame, found.pixels.worst.largest_error) == (4, 4)
    assert found.pixels.worst.psnr == pytest.approx(10 * np.log10(959**2 / (16 / 192)))


def test_an_error_within_the_tolerance_is_the_same(tmp_path: Path) -> None:
    files = multi_frame(), multi_frame(2)
    assert between(tmp_path, *files, tolerance=4).same
    assert not between(tmp_path, *files, tolerance=3).same
    assert between(tmp_path, *files, tolerance=4).pixels.differing


def test_a_lossy_file_differs_by_its_error(converter: Converter) -> None:
    import imagecodecs

    data_set = dcmread(corpus.file("examples_rgb_color.dcm"))
    frame = data_set.pixel_array
    pixel = image(*frame.shape[:2], samples=3, photometric="RGB")
    lossy = pixel._replace(photometric_interpretation="YBR_FULL_422")
    stream = bytes(imagecodecs.jpeg8_encode(frame, level=80))
    stream += b"\0" * (len(stream) % 2)
    a = part10("explicit", native(pixel, frame.tobytes()))
    b = part10("jpeg-baseline", identity() + module(lossy) + encapsulated([stream]))
    found = between(converter.out.parent, a, b)
    worst = found.pixels.worst
    assert worst
    assert worst.psnr
    assert 25 < worst.psnr < 60
    assert 0.5 < (worst.ssim or 0) < 1
    assert found.b.decoders == ("imagecodecs",)
    by_pillow = np.abs(imagecodecs.jpeg8_decode(stream).astype(int) - frame)
    assert worst.mean_error == pytest.approx(by_pillow.mean(), abs=0.1)
    assert not found.same
    assert [d.keyword for d in found.of_encoding if d.tag >> 16 == 0x28] == [
        "PhotometricInterpretation"
    ]


def test_other_sizes_and_numbers_of_frames_are_told(tmp_path: Path) -> None:
    found = between(tmp_path, grey(8, 8), grey(8, 9))
    assert not found.same
    assert found.pixels.reason == "A's frames are 8 x 8, B's frames are 9 x 8"
    pixel = image(4, 4)
    one, two = (part10("explicit", native(pixel, bytes(16 * n), frames=str(n))) for n in (1, 2))
    found = between(tmp_path, one, two)
    assert not found.same
    assert found.pixels.reason == "frames: 1 in A, 2 in B"
    assert not found.pixels.same
    assert len(found.pixels.frames) == 1


def test_one_without_pixel_data_differs(tmp_path: Path) -> None:
    pixel = image()
    without = part10("explicit", identity() + module(pixel))
    found = between(tmp_path, part10("explicit", native(pixel, bytes(6))), without)
    assert (found.same, found.pixels.reason) == (False, "B has no Pixel Data")
    assert [d.kind for d in found.elements or ()] == ["removed"]


def test_files_without_pixel_data_are_compared_by_their_elements(converter: Converter) -> None:
    plan = corpus.file("rtplan.dcm")
    converter.again(plan, converter.out, "explicit")
    found = compare(Comparing(str(plan), str(converter.out)))
    assert found.same
    assert found.pixels.compared == "nothing"


def test_pixels_only_and_ignored_elements(tmp_path: Path) -> None:
    a = grey(8, 8)
    b = a.replace(b"1.2.3.4\0", b"1.2.3.5\0")
    assert not between(tmp_path, a, b).same
    assert between(tmp_path, a, b, pixels_only=True).same
    assert between(tmp_path, a, b, pixels_only=True).elements is None
    assert between(tmp_path, a, b, ignored=frozenset({0x00080018})).same


def test_every_element_counts_if_asked(converter: Converter, ct: Path) -> None:
    converter.again(ct, converter.out, "rle")
    found = compare(Comparing(str(ct), str(converter.out), every_element=True))
    assert not found.same
    assert found.of_encoding == ()
    assert 0x00020010 in {d.tag for d in found.elements or ()}


def test_what_nothing_decodes_is_compared_by_its_bytes(tmp_path: Path) -> None:
    start = identity() + module(image())
    a, b = (part10("MPEG2MPML", start + encapsulated([data])) for data in (b"abcd", b"abce"))
    found = between(tmp_path, a, a)
    assert (found.same, found.pixels.compared) == (True, "bytes")
    assert any("cannot be decoded" in warning for warning in found.warnings)
    with pytest.raises(DicomtxError, match=r"a\.dcm: no codec decodes") as raised:
        between(tmp_path, a, b)
    assert raised.value.exit_code == ExitCode.UNSUPPORTED


def test_damaged_native_pixels_are_the_same_bytes_in_another_native_syntax(
    converter: Converter,
) -> None:
    source = corpus.file("badVR.dcm")  # its Pixel Data is too long
    assert converter.again(source, converter.out, "explicit").status == "done"
    found = compare(Comparing(str(source), str(converter.out)))
    assert (found.same, found.pixels.compared) == (True, "bytes")


def test_float_pixel_data_is_compared_as_an_element(tmp_path: Path) -> None:
    start = identity() + module(image(1, 2, allocated=32))
    a, b = (
        part10("explicit", start + element(0x7FE00008, "OF", np.array([1, x], "<f4").tobytes()))
        for x in (2, 3)
    )
    assert between(tmp_path, a, a).same
    assert [d.tag for d in between(tmp_path, a, b).elements or ()] == [0x7FE00008]


@pytest.mark.parametrize("broken", ["a", "b"])
@pytest.mark.parametrize(
    ("data", "code"),
    [(b"not DICOM at all", ExitCode.SOURCE), (None, ExitCode.SOURCE), ("cut", ExitCode.SOURCE)],
)
def test_the_file_that_cannot_be_read_is_named(
    tmp_path: Path, broken: str, data: Any, code: ExitCode
) -> None:
    paths = {name: tmp_path / f"{name}.dcm" for name in "ab"}
    for path in paths.values():
        path.write_bytes(multi_frame())
    if data is None:
        paths[broken].unlink()
    else:
        paths[broken].write_bytes(multi_frame()[:-100] if data == "cut" else data)
    with pytest.raises(DicomtxError, match=f"{broken}.dcm: ") as raised:
        compare(Comparing(str(paths["a"]), str(paths["b"])))
    assert raised.value.exit_code == code


def test_a_frame_that_no_codec_decodes_is_told(converter: Converter) -> None:
    assert converter.convert(multi_frame(), "jpeg2000-lossless").status == "done"
    data = converter.out.read_bytes()
    at = data.index(b"\xff\x93") + 2
    broken = data[:at] + b"\xff" * 8 + data[at + 8 :]
    broken = broken.replace(b"\xff\x4f\xff\x51", b"\xff\x4f\xff\x50", 1)
    with pytest.raises(DicomtxError, match=r"b\.dcm: ") as raised:
        between(converter.out.parent, multi_frame(), broken)
    assert raised.value.exit_code in (ExitCode.CODEC, ExitCode.SOURCE)


def test_overlays_in_unused_bits_are_said_not_to_be_compared(tmp_path: Path) -> None:
    pixel = image(4, 4, allocated=16, stored=12)
    plane = b"".join(
        element(0x60000000 | tag, "US", value.to_bytes(2, "little"))
        for tag, value in ((0x10, 4), (0x11, 4), (0x100, 16), (0x102, 12))
    )
    data = identity() + module(pixel) + plane + element(0x7FE00010, "OW", bytes(32))
    file = part10("explicit", data)
    found = between(tmp_path, file, file)
    assert found.same
    assert any("overlay planes" in warning for warning in found.warnings)


def test_both_cannot_be_standard_input() -> None:
    with pytest.raises(UsageError):
        compare(Comparing("-", "-"))


def test_an_existing_page_is_left_alone(tmp_path: Path, ct: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("mine")
    with pytest.raises(DestinationError, match="already exists"):
        compare(Comparing(str(ct), str(ct), report=str(page)))
    assert page.read_text() == "mine"
    compare(Comparing(str(ct), str(ct), report=str(page), overwrite=True))
    assert page.read_text().startswith("<!DOCTYPE html>")


def test_the_page_never_replaces_what_is_compared(tmp_path: Path, ct: Path) -> None:
    mine = tmp_path / "ct.dcm"
    mine.write_bytes(ct.read_bytes())
    (tmp_path / "link.html").symlink_to(mine)
    for report in (str(mine), str(tmp_path / "link.html"), "-"):
        with pytest.raises(UsageError, match="the page"):
            compare(Comparing(str(mine), str(ct), report=report, overwrite=True))
    assert mine.read_bytes() == ct.read_bytes()


def test_a_link_at_the_name_of_a_page_is_replaced(tmp_path: Path, ct: Path) -> None:
    theirs, page = tmp_path / "theirs", tmp_path / "page.html"
    theirs.write_bytes(b"precious")
    page.symlink_to(theirs)
    compare(Comparing(str(ct), str(ct), report=str(page), overwrite=True))
    assert theirs.read_bytes() == b"precious"
    assert not page.is_symlink()
    assert page.read_text().startswith("<!DOCTYPE html>")


def test_no_page_is_left_when_a_file_cannot_be_read(tmp_path: Path, ct: Path) -> None:
    with pytest.raises(DicomtxError):
        compare(Comparing(str(ct), str(tmp_path / "none.dcm"), report=str(tmp_path / "p.html")))
    assert list(tmp_path.iterdir()) == []


def with_icon(pixels: bytes) -> bytes:
    """Returns a file with an icon of this Pixel Data."""
    inside = short(0x00280010, 1) + short(0x00280011, 2) + pixels
    before, after = identity() + module(image(4, 4)), element(0x7FE00010, "OB", bytes(16))
    return part10("explicit", before + sequence(0x00880200, [inside]) + after)


def test_icons_are_compared_too(tmp_path: Path) -> None:
    one, other = (with_icon(element(0x7FE00010, "OB", value)) for value in (b"ab", b"cd"))
    found = between(tmp_path, one, other)
    assert not found.same
    assert [d.place for d in found.elements or ()] == ["(0088,0200)[1](7FE0,0010)"]
    assert between(tmp_path, one, one).same


def test_an_icon_that_is_encapsulated_in_one_only_is_told_and_does_not_count(
    tmp_path: Path,
) -> None:
    one = with_icon(element(0x7FE00010, "OB", b"ab"))
    found = between(tmp_path, one, with_icon(encapsulated([b"\xff\xd8"])))
    assert found.same
    assert [d.place for d in found.of_encoding] == ["(0088,0200)[1](7FE0,0010)"]


def floats(value: float, order: str = "<") -> bytes:
    """Returns a file of one value of floating point."""
    encoding = EXPLICIT_BIG if order == ">" else EXPLICIT
    pixels = element(0x7FE00008, "OF", struct.pack(f"{order}f", value), encoding)
    syntax = "big-endian" if order == ">" else "explicit"
    return part10(syntax, identity(encoding) + short(0x00280010, 1, encoding) + pixels)


def test_values_of_floating_point_are_pixels(tmp_path: Path) -> None:
    assert not between(tmp_path, floats(1), floats(2), pixels_only=True).same
    assert between(tmp_path, floats(1), floats(1), pixels_only=True).same
    assert between(tmp_path, floats(1), floats(1, ">"), pixels_only=True).same
    assert between(tmp_path, floats(np.nan), floats(np.nan)).same
