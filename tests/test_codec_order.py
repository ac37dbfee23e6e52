"""Whichever codec comes first, what is decompressed is the same, bit for bit."""

from pathlib import Path
from typing import Any

import pytest

from dicomtx.codecs.shipped import GDCM, IMAGECODECS
from dicomtx.settings import Settings
from dicomtx.storage.local_file import LocalFile
from dicomtx.transfer_syntaxes import by_uid, find
from dicomtx.workflows.convert.convert import convert
from dicomtx.workflows.convert.request import Outcome, Request
from tests.codecs import references
from tests.corpus import file
from tests.dicom.builder import native, part10
from tests.first_frames import first_frames
from tests.sampling import sampled

BOTH = [by_uid(uid) for uid in GDCM.decodes if uid in IMAGECODECS.encodes and not by_uid(uid).lossy]
FILES = sorted({found.name for found in first_frames() if found.syntax in BOTH})
KINDS = (
    "8-bit grey",
    "signed 8-bit",
    "8 in 16",
    "signed 12 in 16",
    "16-bit",
    "RGB",
    "16-bit RGB",
    "YBR_FULL",
    "8-bit palette",
)


def converted(source: Path, out: Path, to: str, order: str) -> Outcome:
    return convert(
        Request(LocalFile(str(source)), str(out), find(to), settings=Settings(order=order))
    )


def check_orders_agree(source: Path, folder: Path) -> Path:
    """Decompresses in both orders, and returns what came of it."""
    first, second = folder / "builtin-first.dcm", folder / "plugins-first.dcm"
    builtin = converted(source, first, "explicit", "builtin-first")
    plugin = converted(source, second, "explicit", "plugins-first")
    assert (builtin.status, builtin.decoder) == ("done", "imagecodecs"), builtin.error
    assert plugin.status == "done", plugin.error
    refused = [attempt.codec for attempt in plugin.attempts if attempt.direction == "decode"]
    assert (plugin.decoder, refused) in (("gdcm", []), ("imagecodecs", ["gdcm"]))
    assert second.read_bytes() == first.read_bytes()
    assert plugin._replace(**_told_by(builtin)) == builtin
    return first


def _told_by(outcome: Outcome) -> dict[str, Any]:
    """Returns what may differ from one order to the other."""
    free = ("destination", "decoder", "attempts", "seconds", "messages")
    return {name: getattr(outcome, name) for name in free}


def test_both_sides_know_five_lossless_syntaxes() -> None:
    slugs = {syntax.slug for syntax in BOTH}
    assert slugs == {
        "rle-lossless",
        "jpeg-lossless",
        "jpeg-lossless-sv1",
        "jpeg-ls-lossless",
        "jpeg2000-lossless",
    }


@pytest.mark.parametrize("name", sampled(FILES, 12))
def test_a_real_file_is_decompressed_to_the_same_bits(tmp_path: Path, name: str) -> None:
    check_orders_agree(file(name), tmp_path)


@pytest.mark.parametrize("kind", sampled(KINDS, 9))
@pytest.mark.parametrize("syntax", BOTH, ids=[syntax.slug for syntax in BOTH])
def test_what_we_encode_in_either_order_is_decompressed_to_the_same_bits(
    tmp_path: Path, syntax: Any, kind: str
) -> None:
    frame = references.frame(references.KINDS[kind], "noise")
    source = tmp_path / "source.dcm"
    source.write_bytes(part10("explicit", native(frame.image, bytes(frame.data))))
    for order in ("builtin-first", "plugins-first"):
        folder = tmp_path / order
        folder.mkdir()
        encoded = folder / "encoded.dcm"
        outcome = converted(source, encoded, syntax.slug, order)
        assert outcome.status == "done", outcome.error
        gave_up = [attempt.codec for attempt in outcome.attempts]
        assert (outcome.encoder == "gdcm") == (order == "plugins-first" and not gave_up)
        decoded = check_orders_agree(encoded, folder)
        assert decoded.read_bytes().endswith(bytes(frame.data))
