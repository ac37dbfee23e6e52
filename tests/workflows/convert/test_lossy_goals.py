"""A goal of quality is met, or refused, or the result says that it was not applied."""

from typing import Any

import numpy as np
import pytest

from dicomtx.errors import ExitCode, UsageError
from dicomtx.settings import Settings, load, overridden
from tests.converter import Converter
from tests.dicom import builder
from tests.dicom.builder import image, native, part10

NOISE = np.random.default_rng(3).integers(0, 256, 64 * 64 * 3, np.uint8)


def noisy(samples: int = 1, **more: Any) -> bytes:
    label = "MONOCHROME2" if samples == 1 else "RGB"
    pixel = image(64, 64, samples=samples, photometric=label, **more)
    ramp = np.arange(pixel.frame_bytes) // 64 + NOISE[: pixel.frame_bytes] // 32
    return part10("explicit", native(pixel, ramp.astype(np.uint8).tobytes()))


LOSSY = ("jpeg-baseline", "jpeg2000", "htj2k", "jpeg-ls-near-lossless", "jpeg-xl")


@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize("to", LOSSY)
def test_a_ratio_counts_for_a_file_in_the_target_too(
    converter: Converter, to: str, samples: int
) -> None:
    first = converter.convert(noisy(samples), to, ratio=3.0, min_psnr=0.0)
    assert first.quality is not None, first.error
    data = converter.out.read_bytes()
    outcome = converter.convert(data, to, ratio=40.0)
    assert "--allow-generation-loss" in converter.failed(outcome, ExitCode.UNSUPPORTED)
    more = converter.convert(data, to, ratio=6.0, allow_generation_loss=True, min_psnr=0.0)
    assert more.action == "recode", more.error
    assert more.quality is not None
    assert more.quality.ratio >= 6
    same = converter.convert(data, to, ratio=1.5)
    assert (same.status, same.action) == ("done", "copy")
    assert any("--ratio 1.5 is met already" in warning for warning in same.warnings)
    assert converter.out.read_bytes() == data


def test_a_reversible_stream_is_made_as_small_as_asked(converter: Converter) -> None:
    converter.done(noisy(), "jpeg2000", reversible=True)
    outcome = converter.convert(converter.out.read_bytes(), "jpeg2000", ratio=8.0, min_psnr=0.0)
    assert outcome.quality is not None, outcome.error
    assert outcome.quality.ratio >= 8


@pytest.mark.parametrize("goal", [{"psnr": 50.0}, {"quality": 80}, {"max_error": 3}])
def test_what_is_copied_says_that_a_goal_was_not_applied(
    converter: Converter, goal: dict[str, Any]
) -> None:
    converter.done(noisy(), "jpeg2000")
    outcome = converter.convert(converter.out.read_bytes(), "jpeg2000", **goal)
    assert outcome.action == "copy"
    assert any("was not applied" in warning for warning in outcome.warnings)


@pytest.mark.parametrize("goal", [{"psnr": 50.0}, {"quality": 80}, {"ratio": 90.0}])
def test_a_copy_without_pixels_has_no_goal_to_apply(
    converter: Converter, goal: dict[str, Any]
) -> None:
    outcome = converter.convert(part10("jpeg2000", builder.identity()), "jpeg2000", **goal)
    assert (outcome.status, outcome.action, outcome.warnings) == ("done", "copy", ())


def test_a_copy_without_a_goal_says_nothing(converter: Converter) -> None:
    converter.done(noisy(), "jpeg2000")
    assert converter.convert(converter.out.read_bytes(), "jpeg2000").warnings == ()


@pytest.mark.parametrize("goal", [{"ratio": 20.0}, {"psnr": 40.0}, {"quality": 50}])
@pytest.mark.parametrize("to", ["jpeg2000", "htj2k", "jpeg-ls-near-lossless"])
def test_reversible_contradicts_a_loss(converter: Converter, to: str, goal: dict[str, Any]) -> None:
    outcome = converter.convert(noisy(), to, reversible=True, **goal)
    assert "--reversible" in converter.failed(outcome, ExitCode.UNSUPPORTED)
    with pytest.raises(UsageError, match="contradict"):
        load(None, {}, reversible=True, **goal)


def test_reversible_and_goals_take_the_place_of_each_other() -> None:
    assert not load(None, {"DICOMTX_REVERSIBLE": "1"}, ratio=10.0).reversible
    assert load(None, {"DICOMTX_RATIO": "10"}, reversible=True).ratio is None
    assert load(None, {"DICOMTX_RATIO": "10"}, reversible=False).ratio == 10
    assert overridden(Settings(ratio=10.0), [("reversible", True)]).ratio is None
    assert not overridden(Settings(reversible=True), [("psnr", 40.0)]).reversible


def mapped(*elements: bytes, samples: int = 1) -> bytes:
    pixel = image(64, 64, samples=samples, photometric="MONOCHROME2" if samples == 1 else "RGB")
    parts = sorted([*elements], key=lambda e: (e[1], e[0], e[3], e[2]))
    early = b"".join(e for e in parts if e[:2] == b"\x08\0")
    late = b"".join(e for e in parts if e[:2] != b"\x08\0")
    pixels = builder.element(0x7FE00010, "OB", NOISE[: pixel.frame_bytes].tobytes())
    content = builder.identity() + early + builder.module(pixel) + late + pixels
    return part10("explicit", content)


DESCRIPTOR = builder.element(0x00281101, "US", b"\0\1\0\0\x10\0")
SEGMENTED = builder.element(0x00281221, "OW", bytes(4))


@pytest.mark.parametrize("to", LOSSY)
@pytest.mark.parametrize(
    "element",
    [
        DESCRIPTOR,
        SEGMENTED,
        builder.text(0x00089205, "CS", "COLOR"),
        builder.text(0x00089205, "CS", "MIXED"),
    ],
)
def test_values_that_stand_for_colours_are_never_lossy(
    converter: Converter, element: bytes, to: str
) -> None:
    outcome = converter.convert(mapped(element), to, min_psnr=0.0)
    assert "Supplemental Palette" in converter.failed(outcome, ExitCode.UNSUPPORTED)
    assert converter.convert(mapped(element), "jpeg2000-lossless").status == "done"


def nested(*tags: int, inner: bytes, undefined: bool = False) -> bytes:
    """Returns sequences within each other, of one item; in a second item of the outermost one."""
    for tag in tags[:0:-1]:
        inner = builder.sequence(tag, [inner], undefined=undefined)
    return builder.sequence(tags[0], [b"", inner], undefined=undefined)


SHARED, FRAMES, MR, CT = 0x52009229, 0x52009230, 0x00189226, 0x00189329
ENHANCED, OPTICAL, OF_OPTICAL, ICON = 0x0028140B, 0x00480105, 0x00480120, 0x00880200
COLOURED = builder.text(0x00089205, "CS", "COLOR")
MIXED = builder.text(0x00089205, "CS", "MIXED")
SHADES = builder.text(0x00089205, "CS", "MONOCHROME")


@pytest.mark.parametrize("undefined", [False, True])
@pytest.mark.parametrize(
    ("tags", "inner"),
    [
        ((SHARED, MR), COLOURED),
        ((FRAMES, CT), MIXED),
        ((FRAMES, MR), COLOURED),
        ((ENHANCED,), DESCRIPTOR),
        ((OPTICAL, OF_OPTICAL), DESCRIPTOR),
        ((OPTICAL, OF_OPTICAL), SEGMENTED),
    ],
)
def test_colour_maps_of_frames_and_paths_count_too(
    converter: Converter, tags: tuple[int, ...], inner: bytes, *, undefined: bool
) -> None:
    data = mapped(nested(*tags, inner=inner, undefined=undefined))
    outcome = converter.convert(data, "jpeg2000", min_psnr=0.0)
    assert "palette" in converter.failed(outcome, ExitCode.UNSUPPORTED).lower()
    implicit = converter.convert(data, "implicit")
    assert implicit.status == "done"
    outcome = converter.convert(converter.out.read_bytes(), "jpeg-baseline", min_psnr=0.0)
    assert outcome.exit_code == ExitCode.UNSUPPORTED
    assert converter.convert(data, "jpeg2000-lossless").status == "done"


@pytest.mark.parametrize(
    ("tags", "inner"),
    [((FRAMES, MR), SHADES), ((ICON,), DESCRIPTOR), ((OPTICAL, ICON), DESCRIPTOR)],
)
def test_what_is_within_a_sequence_need_not_be_a_colour_map(
    converter: Converter, tags: tuple[int, ...], inner: bytes
) -> None:
    data = mapped(nested(*tags, inner=inner))
    assert converter.convert(data, "jpeg2000", min_psnr=0.0).status == "done"


@pytest.mark.parametrize("presentation", ["MONOCHROME", "TRUE_COLOR"])
def test_shades_are_lossy_as_before(converter: Converter, presentation: str) -> None:
    data = mapped(builder.text(0x00089205, "CS", presentation))
    assert converter.convert(data, "jpeg2000", min_psnr=0.0).status == "done"
    assert (
        converter.convert(mapped(DESCRIPTOR, samples=3), "jpeg2000", min_psnr=0.0).status == "done"
    )


@pytest.mark.parametrize(
    ("to", "more", "why"),
    [
        ("jpeg-baseline", {"allocated": 16}, "not 16 (PS3.5 8.2.1); try --to jpeg2000"),
        ("jpeg-extended", {"allocated": 16}, "not 16 (PS3.5 8.2.1); try --to jpeg2000"),
        ("jpeg-xl", {"allocated": 16, "signed": True}, "try --to jpeg2000"),
        ("jpeg2000", {"allocated": 32}, "not 32"),
    ],
)
def test_no_option_is_advised_for_what_is_refused_anyway(
    converter: Converter, to: str, more: dict[str, Any], why: str
) -> None:
    pixel = image(64, 64, **more)
    lossy = builder.text(0x00282110, "CS", "01")
    pixels = builder.element(0x7FE00010, "OW", bytes(pixel.frame_bytes))
    data = part10("explicit", builder.identity() + builder.module(pixel) + lossy + pixels)
    error = converter.failed(converter.convert(data, to), ExitCode.UNSUPPORTED)
    assert why in error
    assert "--allow" not in error


@pytest.mark.parametrize("to", ["jpeg2000", "htj2k", "jpeg-ls-near-lossless"])
def test_a_lossy_result_that_is_larger_than_its_source_has_a_warning(
    converter: Converter, to: str
) -> None:
    flat = image(64, 64)
    converter.done(part10("explicit", native(flat, bytes(flat.frame_bytes))), "rle")
    grown = converter.convert(converter.out.read_bytes(), to, max_error=1, min_psnr=0.0)
    assert grown.quality, grown.error
    warned = any(text.startswith("lossy, but larger") for text in grown.warnings)
    assert warned == (grown.bytes_out > grown.bytes_in)
    pixel = image(8, 8)
    tiny = converter.convert(part10("explicit", native(pixel, bytes(range(64)))), to, max_error=1)
    assert tiny.bytes_out > tiny.bytes_in
    assert any("lossy, but larger than the source" in text for text in tiny.warnings)
    large = converter.convert(noisy(), to, ratio=4.0, min_psnr=0.0)
    assert not any("larger" in text for text in large.warnings)
