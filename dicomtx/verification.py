"""The ``verify`` setting, and the words that report how a result was verified."""

from typing import Final, NamedTuple

WORDS: Final = {
    "independent": "decoded by a code base other than the encoder's, and compared",
    "same-code-base": "decoded by the encoder's code base, and compared",
    "same-codec": "decoded by the plugin that encoded it, and compared; no other codec was allowed",
    "bytes-only": "nothing was encoded; bytes or native values were compared",
    "none": "not compared",
}
"""Each value of ``verification`` with its meaning, strongest first."""
MODES: Final = ("all", "independent", "none")
SAMPLE: Final = "sample="
ALLOWED: Final = "all, independent, none, or sample=5%"
BOOLEANS: Final = {
    **dict.fromkeys(("1", "true", "yes", "on"), "all"),
    **dict.fromkeys(("0", "false", "no", "off"), "none"),
}


class Verify(NamedTuple):
    """The setting ``verify``, parsed.

    Attributes:
        share: the share of encoded frames to decode and compare, 0 to 1.
        independent: whether another code base must decode them.
    """

    share: float = 1.0
    independent: bool = False


def read(text: str) -> Verify:
    """Parses a value of the setting.

    Raises:
        ValueError: the value is not allowed.
    """
    if text in MODES:
        return Verify(float(text != "none"), independent=text == "independent")
    number = text.removeprefix(SAMPLE).removesuffix("%")
    if text != f"{SAMPLE}{number}%" or not 0 < float(number) <= 100:
        raise ValueError(text)
    return Verify(float(number) / 100)


def plain(value: object) -> str:
    """Returns the value of the setting as text: true means all, false means none.

    Raises:
        ValueError: the value is not allowed.
    """
    text = str(value).lower()
    text = BOOLEANS.get(text, text)
    read(text)
    return text


def sample(uid: str, count: int, share: float) -> frozenset[int]:
    """Returns which frames of a file to check; the choice is repeatable.

    The number of frames is rounded up or down at random. So the share also holds for many files
    of one frame each.

    Args:
        uid: SOP Instance UID, the seed of the choice.
        count: number of frames.
        share: the share of frames to check, 0 to 1.
    """
    from hashlib import blake2b  # noqa: PLC0415 - loads OpenSSL, which takes 4 ms

    def chance(frame: int) -> float:
        """Returns a number from 0 to 1, always the same for the same frame."""
        digest = blake2b(f"{uid}/{frame}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") / (1 << 64)

    whole, rest = divmod(share * count, 1)
    chosen = int(whole) + (chance(-1) < rest)
    ranked = sorted(range(count), key=chance)
    return frozenset(ranked[:chosen])


def weakest(words: list[str]) -> str:
    """Returns the weakest of the given ``WORDS``; "none" if the list is empty."""
    return max(words, key=[*WORDS].index, default="none")
