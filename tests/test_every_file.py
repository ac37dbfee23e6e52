"""Every test file to every native and lossless syntax: right, or refused with a reason.

What is right is judged by other libraries than the tool's (``oracle.py``): stored values, and the
value bytes of every element. The table at the end of the run (``conftest.py``) is made from what
the tests record here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest

from dicomtx.storage.local_file import LocalFile
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.convert.convert import convert
from dicomtx.workflows.convert.request import Outcome, Request
from tests import oracle
from tests.corpus import SAMPLE, files
from tests.sampling import sampled

NATIVE = (
    "explicit-vr-little-endian",
    "implicit-vr-little-endian",
    "explicit-vr-big-endian",
    "deflated-explicit-vr-little-endian",
)
LOSSLESS = (
    "rle-lossless",
    "jpeg-lossless",
    "jpeg-lossless-sv1",
    "jpeg-ls-lossless",
    "jpeg2000-lossless",
    "htj2k-lossless",
    "htj2k-lossless-rpcl",
    "jpeg-xl-lossless",
    "deflated-image-frame",
    "encapsulated-uncompressed",
)
TARGETS = NATIVE + LOSSLESS
PIXEL_DATA = {0x7FE00010, 0x7FE00001, 0x7FE00002, 0x7FE00003}
LABELS = {0x00280004, 0x00280006, 0x00282000}  # the last is the ICC profile of a code stream
HISTORY = {0x00282110, 0x00282112, 0x00282114}
ICON = 0x00880200
REASONS = {"refused": {4, 8}, "failed": {3, 5}}
"""Exit codes that go with a status; 6 would be a wrong encoder, 7 a wrong test, 70 a bug."""


@dataclass
class Reading:
    """A file as the oracle reads it, lazily and once."""

    path: Path
    decoder: oracle.Decoder

    @cached_property
    def syntax(self) -> str:
        return oracle.syntax_of(oracle.read(self.path))

    @cached_property
    def elements(self) -> dict[oracle.Key, bytes]:
        return dict(oracle.elements(oracle.read(self.path)))

    @cached_property
    def unknown(self) -> set[int]:
        """UN whose bytes pass as they are, though pydicom looks into them (PS3.5 6.2.2)."""
        data_set = oracle.read(self.path)
        items = map(data_set.get_item, data_set.keys())
        return {
            int(item.tag) for item in items if item.VR == "UN" and isinstance(item.value, bytes)
        }

    def raw(self, tag: int) -> bytes:
        return oracle.raw_value(oracle.read(self.path).get_item(tag))

    @cached_property
    def pixels(self) -> tuple[oracle.Values, str] | str:
        return self.decoder(self.path)


def _differences(source: Reading, output: Reading) -> Iterator[str]:
    """Yields the elements outside of the pixel data whose bytes are not the same."""
    allowed = PIXEL_DATA | LABELS | (HISTORY if source.syntax in oracle.LOSSY else set())
    for key in sorted(source.elements.keys() | output.elements.keys()):
        if key[0] == ICON or (len(key) == 1 and key[0] in allowed):
            continue
        before, after = source.elements.get(key), output.elements.get(key)
        if key[0] in source.unknown:
            before, after = source.raw(key[0]), output.raw(key[0])
        same = before is not None and after is not None and oracle.same_bytes(before, after)
        if not same and not _mended(key, output):
            name = "/".join(f"{part:08X}" if part > 0xFFFF else str(part) for part in key)
            yield f"{name} {before and before[:24]!r} -> {after and after[:24]!r}"


def _mended(key: oracle.Key, output: Reading) -> bool:
    """Whether the element puts the data set right: overlay planes, a wrong Number of Frames."""
    if key[0] >> 24 == 0x60:
        return output.elements.get((key[0] & 0xFFFF0000 | 0x0102,)) == b"\0\0"
    if key == (0x00280008,) and not isinstance(output.pixels, str):
        return int(output.elements.get(key, b"1")) == len(output.pixels[0])
    return False


def _same_pixels(source: Reading, output: Reading) -> str:
    """Returns "" if both show the same, "unjudged", or what is different."""
    if isinstance(source.pixels, str):
        return "unjudged"
    if isinstance(output.pixels, str):
        return f"cannot be decoded: {output.pixels}"
    (before, was), (after, now) = source.pixels, output.pixels
    if before.size != after.size:
        return f"shape {before.shape} -> {after.shape}"
    after = after.reshape(before.shape)
    lossy = source.syntax in oracle.LOSSY
    if was == now:
        error = np.abs(before.astype(np.float64) - after.astype(np.float64))
        if not error.any() or (lossy and error.max() <= 3):
            return ""
    error = np.abs(oracle.as_rgb(before, was) - oracle.as_rgb(after, now))
    # decoders of lossy JPEG differ in chroma upsampling and rounding, lossless ones by nothing
    if error.max() <= 2 or (lossy and error.mean() < 2.5):
        return ""
    return f"{was} -> {now}: largest error {error.max():.0f}, mean {error.mean():.2f}"


def _verdict(source: Reading, output: Reading, outcome: Outcome, target: str) -> str:
    """Returns right, kept, refused, unjudged, or "WRONG: ..."."""
    if outcome.status in REASONS:
        if outcome.exit_code not in REASONS[outcome.status] or not outcome.error:
            return f"WRONG: {outcome.status} with {outcome.exit_code}: {outcome.error}"
        return "WRONG: output left" if output.path.exists() else "refused"
    if outcome.exit_code or not output.path.exists():
        return f"WRONG: {outcome.status} with {outcome.exit_code}"
    if outcome.status == "kept":
        same = source.path.read_bytes() == output.path.read_bytes()
        return "kept" if same and outcome.warnings else "WRONG: kept, but not as it was"
    return _verdict_on_output(source, output, target)


def _verdict_on_output(source: Reading, output: Reading, target: str) -> str:
    if output.syntax != find(target).uid:
        return f"WRONG: syntax {output.syntax}"
    if wrong := list(_differences(source, output)):
        return f"WRONG: {len(wrong)} elements: {wrong[:3]}"
    if (0x7FE00010,) not in source.elements:
        return "right"
    told = _same_pixels(source, output)
    return {"": "right", "unjudged": "unjudged"}.get(told, f"WRONG: {told}")


def _cells(path: Path, folder: Path) -> Iterator[tuple[str, str, str]]:
    """Yields (target, verdict, reason) of one file."""
    decoder = oracle.Decoder()
    source = Reading(path, decoder)
    for target in TARGETS:
        output = Reading(folder / f"{target}.dcm", decoder)
        outcome = convert(Request(LocalFile(str(path)), str(output.path), find(target)))
        yield target, _verdict(source, output, outcome, target), outcome.error
        output.path.unlink(missing_ok=True)
    decoder.close()


def _judge(path: Path, folder: Path, record: Callable[[str, object], None]) -> None:
    cells = list(_cells(path, folder))
    for target, verdict, reason in cells:
        record("cell", [path.name, target, verdict, reason])
    assert not [cell for cell in cells if cell[1].startswith("WRONG")]


@pytest.mark.parametrize("path", sampled(SAMPLE, 4), ids=lambda path: path.name)
def test_a_file_of_each_kind_is_right_or_refused_in_every_syntax(
    path: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    _judge(path, tmp_path, record_property)


@pytest.mark.long
@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_every_file_is_right_or_refused_in_every_syntax(
    path: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    _judge(path, tmp_path, record_property)
