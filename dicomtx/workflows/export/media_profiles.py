"""Application profiles for general purpose media (PS3.11 D, H, J, M)."""

from typing import Final, NamedTuple

from dicomtx.errors import UsageError
from dicomtx.transfer_syntaxes import ROOT, TransferSyntax, by_uid

NATIVE: Final = (".1",)
JPEG: Final = (".1", ".4.70", ".4.50", ".4.51")
JPEG_2000: Final = (".1", ".4.90", ".4.91")


class MediaProfile(NamedTuple):
    """One application profile.

    Attributes:
        name: its identifier in PS3.11.
        syntaxes: UIDs of the transfer syntaxes that it allows.
    """

    name: str
    syntaxes: tuple[str, ...]

    @property
    def lossless(self) -> TransferSyntax:
        """The lossless syntax with the best compression."""
        wanted = {ROOT + ".4.70", ROOT + ".4.90"} & set(self.syntaxes)
        return by_uid(*wanted or (ROOT + ".1",))

    def violation(self, syntax: TransferSyntax) -> str:
        """Returns why a file in this syntax violates the profile; empty if it does not."""
        if syntax.uid in self.syntaxes:
            return ""
        allowed = ", ".join(by_uid(uid).name for uid in self.syntaxes)
        return f"{syntax.name} is not allowed (allowed: {allowed})"


def _profile(name: str, suffixes: tuple[str, ...]) -> MediaProfile:
    return MediaProfile(name, tuple(ROOT + suffix for suffix in suffixes))


PROFILES: Final = {
    profile.name: profile
    for profile in (
        *(_profile(f"STD-GEN-{medium}", NATIVE) for medium in ("CD", "DVD-RAM", "BD")),
        *(
            _profile(f"STD-GEN-{medium}-{family}", syntaxes)
            for medium in ("DVD", "BD", "USB", "MMC", "CF", "SD")
            for family, syntaxes in (("JPEG", JPEG), ("J2K", JPEG_2000))
        ),
    )
}
OTHERS: Final = (
    *("STD-XABC", "STD-XA1K", "STD-CTMR", "STD-US", "STD-DEN", "STD-WVFM", "STD-DVD"),
    *("STD-GEN-SEC", "STD-GEN-MIME", "STD-GEN-CD-", "STD-GEN-DVD-", "STD-GEN-BD-", "STD-GEN-ZIP"),
)
"""Profiles of PS3.11 that dicomtx cannot check: they restrict more than transfer syntaxes, such as
SOP Classes, kinds of images, video, further keys of the DICOMDIR, or encryption."""
ALIASES: Final = {"STD-GEN-DVD": "STD-GEN-DVD-RAM"}


def profile(name: str) -> MediaProfile:
    """Returns the profile with this name.

    Raises:
        UsageError: the name is unknown or not supported. The message lists the supported ones.
    """
    found = PROFILES.get(ALIASES.get(name.upper(), name.upper()))
    if not found and name.upper().startswith(OTHERS):
        raise UsageError(
            f"dicomtx cannot check {name.upper()} (it restricts SOP Classes, kinds of images,"
            f" keys of the DICOMDIR, ...): use one of {', '.join(PROFILES)}"
        )
    if not found:
        raise UsageError(f"unknown application profile {name!r}: use one of {', '.join(PROFILES)}")
    return found
