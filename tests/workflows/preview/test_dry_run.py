"""A dry run tells that nothing can verify a conversion, and the conversion then fails."""

from pathlib import Path

import pytest

from dicomtx.engine.planning.policy import OneTarget
from dicomtx.errors import ExitCode
from dicomtx.settings import Settings
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.preview.dry_run import Asked, dry_run
from tests.converter import Converter
from tests.dicom.builder import image, native, part10

GREY = image(8, 9, allocated=16, stored=12)
RGB = image(8, 9, samples=3, photometric="RGB")


@pytest.mark.parametrize("verify", ["independent", "all"])
@pytest.mark.parametrize("pixel", [GREY, RGB], ids=["grey", "RGB"])
@pytest.mark.parametrize(
    "to",
    [
        *("rle", "deflated-image-frame", "jpeg-lossless-sv1", "jpeg-xl-lossless"),
        *("jpeg-ls-lossless", "jpeg2000-lossless", "htj2k-lossless", "explicit"),
    ],
)
def test_a_dry_run_foresees_that_nothing_can_verify(
    tmp_path: Path, to: str, pixel: object, verify: str
) -> None:
    chosen = GREY if pixel is GREY else RGB
    converter = Converter(tmp_path, verify=verify)
    data = part10("explicit", native(chosen, bytes(chosen.frame_bytes)))
    outcome = converter.convert(data, to)
    _check(converter, to, failed=outcome.exit_code == ExitCode.VERIFICATION)
    assert outcome.exit_code in (0, ExitCode.VERIFICATION)


@pytest.mark.parametrize("source", ["jpeg-xl-lossless", "jpeg-lossless-sv1", "rle", "jpeg2000"])
@pytest.mark.parametrize("pixel", [GREY, RGB], ids=["grey", "RGB"])
def test_a_dry_run_foresees_that_nothing_can_verify_what_is_decoded(
    tmp_path: Path, source: str, pixel: object
) -> None:
    chosen = GREY if pixel is GREY else RGB
    made = Converter(tmp_path, psnr=40.0 if source == "jpeg2000" else None)
    made.done(part10("explicit", native(chosen, bytes(chosen.frame_bytes))), source)
    converter = Converter(tmp_path, verify="independent")
    outcome = converter.convert(made.out.read_bytes())
    _check(converter, "explicit", failed=outcome.exit_code == ExitCode.VERIFICATION)


def _check(converter: Converter, to: str, *, failed: bool) -> None:
    """The dry run warns if, and only if, the conversion failed."""
    policy = OneTarget(find(to), f"--to {to}")
    (planned,) = dry_run(Asked((str(converter.source),), policy, Settings(**converter.settings)))
    told = [text for text in planned.warnings if "the conversion will fail (exit code 6)" in text]
    assert bool(told) == failed, (planned.warnings, failed)
