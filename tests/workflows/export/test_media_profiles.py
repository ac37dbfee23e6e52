"""Application profiles of PS3.11: which transfer syntaxes may be on the media."""

import pytest

from dicomtx.errors import UsageError
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.export.media_profiles import PROFILES, profile

ALLOWED = {
    "STD-GEN-CD": {"explicit"},
    "STD-GEN-DVD-RAM": {"explicit"},
    "STD-GEN-BD": {"explicit"},
    "STD-GEN-DVD-JPEG": {"explicit", "jpeg-lossless-sv1", "jpeg-baseline", "jpeg-extended"},
    "STD-GEN-USB-JPEG": {"explicit", "jpeg-lossless-sv1", "jpeg-baseline", "jpeg-extended"},
    "STD-GEN-BD-J2K": {"explicit", "jpeg2000-lossless", "jpeg2000"},
}
ASKED = {"rle", "implicit", "htj2k", "jpeg-lossless", *set().union(*ALLOWED.values())}


@pytest.mark.parametrize("name", ALLOWED)
def test_what_a_profile_allows(name: str) -> None:
    made = profile(name.lower())
    assert {slug for slug in ASKED if not made.violation(find(slug))} == ALLOWED[name]


def test_a_violation_names_what_is_allowed() -> None:
    told = profile("STD-GEN-CD").violation(find("rle"))
    assert told == "rle-lossless is not allowed (allowed: explicit-vr-little-endian)"


@pytest.mark.parametrize("name", PROFILES)
def test_each_profile_has_a_syntax_that_loses_nothing(name: str) -> None:
    assert not PROFILES[name].lossless.lossy
    assert not PROFILES[name].violation(PROFILES[name].lossless)


@pytest.mark.parametrize(
    "name", ["STD-XABC-CD", "std-us-sc-mf-cdr", "STD-CTMR-DVD", "STD-GEN-BD-MPEG4-HPLV41"]
)
def test_what_asks_for_more_than_is_checked_is_never_claimed(name: str) -> None:
    with pytest.raises(UsageError, match="cannot check"):
        profile(name)


def test_an_unknown_profile_names_the_known() -> None:
    with pytest.raises(UsageError, match="STD-GEN-CD"):
        profile("STD-GEN-LP")
