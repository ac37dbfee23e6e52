"""What is decided for one file, and why."""

from typing import Any

import pytest

from dicomtx.code_stream import CodeStream
from dicomtx.codecs.registry import Codecs
from dicomtx.dicom.inspection import FileInfo, read_file_info
from dicomtx.dicom.part10 import open_part10
from dicomtx.dicom.pixel_data.overlay_planes import OverlayPlane
from dicomtx.engine.planning.plan import Action, Code, Plan, Reencapsulate, codecs_of, reason_of
from dicomtx.engine.planning.planner import plan
from dicomtx.settings import Settings
from dicomtx.storage.source import Source
from dicomtx.transfer_syntaxes import by_uid, find
from tests.dicom.builder import identity, image, native, part10

RGB = image(64, 64, samples=3, photometric="RGB")
WHOLE = image(64, 64, allocated=16)
VIDEO, JPIP, PRIVATE = (
    by_uid(uid) for uid in ("1.2.840.10008.1.2.4.102", "1.2.840.10008.1.2.4.94", "1.2.3.4")
)
LOSSLESS = ["rle", "jpeg2000-lossless", "jpeg-ls-lossless", "jpeg-lossless-sv1", "htj2k-lossless"]


def header(name: str = "explicit", pixel: Any = WHOLE, **changes: Any) -> FileInfo:
    """Returns the header of a file with this image, or without one."""
    data = native(pixel, bytes(pixel.frame_bytes)) if pixel else identity()
    with open_part10(Source(part10("explicit", data))) as part:
        found = read_file_info(part)
    syntax = find(name)
    told: dict[str, Any] = {"syntax": syntax, "label": syntax, "pixel_data": "none"}
    if pixel:
        told["pixel_data"] = "encapsulated" if syntax.encapsulated else "native"
    return found._replace(**(told | changes))


def planned(found: FileInfo, to: str, **settings: Any) -> Plan:
    asked = Settings(**{"lossy": True} | settings)
    with Codecs(asked) as codecs:
        return plan(found, find(to), codecs, asked)


def coded(found: FileInfo, to: str, **settings: Any) -> Code:
    made = planned(found, to, **settings)
    assert isinstance(made, Code), made
    return made


def stream(syntax: str, transform: str = "", *, subsampled: bool = False) -> CodeStream:
    uid, family = find(syntax).uid, find(syntax).family
    return CodeStream(family, uid, 64, 64, 3, 8, transform=transform, subsampled=subsampled)


# ------------------------------------------------------------------ actions


@pytest.mark.parametrize(
    ("source", "to", "action"),
    [
        ("explicit", "explicit", Action.COPY),
        ("jpeg2000-lossless", "jpeg2000-lossless", Action.COPY),
        ("jpeg-baseline", "jpeg-baseline", Action.COPY),
        ("explicit", "implicit", Action.REWRITE),
        ("big-endian", "deflated", Action.REWRITE),
        ("rle", "explicit", Action.DECODE),
        ("encapsulated-uncompressed", "big-endian", Action.DECODE),
        ("implicit", "rle", Action.ENCODE),
        ("deflated", "encapsulated-uncompressed", Action.ENCODE),
        ("rle", "jpeg2000-lossless", Action.RECODE),
        ("explicit", "jpeg2000", Action.ENCODE),
        ("rle", "htj2k", Action.RECODE),
        ("explicit", "jpeg-xl-recompression", Action.REFUSE),
    ],
)
def test_each_pair_of_syntaxes_has_its_action(source: str, to: str, action: Action) -> None:
    made = planned(header(source), to)
    assert made.action is action
    assert (made.source, made.target) == (find(source), find(to))
    decoder, encoder = codecs_of(made)
    assert bool(decoder) == (action in (Action.DECODE, Action.RECODE))
    assert bool(encoder) == (action in (Action.ENCODE, Action.RECODE))
    assert bool(reason_of(made)) == (action is Action.REFUSE)


@pytest.mark.parametrize("to", ["explicit", "jpeg2000-lossless"])
def test_a_wrong_label_is_never_copied(to: str) -> None:
    assert planned(header(to, label=find("rle")), to).action is Action.REWRITE


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (header(pixel=None), "no pixel data"),
        (header(pixel=None, pixel_data="float"), "float pixel data"),
        (header("rle", syntax=VIDEO, label=VIDEO, image=None), "is video"),
        (header("rle", syntax=JPIP, label=JPIP, image=None), "no codec knows"),
        (header("rle", syntax=PRIVATE, label=PRIVATE, image=None), "no codec knows"),
    ],
    ids=["none", "float", "video", "JPIP", "private"],
)
@pytest.mark.parametrize("to", ["rle", "jpeg2000", "encapsulated-uncompressed"])
def test_what_has_nothing_to_encode_is_kept_with_the_reason(
    found: FileInfo, why: str, to: str
) -> None:
    made = planned(found, to)
    assert (made.action, made.target) == (Action.KEEP, found.label)
    assert why in reason_of(made)
    strict = planned(found, to, strict=True)
    assert strict.action is Action.REFUSE
    assert why in reason_of(strict)


@pytest.mark.parametrize("syntax", [VIDEO, JPIP, PRIVATE])
def test_what_nobody_decodes_is_refused_for_a_native_target(syntax: Any) -> None:
    made = planned(header("rle", syntax=syntax, label=syntax, image=None), "explicit")
    assert made.action is Action.REFUSE
    assert reason_of(made)


@pytest.mark.parametrize("to", ["implicit", "rle", "deflated"])
def test_a_dicomdir_is_always_kept(to: str) -> None:
    made = planned(header(pixel=None, file_set=True), to)
    assert made.action is Action.KEEP
    assert "DICOMDIR" in reason_of(made)


@pytest.mark.parametrize("kind", ["none", "float"])
def test_what_has_no_pixels_to_decode_is_rewritten_for_a_native_target(kind: str) -> None:
    assert planned(header(pixel=None, pixel_data=kind), "implicit").action is Action.REWRITE


def test_pixel_data_that_cannot_be_read_is_refused_only_if_it_must_be_read() -> None:
    found = header(image=None, missing=("Rows",))
    assert planned(found, "implicit").action is Action.REWRITE
    assert "no Rows" in reason_of(planned(found, "rle"))


# ------------------------------------------------------------------ what may be


@pytest.mark.parametrize(
    ("pixel", "to", "why"),
    [
        (image(8, 8, allocated=32), "jpeg2000-lossless", "24 bits"),
        (image(8, 8, allocated=16, signed=True), "jpeg-xl-lossless", "unsigned"),
        (WHOLE._replace(bits_stored=12, high_bit=15), "jpeg-ls-lossless", "High Bit 15"),
        (RGB._replace(photometric_interpretation="YBR_FULL_422", columns=63), "rle", "odd Columns"),
    ],
)
def test_what_the_target_cannot_hold_is_refused_with_the_reason(
    pixel: Any, to: str, why: str
) -> None:
    made = planned(header(pixel=pixel), to)
    assert made.action is Action.REFUSE
    assert why in reason_of(made)


def test_what_is_practised_beyond_the_standard_is_warned_of_or_refused_when_strict() -> None:
    found = header(pixel=image(8, 8, allocated=32))
    made = planned(found, "rle")
    assert made.action is Action.ENCODE
    assert "32 bits allocated" in made.warnings[0]
    assert planned(found, "rle", strict=True).action is Action.REFUSE


def test_native_pixel_data_longer_than_its_length_can_say_is_refused() -> None:
    huge = WHOLE._replace(rows=65_535, columns=65_535)
    made = planned(header("rle", image=huge), "explicit")
    assert made.action is Action.REFUSE
    assert "more than its length field can hold" in reason_of(made)
    almost = WHOLE._replace(rows=0x8000, columns=0x8000, number_of_frames=1)
    assert planned(header("rle", image=almost), "explicit").action is Action.DECODE


def test_without_a_codec_the_reason_says_which_can_and_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = planned(header(), "jpeg-ls-lossless", codecs=("openjpeg",))
    assert "imagecodecs or gdcm can (see --codec and --order)" in reason_of(made)
    monkeypatch.setattr("dicomtx.engine.planning.planner.missing", lambda _: ("numpy",))
    made = planned(header(), "jpeg-ls-lossless", codecs=("openjpeg",))
    assert "imagecodecs (pip install imagecodecs)" in reason_of(made)
    made = planned(header("jpeg-ls-lossless"), "explicit", codecs=("openjpeg",))
    assert "cannot" not in reason_of(made)
    assert "decode jpeg-ls-lossless" in reason_of(made)


def test_the_first_fallback_that_can_be_is_taken_and_said() -> None:
    found = header(pixel=image(8, 8, allocated=32))
    made = planned(found, "jpeg2000-lossless", fallback=("jpeg-ls-lossless", "rle", "explicit"))
    assert (made.action, made.target) == (Action.ENCODE, find("rle"))
    (warning, *_) = made.warnings
    assert warning.startswith("fell back to rle-lossless: JPEG 2000: ")
    assert "; JPEG-LS " in warning
    assert "try --to" not in warning
    made = planned(found, "jpeg2000-lossless", fallback=("jpeg-ls-lossless",))
    assert made.action is Action.REFUSE
    assert made.target == find("jpeg2000-lossless")
    assert reason_of(made).startswith("JPEG 2000: ")
    assert "; fallback jpeg-ls-lossless: JPEG-LS " in reason_of(made)
    assert reason_of(made).count("try --to") == 1
    assert planned(header(), "rle", fallback=("explicit",)).warnings == ()


# ------------------------------------------------------------------ colour


@pytest.mark.parametrize("to", LOSSLESS)
def test_rgb_is_labelled_as_it_is_coded(to: str) -> None:
    made = coded(header(pixel=RGB), to)
    assert made.working.photometric_interpretation == "RGB"
    transformed = to in ("jpeg2000-lossless", "htj2k-lossless")
    assert made.after.photometric_interpretation == ("YBR_RCT" if transformed else "RGB")


@pytest.mark.parametrize(
    ("transform", "said", "keep", "after"),
    [
        ("YBR", "YBR_FULL_422", False, "RGB"),
        ("YBR", "YBR_FULL_422", True, "YBR_FULL"),
        ("YBR", "RGB", False, "RGB"),
        ("RGB", "YBR_FULL", False, "RGB"),
        ("RGB", "RGB", True, "RGB"),
        ("", "YBR_FULL_422", False, "RGB"),
        ("", "RGB", False, "RGB"),
    ],
)
def test_lossy_jpeg_is_what_its_stream_says_and_becomes_rgb(
    transform: str, said: str, after: str, *, keep: bool
) -> None:
    pixel = RGB._replace(photometric_interpretation=said)
    found = header("jpeg-baseline", image=pixel, first_stream=stream("jpeg-baseline", transform))
    made = coded(found, "explicit", keep_colour_space=keep)
    assert made.after.photometric_interpretation == after
    decoded_as_ybr = transform == "YBR" or (not transform and said != "RGB")
    assert made.to_rgb == (decoded_as_ybr and not keep)


@pytest.mark.parametrize("syntax", ["jpeg-lossless-sv1", "jpeg-ls-lossless", "rle"])
def test_ybr_that_somebody_chose_stays(syntax: str) -> None:
    pixel = RGB._replace(photometric_interpretation="YBR_FULL")
    made = coded(header(syntax, image=pixel), "explicit")
    assert made.after.photometric_interpretation == "YBR_FULL"
    assert not made.to_rgb


@pytest.mark.parametrize(
    ("transform", "said", "after"),
    [("RCT", "RGB", "RGB"), ("ICT", "YBR_ICT", "RGB"), ("", "YBR_FULL", "YBR_FULL")],
)
def test_the_transform_of_jpeg_2000_is_undone(transform: str, said: str, after: str) -> None:
    pixel = RGB._replace(photometric_interpretation=said)
    found = header("jpeg2000", image=pixel, first_stream=stream("jpeg2000", transform))
    made = coded(found, "explicit")
    assert made.after.photometric_interpretation == after


def test_colour_by_plane_is_colour_by_pixel_afterwards() -> None:
    pixel = RGB._replace(planar_configuration=1)
    for source, to in (("explicit", "rle"), ("rle", "explicit"), ("rle", "jpeg-ls-lossless")):
        made = coded(header(source, image=pixel), to)
        assert made.after.planar_configuration == 0


# ------------------------------------------------------------------ overlays and repair


def test_overlays_in_unused_bits_are_taken_out_only_when_encoding() -> None:
    planes = (OverlayPlane(0x6000, 12),)
    found = header(pixel=image(8, 8, allocated=16, stored=12), overlays=planes)
    assert coded(found, "jpeg2000-lossless").overlays == planes
    assert coded(found, "rle", overlays="keep").overlays == ()
    assert planned(found, "jpeg2000-lossless", overlays="keep").action is Action.REFUSE
    dropped = coded(found, "rle", overlays="drop")
    assert (dropped.overlays, dropped.drop_overlays) == (planes, True)
    assert planned(found, "implicit").action is Action.REWRITE


def test_repair_leaves_the_code_streams_and_mends_what_is_around() -> None:
    pixel = RGB._replace(photometric_interpretation="RGB", planar_configuration=1)
    found = header("jpeg-baseline", image=pixel)
    found = found._replace(first_stream=stream("jpeg-baseline", "YBR", subsampled=True))
    made = planned(found, "jpeg-baseline", repair=True)
    assert isinstance(made, Reencapsulate)
    assert made.action is Action.REWRITE
    assert made.after.photometric_interpretation == "YBR_FULL_422"
    assert made.after.planar_configuration == 0
    assert planned(header(), "explicit", repair=True).action is Action.COPY
