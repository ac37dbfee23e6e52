"""Checks whether a transfer syntax can hold an image: by PS3.5 8.2, in practice, or not at all."""

from collections.abc import Collection
from enum import Enum
from typing import Final

from dicomtx.encoding_table import PROFILES, SAMPLES, TRANSFORMED, Profile, Row
from dicomtx.image_pixel import ImagePixel
from dicomtx.transfer_syntaxes import ROOT, TransferSyntax, by_uid

# Lossless and encapsulated. Good compression and wide support come first.
PREFERENCE: Final = tuple(
    by_uid(ROOT + suffix)
    for suffix in (
        *(".4.90", ".4.80", ".4.70", ".4.57", ".4.201", ".4.202", ".4.110"),
        *(".5", ".8.1", ".1.98"),
    )
)
LOSSY_PREFERENCE: Final = tuple(
    by_uid(f"{ROOT}.4.{n}") for n in ("91", "203", "81", "50", "51", "112")
)


class Permission(Enum):
    """Whether an image can be written in a transfer syntax."""

    ALLOWED = "allowed"  # by PS3.5 8.2
    PRACTISED = "practised"  # not in PS3.5, but lossless and widely readable
    FORBIDDEN = "forbidden"


def permission(syntax: TransferSyntax, image: ImagePixel) -> tuple[Permission, str]:
    """Returns whether a syntax can hold an image, and the reason if PS3.5 does not allow it.

    Args:
        syntax: the target transfer syntax.
        image: the image as it would be written. JPEG 2000 accepts RGB and YBR_RCT alike. Planar
            Configuration is ignored, because code streams are always colour-by-pixel.
    """
    if syntax.family in ("native", "deflate"):
        fault = _native_fault(image)
        return (Permission.FORBIDDEN if fault else Permission.ALLOWED), fault
    profile = PROFILES.get(syntax.uid)
    if profile is None:
        return Permission.FORBIDDEN, f"dicomtx cannot write {syntax.name}"
    row = next((row for row in profile.rows if row.names(image)), None)
    if fault := _fault(profile, row, image):
        return Permission.FORBIDDEN, fault
    if row and row.practised:
        beyond = f"{row.practised} in {profile.title}: not defined in PS3.5 {profile.section}"
        return Permission.PRACTISED, beyond
    return Permission.ALLOWED, ""


def nearest(image: ImagePixel, *, lossy: bool = False) -> tuple[TransferSyntax, ...]:
    """Returns the lossless (or lossy) encapsulated syntaxes that can hold this image, best first.

    Syntaxes that the standard allows come before those that are only used in practice.
    """
    preference = LOSSY_PREFERENCE if lossy else PREFERENCE
    found = [(permission(syntax, image)[0], syntax) for syntax in preference]
    return tuple(
        syntax
        for wanted in (Permission.ALLOWED, Permission.PRACTISED)
        for how, syntax in found
        if how is wanted
    )


def _native_fault(image: ImagePixel) -> str:
    """Returns why samples cannot be native; empty if they can."""
    photometric = image.photometric_interpretation
    if photometric in TRANSFORMED:
        return f"{photometric} exists in code streams only (PS3.3 C.7.6.3.1.2)"
    return ""


def _fault(profile: Profile, row: Row | None, image: ImagePixel) -> str:
    """Returns why the image cannot be written with this profile; empty if it can."""
    photometric, samples = image.photometric_interpretation, image.samples_per_pixel
    if SAMPLES.get(photometric, samples) != samples:
        return f"{photometric} has {SAMPLES[photometric]} samples per pixel, not {samples}"
    if image.bits_stored > image.bits_allocated:
        return f"{image.bits_stored} bits stored do not fit in {image.bits_allocated} allocated"
    if row is None:
        return f"{profile.title} {_mismatch(profile, image)} (PS3.5 {profile.section})"
    if row.forbidden:
        return f"{profile.title}: {row.forbidden}"
    if not profile.whole_words and image.high_bit != image.bits_stored - 1:
        return (
            f"{profile.title} keeps the low {image.bits_stored} bits of a sample, "
            f"but High Bit {image.high_bit} places the value elsewhere"
        )
    return ""


def _mismatch(profile: Profile, image: ImagePixel) -> str:
    """Returns the first property of the image that no row allows; prefers the standard's rows."""
    photometric = image.photometric_interpretation
    rows = [r for r in profile.rows if photometric in r.photometric and not r.forbidden]
    rows = [row for row in rows if not row.practised] or rows
    if not rows:
        return f"cannot hold {photometric or 'an image without Photometric Interpretation'}"
    stored = {bits for row in rows for bits in row.stored}
    if image.bits_stored not in stored:
        return f"holds {_listed(stored)} bits per sample, not {image.bits_stored}"
    allocated = {bits for row in rows for bits in row.allocated}
    if image.bits_allocated not in allocated:
        return f"holds {_listed(allocated)} bits allocated, not {image.bits_allocated}"
    if image.signed:
        return f"cannot hold signed {photometric} samples"
    return f"cannot hold {image.bits_stored} of {image.bits_allocated} bits in {photometric}"


def _listed(numbers: Collection[int]) -> str:
    """Returns "8", "8 or 16" or "2 to 16"."""
    low, high = min(numbers), max(numbers)
    if len(numbers) == high - low + 1 > 2:
        return f"{low} to {high}"
    *most, last = (str(number) for number in sorted(numbers))
    return f"{', '.join(most)} or {last}" if most else last


def whole_words(syntax: TransferSyntax) -> bool:
    """Returns whether the syntax keeps all allocated bits, not only the stored ones."""
    profile = PROFILES.get(syntax.uid)
    return profile.whole_words if profile else True
