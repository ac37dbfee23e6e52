"""The rule for bits above Bits Stored, for all transfer syntaxes.

Native, RLE and deflated frames hold whole words, so they keep all bits. Other code streams hold
only Bits Stored bits of a sample, and the decoder fills in the bits above. If that would change a
word, all code streams of the file are encoded as wide as Bits Allocated, as DCMTK does. A warning
counts the words that use these bits (see ``words``). ``--strict`` refuses such words, and
``--high-bits mask`` clears the bits.
"""

from dicomtx.encoding_profiles import whole_words
from dicomtx.engine.planning.plan import Code, HighBits
from dicomtx.errors import UnsupportedError
from dicomtx.image_pixel import ImagePixel
from dicomtx.settings import Settings
from dicomtx.transfer_syntaxes import TransferSyntax


class UnfitError(Exception):
    """A frame has words that do not fit in Bits Stored bits. Users never see this error."""

    def __init__(self, index: int) -> None:
        """Keeps the index of the frame."""
        super().__init__(f"frame {index + 1}")
        self.index = index


def rule(source: TransferSyntax, target: TransferSyntax, settings: Settings) -> HighBits:
    """Returns how to treat bits above Bits Stored when frames are decoded or encoded."""
    if settings.high_bits == "mask":
        return HighBits.MASK
    if whole_words(source) and whole_words(target):
        return HighBits.PASS
    return HighBits.REFUSE if settings.strict else HighBits.KEEP


def whole(image: ImagePixel) -> ImagePixel:
    """Returns the image with Bits Stored set to Bits Allocated, for encoding whole words."""
    return image._replace(bits_stored=image.bits_allocated, high_bit=image.bits_allocated - 1)


def refusal(index: int, count: int, image: ImagePixel) -> UnsupportedError:
    """Returns the error for a frame that ``--strict`` refuses."""
    found = _found(count, image.samples_per_frame, image)
    return UnsupportedError(
        f"frame {index + 1}: {found}. Use --high-bits mask to clear them, or omit --strict to get"
        " a warning instead."
    )


def warnings(plan: Code, count: int, frames: int) -> list[str]:
    """Returns the warnings about bits above Bits Stored in all frames."""
    image = plan.working
    if not count:
        return []
    if plan.high_bits is HighBits.MASK:
        fate = "they are cleared"
    elif plan.lossy:
        fate = "lossy compression drops them"
    elif plan.whole_words:
        fate = f"they are kept in code streams of {image.bits_allocated} bits per sample"
    else:
        fate = "they are kept"
    return [f"{_found(count, image.samples_per_frame * frames, image)}; {fate}"]


def _found(count: int, words: int, image: ImagePixel) -> str:
    have = "word has" if count == 1 else "words have"
    return (
        f"{count} of {words} {have} bits above Bits Stored"
        f" ({image.bits_stored} of {image.bits_allocated} bits)"
    )
