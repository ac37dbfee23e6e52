"""Edits that record lossy compression in a data set (PS3.3 C.7.6.1.1.5, C.12.4).

The module-level attributes record the whole history. They are part of every image IOD, including
those with functional groups. In functional groups, only Frame Type changes.
"""

from typing import Final, NamedTuple

from dicomtx.dicom import tags
from dicomtx.dicom.data_set import DataSet, Edit
from dicomtx.dicom.derivation.references import UNCOMPRESSED_PREDECESSOR, has_code
from dicomtx.dicom.item_search import items_with
from dicomtx.dicom.items import code, item
from dicomtx.transfer_syntaxes import ROOT

LOSSY_COMPRESSION: Final = "113040"
LONGEST_ST: Final = 1024

METHODS: Final[dict[str, str]] = {
    ROOT + suffix: method
    for method, suffixes in (
        # .111 is a recompressed JPEG stream: the loss is that of JPEG
        ("ISO_10918_1", [f".4.{n}" for n in (*range(50, 57), *range(59, 65), 111)]),
        ("ISO_14495_1", [".4.81"]),
        ("ISO_15444_1", [".4.91"]),
        ("ISO_15444_15", [".4.203"]),
        ("ISO_18181_1", [".4.112"]),
        ("ISO_13818_2", [f".4.{n}{f}" for n in (100, 101) for f in ("", ".1")]),
        ("ISO_14496_10", [f".4.{n}{f}" for n in range(102, 107) for f in ("", ".1")]),
        ("ISO_23008_2", [".4.107", ".4.108"]),
    )
    for suffix in suffixes
}
"""Lossy Image Compression Method by Transfer Syntax UID (PS3.3 C.7.6.1.1.5.1)."""


class LossyStep(NamedTuple):
    """A lossy compression step.

    Attributes:
        method: Lossy Image Compression Method, one of ``METHODS``.
        ratio: the achieved ratio: size of the native pixels divided by the size of the streams.
        new_uid: the new SOP Instance UID; empty if it does not change.
        description: ASCII text for Derivation Description, without the ratio.
        past: method and ratio of the source's lossy streams. Used if the data set does not
            record them.
    """

    method: str
    ratio: float
    new_uid: str
    description: str
    past: tuple[str, float] | None = None


def says_lossy(data_set: DataSet) -> bool:
    """Returns whether Lossy Image Compression is "01"."""
    return data_set.text(tags.LOSSY_IMAGE_COMPRESSION) == "01"


def lossy_edits(data_set: DataSet, step: LossyStep) -> list[Edit]:
    """Returns the edits that record a lossy step after the steps already recorded.

    Raises:
        DamagedError: a sequence that must be read is damaged.
    """
    past = [step.past] if step.past and _untold(data_set) else []
    edits = _history(data_set, [*past, (step.method, step.ratio)])
    edits.append(Edit(tags.IMAGE_TYPE, "CS", _derived(data_set.value(tags.IMAGE_TYPE))))
    edits += (
        Edit(tags.FRAME_TYPE, "CS", _derived(frame.value(tags.FRAME_TYPE)), path)
        for path, frame in items_with(data_set, tags.FRAME_TYPE)
        if path[0] in (tags.SHARED_FUNCTIONAL_GROUPS, tags.PER_FRAME_FUNCTIONAL_GROUPS)
    )
    told = f"{step.description}, ratio {_decimal(step.ratio)}"
    edits += _description(data_set, told)
    if not has_code(data_set, tags.DERIVATION_CODE_SEQUENCE, LOSSY_COMPRESSION):
        edits.append(_added(tags.DERIVATION_CODE_SEQUENCE, _lossy_code()))
    source = _source_item(data_set) if step.new_uid else b""
    if source:
        edits.append(_added(tags.SOURCE_IMAGE_SEQUENCE, source))
    if step.new_uid:
        edits.append(Edit.text(tags.SOP_INSTANCE_UID, "UI", step.new_uid))
    return edits


def lossy_past_edits(data_set: DataSet, past: tuple[str, float]) -> list[Edit]:
    """Returns the edits that record an existing lossy compression the data set does not record.

    This is not a new step: UID, Image Type and Derivation Description do not change.

    Args:
        data_set: the source.
        past: method (one of ``METHODS``) and ratio of its lossy streams.
    """
    if says_lossy(data_set):
        return []
    if _untold(data_set):
        return _history(data_set, [past])
    return [Edit.text(tags.LOSSY_IMAGE_COMPRESSION, "CS", "01")]


def pixel_range_edits(data_set: DataSet, smallest: int, largest: int) -> list[Edit]:
    """Returns the edits that update Smallest and Largest Image Pixel Value, if present.

    A value that does not fit in 16 bits is removed.
    """
    signed = data_set.signed
    low, high = (-(1 << 15), (1 << 15) - 1) if signed else (0, (1 << 16) - 1)
    edits = []
    for tag, number in ((tags.SMALLEST_PIXEL_VALUE, smallest), (tags.LARGEST_PIXEL_VALUE, largest)):
        said, fits = data_set.number(tag), low <= number <= high
        if said is None or (fits and said == number & 0xFFFF):
            continue
        value = number.to_bytes(2, "little", signed=signed) if fits else None
        edits.append(Edit(tag, "SS" if signed else "US", value))
    return edits


# ------------------------------------------------------------------ ratio and method


def _values(data_set: DataSet, tag: int) -> list[bytes]:
    raw = data_set.value(tag).strip(b" \0")
    return [value.strip() for value in raw.split(b"\\")] if raw else []


def _untold(data_set: DataSet) -> bool:
    """Returns whether the data set records no lossy compression."""
    listed = (tags.LOSSY_RATIO, tags.LOSSY_METHOD)
    return not says_lossy(data_set) and not any(_values(data_set, tag) for tag in listed)


def _history(data_set: DataSet, steps: list[tuple[str, float]]) -> list[Edit]:
    """Returns the edits that append steps to the recorded ratios and methods, in pairs."""
    ratios, methods = _values(data_set, tags.LOSSY_RATIO), _values(data_set, tags.LOSSY_METHOD)
    told = max(len(ratios), len(methods))
    ratios += [b""] * (told - len(ratios)) + [_decimal(ratio).encode() for _, ratio in steps]
    methods += [b""] * (told - len(methods)) + [method.encode() for method, _ in steps]
    edits = [
        Edit.text(tags.LOSSY_IMAGE_COMPRESSION, "CS", "01"),
        Edit(tags.LOSSY_RATIO, "DS", _even(b"\\".join(ratios))),
    ]
    if any(methods):
        edits.append(Edit(tags.LOSSY_METHOD, "CS", _even(b"\\".join(methods))))
    return edits


def _decimal(ratio: float) -> str:
    """Returns a DS of at most 16 characters."""
    return f"{ratio:.6g}"


def _even(raw: bytes) -> bytes:
    return raw + b" " * (len(raw) % 2)


# ------------------------------------------------------------------ type and derivation


def _derived(raw: bytes) -> bytes:
    """Returns Image Type or Frame Type with DERIVED as value 1.

    The other values do not change. If there are none, value 2 is empty: two values are required,
    but it is unknown whether the image is primary.
    """
    raw = raw.strip(b" \0")
    others = raw.split(b"\\")[1:] if raw else [b""]
    return _even(b"\\".join([b"DERIVED", *others]))


def _description(data_set: DataSet, told: str) -> list[Edit]:
    """Returns the edit that appends a line to Derivation Description.

    A new line ends the scope of any escape sequence. If the result is too long, the new text is
    truncated, never the old.
    """
    old = data_set.value(tags.DERIVATION_DESCRIPTION).rstrip(b" \0")
    new = (b"\r\n" if old else b"") + told.encode("ascii", "replace")
    new = new[: max(0, LONGEST_ST - _characters(data_set, old))]
    if not new.strip():
        return []
    return [Edit(tags.DERIVATION_DESCRIPTION, "ST", _even(old + new))]


def _characters(data_set: DataSet, raw: bytes) -> int:
    """Returns the number of characters; an upper bound for character sets other than UTF-8."""
    if data_set.text(tags.SPECIFIC_CHARACTER_SET) == "ISO_IR 192":
        return sum(byte & 0xC0 != 0x80 for byte in raw)
    return len(raw)


def _added(tag: int, items: bytes, path: tuple[int, ...] = ()) -> Edit:
    return Edit(tag, "SQ", items, path, adds=True)


def _lossy_code() -> bytes:
    return code(LOSSY_COMPRESSION, "Lossy Compression")


def _reference(data_set: DataSet, tag: int, referenced: int) -> Edit:
    """Returns the edit that copies a UID byte for byte, even if it is not ASCII."""
    uid = data_set.value(tag).strip(b" \0")
    return Edit(referenced, "UI", uid + b"\0" * (len(uid) % 2))


def _source_item(data_set: DataSet) -> bytes:
    """Returns the Source Image Sequence item of the original; empty if it has no UID."""
    if not data_set.text(tags.SOP_INSTANCE_UID):
        return b""
    return item(
        _reference(data_set, tags.SOP_CLASS_UID, tags.REFERENCED_SOP_CLASS_UID),
        _reference(data_set, tags.SOP_INSTANCE_UID, tags.REFERENCED_SOP_INSTANCE_UID),
        Edit(
            tags.PURPOSE_OF_REFERENCE,
            "SQ",
            code(UNCOMPRESSED_PREDECESSOR, "Uncompressed predecessor"),
        ),
    )
