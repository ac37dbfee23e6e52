"""Compare decodes with another code base than a conversion, and says which, or that none is."""

import json
from pathlib import Path
from typing import Any

import imagecodecs as library
import numpy as np
import pytest

from dicomtx.cli import main
from dicomtx.codecs import samples
from dicomtx.codecs.imagecodecs import lossless
from dicomtx.engine.decoding import audited_frames
from dicomtx.engine.decoding.decoder import DecodedFrames
from dicomtx.engine.decoding.fallback_frames import AnyFrames
from dicomtx.errors import ExitCode
from dicomtx.image_pixel import Frame, ImagePixel
from dicomtx.transfer_syntaxes import TransferSyntax, find
from dicomtx.workflows.compare.compare import compare
from dicomtx.workflows.compare.result import Comparing, Comparison
from tests import subsampled_streams
from tests.converter import Converter
from tests.dicom import builder
from tests.dicom.builder import image, native, part10
from tests.sampling import sampled, sampled_rows

RGB = {"samples": 3, "photometric": "RGB"}
TWELVE = {"allocated": 16, "stored": 12}


@pytest.fixture
def converter(tmp_path: Path) -> Converter:
    return Converter(tmp_path)


def noise(**kind: Any) -> bytes:
    pixel = image(24, 31, **kind)
    words = np.random.default_rng(1).integers(0, 1 << pixel.bits_stored, pixel.samples_per_frame)
    return part10(
        "explicit", native(pixel, words.astype(f"<u{pixel.bits_allocated // 8}").tobytes())
    )


def there(converter: Converter, to: str, data: bytes, **settings: Any) -> Comparison:
    """Returns how a native file and its result compare."""
    assert converter.convert(data, to, **settings).status == "done"
    return compare(Comparing(str(converter.source), str(converter.out)))


def back(converter: Converter, source: str, data: bytes) -> Comparison:
    """Returns how an encapsulated file and its native result compare."""
    assert converter.convert(data, source).status == "done"
    assert converter.convert(converter.out.read_bytes()).status == "done"
    return compare(Comparing(str(converter.source), str(converter.out)))


@pytest.mark.parametrize(
    ("to", "by"),
    [
        ("rle", "pylibjpeg-rle"),
        ("jpeg-lossless-sv1", "jpegsof3"),
        ("jpeg-lossless", "jpegsof3"),
        ("deflated-image-frame", "zlib"),
        ("htj2k-lossless", "OpenJPEG"),
    ],
)
@pytest.mark.parametrize("kind", sampled([{}, RGB, TWELVE], 2))
def test_the_result_is_decoded_by_another_code_base_than_encoded(
    converter: Converter, to: str, by: str, kind: dict[str, Any]
) -> None:
    found = there(converter, to, noise(**kind))
    assert (found.same, found.verification, found.caution) == (True, "independent", "")
    assert (found.a.code_bases, found.b.code_bases) == ((), (by,))


@pytest.mark.parametrize(
    ("source", "by"),
    [
        ("rle", "pylibjpeg-rle"),
        ("jpeg-lossless-sv1", "jpegsof3"),
        ("deflated-image-frame", "zlib"),
        ("htj2k-lossless", "OpenJPH"),
    ],
)
@pytest.mark.parametrize("kind", sampled([{}, RGB, TWELVE], 2))
def test_the_source_is_decoded_by_another_code_base_than_converted(
    converter: Converter, source: str, by: str, kind: dict[str, Any]
) -> None:
    found = back(converter, source, noise(**kind))
    assert (found.same, found.verification) == (True, "independent")
    assert found.a.code_bases == (by,)


@pytest.mark.parametrize(
    ("to", "kind"), sampled_rows([("jpeg2000-lossless", TWELVE), ("jpeg-ls-lossless", {})], 2)
)
def test_with_the_extra_ffmpeg_decodes_both(
    converter: Converter, audit: None, to: str, kind: dict[str, Any]
) -> None:
    for found in (there(converter, to, noise(**kind)), back(converter, to, noise(**kind))):
        assert (found.same, found.verification, found.caution) == (True, "independent", "")
        assert found.a.code_bases + found.b.code_bases == ("FFmpeg",)


@pytest.mark.parametrize(
    ("to", "base", "remedy"),
    [
        ("jpeg2000-lossless", "OpenJPEG", "pip install 'dicomtx[audit]'"),
        ("jpeg-ls-lossless", "CharLS", "pip install 'dicomtx[audit]'"),
        ("jpeg-xl-lossless", "libjxl", "No other library here"),
    ],
)
@pytest.mark.parametrize("kind", [{}, RGB, TWELVE])
def test_the_only_code_base_is_named(
    converter: Converter, to: str, base: str, remedy: str, kind: dict[str, Any]
) -> None:
    found = there(converter, to, noise(**kind))
    assert (found.same, found.verification) == (True, "same-code-base")
    assert found.caution.startswith(f"B was decoded by {base} only. If that library has a fault")
    assert remedy in found.caution


def test_what_ffmpeg_is_not_trusted_with_leaves_a_caution(
    converter: Converter, audit: None
) -> None:
    found = there(converter, "jpeg-ls-lossless", noise(**RGB))
    assert (found.same, found.b.unconfirmed) == (True, "CharLS")
    assert "pip install" not in found.caution


def test_source_and_result_that_share_the_only_one_are_told_together(converter: Converter) -> None:
    assert converter.convert(noise(), "jpeg2000-lossless").status == "done"
    name = str(converter.out)
    found = compare(Comparing(name, name))
    assert found.caution.startswith("A and B were decoded by OpenJPEG only")


def test_native_files_need_no_decoder(converter: Converter) -> None:
    found = there(converter, "implicit", noise())
    assert (found.verification, found.caution) == ("bytes-only", "")


def test_it_is_told_in_text_json_and_on_the_page(
    converter: Converter, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    converter.convert(noise(), "jpeg2000-lossless")
    files, page = [str(converter.source), str(converter.out)], tmp_path / "page.html"
    assert main(["compare", *files, "--report", str(page)]) == ExitCode.DONE
    text = " ".join(capfd.readouterr().out.split())
    assert "decoded by OpenJPEG)" in text
    assert "Caution B was decoded by OpenJPEG only." in text
    assert "B was decoded by OpenJPEG only" in page.read_text()
    assert main(["compare", *files, "--json"]) == ExitCode.DONE
    told = json.loads(capfd.readouterr().out)
    assert (told["verification"], told["b"]["unconfirmed"]) == ("same-code-base", "OpenJPEG")
    assert (told["a"]["code_bases"], told["b"]["code_bases"]) == ([], ["OpenJPEG"])


@pytest.mark.long
@pytest.mark.parametrize(("kind", "psnr"), [({}, 35.0), (RGB, 60.0), (TWELVE, 35.0)])
def test_irreversible_jpeg_2000_is_confirmed_to_within_its_rounding(
    converter: Converter, audit: None, kind: dict[str, Any], psnr: float
) -> None:
    pixel = image(40, 50, **kind)
    y, x = np.indices((40, 50))
    values = (np.sin(x / 9) + np.cos(y / 7) + 2) * (1 << pixel.bits_stored - 3)
    values = np.stack([values] * pixel.samples_per_pixel, axis=2)
    words = values.astype(f"<u{pixel.bits_allocated // 8}").tobytes()
    found = back(converter, "jpeg2000-lossless", part10("explicit", native(pixel, words)))
    converter.convert(part10("explicit", native(pixel, words)), "jpeg2000", psnr=psnr)
    converter.convert(converter.out.read_bytes())
    found = compare(Comparing(str(converter.source), str(converter.out)))
    assert (found.pixels.same, found.verification) == (True, "independent")
    assert found.a.code_bases == ("OpenJPEG", "FFmpeg")


@pytest.mark.parametrize("damage", [b"", b"\xff\x4f\xff\x51 cut off", b"\xff\xd8\xff\xd9"])
def test_a_stream_that_is_damaged_for_the_second_code_base_alone_is_unconfirmed(
    converter: Converter, audit: None, monkeypatch: pytest.MonkeyPatch, damage: bytes
) -> None:
    """The guard raises DamagedError, the second code base CodecError: neither ends compare."""
    real = audited_frames._confirming

    def confirming(frames: AnyFrames) -> DecodedFrames | None:
        found = real(frames)
        assert found
        monkeypatch.setattr(audited_frames, "error_of", lambda _: 1)
        return DecodedFrames(Streams(damage), found.decoder)

    converter.convert(noise(), "jpeg2000", psnr=40.0)
    monkeypatch.setattr(audited_frames, "_confirming", confirming)
    found = compare(Comparing(str(converter.out), str(converter.out)))
    assert found.pixels.same
    assert (found.a.unconfirmed, found.b.unconfirmed) == ("OpenJPEG", "OpenJPEG")


class Streams:
    """One code stream for every frame."""

    count = 1

    def __init__(self, stream: bytes) -> None:
        self.stream = stream

    def read(self, index: int) -> bytes:
        return self.stream


def coded(syntax: str, distances: tuple[int, int]) -> bytes:
    """Returns a file of YCbCr whose chroma is subsampled."""
    stream = subsampled_streams.subsampled(
        subsampled_streams.planes(48, 64, *distances), find(syntax).uid, *distances
    )
    pixel = image(48, 64, samples=3, photometric="YBR_FULL_422")
    data = builder.identity() + builder.module(pixel) + builder.encapsulated([stream])
    return part10(syntax, data)


def as_in_0_2_0(stream: bytes, syntax: TransferSyntax, asked: ImagePixel) -> Frame:
    """Returns what OpenJPEG makes of subsampled YCbCr, RGB, under the label of 0.2.0."""
    array = library.jpeg2k_decode(stream, planar=False)
    return samples.frame_of(array, asked, "YBR_FULL", precision=8)


@pytest.fixture
def of_old(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has dicomtx decode JPEG 2000 as 0.2.0 did."""
    for syntax in ("jpeg2000-lossless", "jpeg2000"):
        monkeypatch.setitem(lossless.DECODERS, find(syntax).uid, as_in_0_2_0)


@pytest.mark.parametrize("syntax", ["jpeg2000-lossless", "jpeg2000"])
@pytest.mark.parametrize("distances", [(2, 1), (2, 2)])
@pytest.mark.parametrize("to", sampled(["explicit", "rle", "jpeg-lossless-sv1"], 3))
def test_rgb_labelled_ybr_full_is_found_though_the_decoder_is_still_wrong(
    converter: Converter,
    audit: None,
    of_old: None,
    syntax: str,
    distances: tuple[int, int],
    to: str,
) -> None:
    assert converter.convert(coded(syntax, distances), to).status == "done"
    found = compare(Comparing(str(converter.source), str(converter.out)))
    assert not found.same
    assert found.pixels.reason or found.pixels.worst


@pytest.mark.long
@pytest.mark.parametrize("syntax", ["jpeg2000-lossless", "jpeg2000"])
@pytest.mark.parametrize("distances", [(2, 1), (2, 2)])
def test_what_is_right_now_is_right_for_ffmpeg_too(
    converter: Converter, audit: None, syntax: str, distances: tuple[int, int]
) -> None:
    assert converter.convert(coded(syntax, distances)).status == "done"
    found = compare(Comparing(str(converter.source), str(converter.out)))
    assert (found.pixels.same, found.verification) == (True, "independent")


def test_without_the_extra_that_goes_unseen_but_not_untold(
    converter: Converter, of_old: None
) -> None:
    converter.convert(coded("jpeg2000-lossless", (2, 1)))
    found = compare(Comparing(str(converter.source), str(converter.out)))
    assert found.pixels.same
    assert found.caution.startswith("A was decoded by OpenJPEG only")
