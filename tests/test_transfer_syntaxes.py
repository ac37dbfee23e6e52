"""Names of transfer syntaxes as people type them."""

import pytest

from dicomtx.errors import UsageError
from dicomtx.transfer_syntaxes import BY_NAME, SPELLINGS, TABLE, find, slugs


@pytest.mark.parametrize("name", BY_NAME)
def test_case_does_not_count(name: str) -> None:
    assert find(name.upper()) == find(name.lower()) == find(f" {name} ") == BY_NAME[name]


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_spelling_that_could_be_either_is_lossless(name: str) -> None:
    assert not find(name).lossy
    assert name not in BY_NAME  # nor does it hide a name of PS3.6


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("j2k", "jpeg2000-lossless"),
        ("jpegls", "jpeg-ls-lossless"),
        ("JPEG-LS", "jpeg-ls-lossless"),
        ("jxl", "jpeg-xl-lossless"),
        ("jpeg", "jpeg-lossless-sv1"),
        ("raw", "explicit-vr-little-endian"),
        ("decompress", "explicit-vr-little-endian"),
    ],
)
def test_names_that_people_try_are_understood(name: str, slug: str) -> None:
    assert find(name).slug == slug


def test_a_suggestion_is_lossy_only_if_no_lossless_name_is_similar() -> None:
    for slug in slugs():
        for length in range(3, len(slug)):
            try:
                find(slug[:length])
            except UsageError as error:
                named = str(error).partition("did you mean ")[2].rstrip("?").split(" or ")
                lossy = [find(name).lossy for name in named if name]
                assert not any(lossy) or all(lossy)


def test_a_typo_in_a_lossy_name_is_corrected() -> None:
    with pytest.raises(UsageError, match="did you mean jpeg-baseline"):
        find("jpeg-baselin")


def test_every_slug_is_a_name_of_its_own() -> None:
    assert len({s.slug for s in TABLE if s.slug}) == sum(1 for s in TABLE if s.slug)
