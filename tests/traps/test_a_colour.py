"""Section A of what goes wrong in other transcoders: colour."""

import numpy as np
import pytest
from pydicom import dcmread

from dicomtx.errors import ExitCode
from tests.converter import Converter
from tests.corpus import file
from tests.dicom.builder import image, native, part10
from tests.oracle import Decoder, as_rgb
from tests.test_every_file import LOSSLESS
from tests.traps.altered_files import altered, difference, encapsulated, streams, truth, values


@pytest.mark.parametrize("to", ["explicit", "rle", "jpeg2000-lossless"])
@pytest.mark.parametrize(
    "name", ["SC_rgb_jpeg_dcmtk.dcm", "SC_rgb_dcmtk_+eb+cy+s2.dcm", "examples_ybr_color.dcm"]
)
def test_a1_the_label_says_what_the_samples_are(
    converter: Converter, decoder: Decoder, name: str, to: str
) -> None:
    source, said = truth(decoder, file(name))
    assert said.startswith("YBR_FULL")
    made = converter.done(file(name).read_bytes(), to)
    photometric = "YBR_RCT" if to == "jpeg2000-lossless" else "RGB"
    assert (made.PhotometricInterpretation, made.PlanarConfiguration) == (photometric, 0)
    back = converter.done(converter.out.read_bytes())
    assert difference(values(back), as_rgb(source, said))[0] < 2.5


@pytest.mark.parametrize("name", ["SC_rgb_dcmtk_+eb+cy+s2.dcm", "examples_ybr_color.dcm"])
def test_a2_colours_do_not_depend_on_who_decodes(converter: Converter, name: str) -> None:
    data = file(name).read_bytes()
    outcomes = {}
    for order in ("builtin-first", "plugins-first", "plugins-only"):
        decoded = converter.done(data, order=order)
        outcomes[order] = (decoded.PhotometricInterpretation, bytes(decoded.PixelData))
    assert outcomes["builtin-first"][0] == "RGB"
    assert len(set(outcomes.values())) == 1


@pytest.mark.parametrize(
    "name",
    [
        "SC_rgb_dcmtk_+eb+cr.dcm",
        "SC_rgb_jpeg_app14_dcmd.dcm",
        "SC_jpeg_no_color_transform.dcm",
        "SC_jpeg_no_color_transform_2.dcm",
    ],
)
def test_a3_rgb_in_jpeg_stays_rgb(converter: Converter, decoder: Decoder, name: str) -> None:
    source, _ = truth(decoder, file(name))
    outcome = converter.convert(file(name).read_bytes())
    back = dcmread(converter.out)
    assert outcome.warnings == ()
    assert back.PhotometricInterpretation == "RGB"
    assert difference(values(back), source)[1] <= 2


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("SC_rgb_dcmtk_+eb+cr.dcm", "YBR_FULL_422"),
        ("SC_rgb_jpeg_app14_dcmd.dcm", "YBR_FULL"),
        ("SC_jpeg_no_color_transform_2.dcm", "YBR_FULL_422"),
        ("SC_rgb_jpeg_dcmtk.dcm", "RGB"),
    ],
)
def test_a3_markers_win_over_the_label_with_a_warning(
    converter: Converter, name: str, wrong: str
) -> None:
    right = converter.done(file(name).read_bytes())
    outcome = converter.convert(altered(name, PhotometricInterpretation=wrong))
    back = dcmread(converter.out)
    assert back.PixelData == right.PixelData
    assert back.PhotometricInterpretation == "RGB"
    assert any("Photometric Interpretation" in warning for warning in outcome.warnings)


def _without_markers(stream: bytes) -> bytes:
    """Returns a JPEG stream without its application segments."""
    at, kept = 2, stream[:2]
    while stream[at + 1] != 0xDA:
        size = 2 + int.from_bytes(stream[at + 2 : at + 4], "big")
        if not 0xE0 <= stream[at + 1] <= 0xEF:
            kept += stream[at : at + size]
        at += size
    return kept + stream[at:]


def test_a4_subsampled_ycbcr_that_is_called_rgb_keeps_its_colours(converter: Converter) -> None:
    """As gdcmconv writes lossy JPEG: no marker tells the colours, but chroma is subsampled."""
    name = "SC_rgb_dcmtk_+eb+cy+s2.dcm"
    bare = _without_markers(streams(dcmread(file(name)))[0])
    data = encapsulated(name, [bare + b"\0" * (len(bare) % 2)])
    data = data.replace(b"YBR_FULL_422", b"RGB         ")
    outcome = converter.convert(data)
    assert outcome.status == "done", outcome.error
    back = dcmread(converter.out)
    assert back.PhotometricInterpretation == "RGB"
    assert difference(values(back), values(dcmread(file("SC_rgb.dcm"))))[0] < 5
    assert any("Photometric Interpretation" in warning for warning in outcome.warnings)


def _component_transform(stream: bytes) -> int:
    """Returns what the COD segment says (ISO/IEC 15444-1 A.6.1)."""
    assert stream.startswith(b"\xff\x4f\xff\x51")
    return stream[stream.index(b"\xff\x52") + 8]


@pytest.mark.parametrize("to", ["jpeg2000-lossless", "htj2k-lossless", "htj2k-lossless-rpcl"])
def test_a5_rgb_uses_the_component_transform_and_says_so(converter: Converter, to: str) -> None:
    data = file("examples_rgb_color.dcm").read_bytes()
    pixels = converter.done(data).PixelData
    made = converter.done(data, to)
    assert made.PhotometricInterpretation == "YBR_RCT"
    assert {_component_transform(stream) for stream in streams(made)} == {1}
    back = converter.done(converter.out.read_bytes())
    assert (back.PhotometricInterpretation, back.PixelData) == ("RGB", pixels)


@pytest.mark.parametrize("to", ["jpeg2000-lossless", "htj2k-lossless"])
def test_a5_ybr_full_is_not_transformed_again(converter: Converter, to: str) -> None:
    pixel = image(40, 40, samples=3, photometric="YBR_FULL")
    data = bytes(n * n % 251 for n in range(4800))
    made = converter.done(part10("explicit", native(pixel, data)), to)
    assert made.PhotometricInterpretation == "YBR_FULL"
    assert _component_transform(streams(made)[0]) == 0
    assert converter.done(converter.out.read_bytes()).PixelData == data


@pytest.mark.parametrize(
    "name", ["GDCMJ2K_TextGBR.dcm", "US1_J2KR.dcm", "US1_J2KI.dcm", "SC_rgb_gdcm_KY.dcm"]
)
def test_a5_real_colour_is_what_others_decode(
    converter: Converter, decoder: Decoder, name: str
) -> None:
    back = converter.done(file(name).read_bytes())
    assert back.PhotometricInterpretation == "RGB"
    assert difference(values(back), truth(decoder, file(name))[0])[1] <= 1


@pytest.mark.parametrize("wrong", ["YBR_FULL", "YBR_FULL_422"])
def test_a5_the_transform_in_the_stream_wins_over_the_label(
    converter: Converter, wrong: str
) -> None:
    right = converter.done(file("US1_J2KR.dcm").read_bytes())
    outcome = converter.convert(altered("US1_J2KR.dcm", PhotometricInterpretation=wrong))
    back = dcmread(converter.out)
    assert (back.PhotometricInterpretation, back.PixelData) == ("RGB", right.PixelData)
    assert any("Photometric Interpretation" in warning for warning in outcome.warnings)


@pytest.mark.parametrize("to", LOSSLESS)
def test_a6_native_422_is_brought_to_full_size(converter: Converter, to: str) -> None:
    path = file("SC_ybr_full_422_uncompressed.dcm")
    pairs = np.frombuffer(dcmread(path).PixelData, np.uint8).reshape(-1, 4)
    chroma = np.repeat(pairs[:, 2:], 2, axis=0)
    expected = np.column_stack([pairs[:, :2].reshape(-1), chroma])
    assert converter.done(path.read_bytes(), to).PhotometricInterpretation == "YBR_FULL"
    back = converter.done(converter.out.read_bytes())
    assert back.PhotometricInterpretation == "YBR_FULL"
    assert back.PixelData == expected.tobytes()


@pytest.mark.parametrize("to", ["implicit", "big-endian", *LOSSLESS])
def test_a6_full_chroma_that_is_called_422_gets_the_right_label(
    converter: Converter, to: str
) -> None:
    pixel = image(2, 4, samples=3, photometric="YBR_FULL_422")
    data = bytes(range(100, 124))
    outcome = converter.convert(part10("explicit", native(pixel, data)), to)
    assert dcmread(converter.out).PhotometricInterpretation == "YBR_FULL"
    assert any("YBR_FULL_422" in warning for warning in outcome.warnings)
    back = converter.done(converter.out.read_bytes())
    assert (back.PhotometricInterpretation, back.PixelData) == ("YBR_FULL", data)


@pytest.mark.parametrize("to", LOSSLESS)
def test_a7_colour_by_plane_is_right_in_every_syntax(converter: Converter, to: str) -> None:
    source = dcmread(file("color-pl.dcm"))
    assert source.PlanarConfiguration == 1
    planes = np.frombuffer(source.PixelData, np.uint8).reshape(3, -1)
    assert converter.done(file("color-pl.dcm").read_bytes(), to).PlanarConfiguration == 0
    back = converter.done(converter.out.read_bytes())
    assert back.PlanarConfiguration == 0
    assert back.PixelData == planes.T.tobytes()


@pytest.mark.parametrize("to", LOSSLESS)
@pytest.mark.parametrize("name", ["examples_palette.dcm", "OT-PAL-8-face.dcm"])
def test_a8_a_palette_keeps_its_indices_and_its_tables(
    converter: Converter, name: str, to: str
) -> None:
    source = dcmread(file(name), force=True)
    tables = [0x00281101, 0x00281102, 0x00281103, 0x00281201, 0x00281202, 0x00281203]
    made = converter.done(file(name).read_bytes(), to)
    back = converter.done(converter.out.read_bytes())
    for data_set in (made, back):
        assert data_set.PhotometricInterpretation == "PALETTE COLOR"
        for tag in tables:
            assert data_set[tag].value == source[tag].value
    assert back.PixelData == source.PixelData


def test_a8_a_palette_is_not_made_lossy(converter: Converter) -> None:
    outcome = converter.convert(file("examples_palette.dcm").read_bytes(), "jpeg-baseline")
    converter.failed(outcome, ExitCode.UNSUPPORTED)


def test_a9_lossless_jpeg_of_rgb_that_is_called_422_is_read_with_a_warning(
    converter: Converter,
) -> None:
    """Nothing in a lossless JPEG tells the colours for sure, but subsampled it is not."""
    right = converter.done(file("SC_rgb_jpeg_gdcm.dcm").read_bytes()).PixelData
    data = altered("SC_rgb_jpeg_gdcm.dcm", PhotometricInterpretation="YBR_FULL_422")
    outcome = converter.convert(data)
    assert outcome.status == "done", outcome.error
    back = dcmread(converter.out)
    assert (back.PhotometricInterpretation, back.PixelData) == ("YBR_FULL", right)
    assert any("Photometric Interpretation" in warning for warning in outcome.warnings)


def test_a_planar_label_of_an_encapsulated_source_is_mended(converter: Converter) -> None:
    pixel = image(4, 4, samples=3, photometric="RGB")._replace(planar_configuration=1)
    data = bytes(range(48))
    converter.done(part10("explicit", native(pixel, data)), "rle")
    encoded = converter.out.read_bytes().replace(
        b"\x28\0\x06\0US\2\0\0\0", b"\x28\0\x06\0US\2\0\1\0"
    )
    back = converter.done(encoded)
    assert back.PlanarConfiguration == 0
    assert back.PixelData == bytes(b for n in range(16) for b in (n, n + 16, n + 32))
