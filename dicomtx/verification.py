"""How a result is verified, and the words that say how it was."""

from typing import Final, NamedTuple

WORDS: Final = {
    "independent": "decoded by another code base than the one that encoded, and compared",
    "same-code-base": "decoded by the code base that encoded, and compared",
    "same-codec": "decoded by the plugin that encoded, and compared: nothing else was allowed to",
    "bytes-only": "nothing was encoded: bytes, or native values, were compared",
    "none": "not compared",
}
"""Each word of ``verification`` and its meaning, the strongest first."""
MODES: Final = ("all", "independent", "none")
SAMPLE: Final = "sample="
ALLOWED: Final = "all, independent, none, or sample=5%"
BOOLEANS: Final = {
    **dict.fromkeys(("1", "true", "yes", "on"), "all"),
    **dict.fromkeys(("0", "false", "no", "off"), "none"),
}


class Verify(NamedTuple):
    """What the setting ``verify`` asks for.

    Attributes:
        share: how many of the frames that were encoded are decoded again: 0 to 1.
        independent: another code base must do it.
    """

    share: float = 1.0
    independent: bool = False


def read(text: str) -> Verify:
    """Returns what a value of the setting asks for.

    Raises:
        ValueError: it is not allowed.
    """
    if text in MODES:
        return Verify(float(text != "none"), independent=text == "independent")
    number = text.removeprefix(SAMPLE).removesuffix("%")
    if text != f"{SAMPLE}{number}%" or not 0 < float(number) <= 100:
        raise ValueError(text)
    return Verify(float(number) / 100)


def plain(value: object) -> str:
    """Returns the value of the setting as text: true means all, false none.

    Raises:
        ValueError: it is not allowed.
    """
    text = str(value).lower()
    text = BOOLEANS.get(text, text)
    read(text)
    return text


def sample(uid: str, count: int, share: float) -> frozenset[int]:
    """Returns which frames of a file are checked: the same ones whenever it is asked.

    Chance rounds the number of frames, so that a share of all frames is checked even where each
    file has only one.

    Args:
        uid: SOP Instance UID; with the number of a frame it decides.
        count: number of frames.
        share: 0 to 1.
    """
    from hashlib import blake2b  # noqa: PLC0415 - brings OpenSSL: 4 ms

    def chance(frame: int) -> float:
        """Returns a number from 0 to 1, always the same one."""
        digest = blake2b(f"{uid}/{frame}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") / (1 << 64)

    whole, rest = divmod(share * count, 1)
    chosen = int(whole) + (chance(-1) < rest)
    ranked = sorted(range(count), key=chance)
    return frozenset(ranked[:chosen])


def weakest(words: list[str]) -> str:
    """Returns the weakest of some of ``WORDS``; none of no words."""
    return max(words, key=[*WORDS].index, default="none")
