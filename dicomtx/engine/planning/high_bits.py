"""The one rule for bits above Bits Stored, in whatever syntax they come and go.

Native words, RLE and deflated frames are whole words: all of their bits pass. Other streams hold
Bits Stored bits of a sample, and a decoder makes up those above. Where that would change a word,
all streams of the file are made as wide as Bits Allocated, as DCMTK does. Words that carry
something there (see ``words``) are counted in a warning; ``--strict`` refuses them, and
``--high-bits mask`` clears them.
"""

from dicomtx.encoding_profiles import whole_words
from dicomtx.engine.planning.plan import Code, HighBits
from dicomtx.errors import UnsupportedError
from dicomtx.image_pixel import ImagePixel
from dicomtx.settings import Settings
from dicomtx.transfer_syntaxes import TransferSyntax


class UnfitError(Exception):
    """A frame has words that a stream of Bits Stored bits does not give back; never a result."""

    def __init__(self, index: int) -> None:
        """Names the frame."""
        super().__init__(f"frame {index + 1}")
        self.index = index


def rule(source: TransferSyntax, target: TransferSyntax, settings: Settings) -> HighBits:
    """Returns what happens to the bits above Bits Stored of frames that are decoded or encoded."""
    if settings.high_bits == "mask":
        return HighBits.MASK
    if whole_words(source) and whole_words(target):
        return HighBits.PASS
    return HighBits.REFUSE if settings.strict else HighBits.KEEP


def whole(image: ImagePixel) -> ImagePixel:
    """Returns the image whose values are whole words: what an encoder gets for a wide stream."""
    return image._replace(bits_stored=image.bits_allocated, high_bit=image.bits_allocated - 1)


def refusal(index: int, count: int, image: ImagePixel) -> UnsupportedError:
    """Returns why a frame is refused under ``--strict``."""
    found = _found(count, image.samples_per_frame, image)
    return UnsupportedError(
        f"frame {index + 1}: {found}. Use --high-bits mask to clear them, or leave --strict out to"
        " go on with a warning."
    )


def warnings(plan: Code, count: int, frames: int) -> list[str]:
    """Returns what a user should know of the bits above Bits Stored in all frames."""
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
