"""A client can set what shapes its result, and nothing else."""

import pytest

from dicomtx.errors import UsageError
from dicomtx.settings import FIELDS
from dicomtx.workflows.http_server.query import NAMES, SETTINGS, arguments_of

POLICIES = ("archive", "research")


@pytest.mark.parametrize(
    ("query", "arguments"),
    [
        ("", []),
        ("to=rle", ["--to=rle-lossless"]),
        ("to=1.2.840.10008.1.2.4.90&verify=none", ["--to=jpeg2000-lossless", "--verify=none"]),
        (
            "policy=archive&on_failure=keep-original",
            ["--policy=archive", "--on-failure=keep-original"],
        ),
        ("quality=80&uid=derived", ["--quality=80", "--uid=derived"]),
        ("keep_colour_space=true&strict=no", ["--keep-colour-space", "--no-strict"]),
        (
            "fallback=rle%2Cexplicit&codecs=openjpeg",
            ["--fallback=rle,explicit", "--codec=openjpeg"],
        ),
    ],
)
def test_options_become_arguments_by_their_name_in_the_settings(
    query: str, arguments: list[str]
) -> None:
    assert arguments_of(query.encode(), POLICIES) == arguments


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("in_place=true", "in_place: unknown option"),
        ("config=%2Fetc%2Fpasswd", "config: unknown option"),
        ("orthanc=%2Fetc", "orthanc: unknown option"),
        ("output=%2Ftmp%2Fx", "output: unknown option"),
        ("report=x", "report: unknown option"),
        ("max_memory=1", "max_memory: unknown option"),
        ("threads=64", "threads: unknown option"),
        ("limits=depth%3D9", "limits: unknown option"),
        ("allow_lossy_in_place=true", "allow_lossy_in_place: unknown option"),
        ("policy=%2Fetc%2Fpasswd", "policy: '/etc/passwd' is not allowed: use one of archive"),
        ("policy=other.toml", "policy: 'other.toml' is not allowed"),
        ("to=rle&to=explicit", "given twice"),
        ("to=rle&policy=archive", "contradict"),
        ("to=nonsense", "nonsense"),
        ("quality=101", "quality: 101"),
        ("quality=--in-place", "quality: '--in-place'"),
        ("verify=--output%3Dx", "verify"),
        ("strict=perhaps", "strict: 'perhaps'"),
        ("to=%ff", "not valid"),
        ("\xff", "not valid"),
        ("&".join(f"a{n}=1" for n in range(200)), "not valid"),
    ],
)
def test_other_options_and_values_are_refused_by_name(query: str, named: str) -> None:
    with pytest.raises(UsageError) as caught:
        arguments_of(query.encode("latin-1"), POLICIES)
    assert named in str(caught.value)


def test_a_codec_cannot_smuggle_in_another_argument() -> None:
    assert arguments_of(b"codecs=-%20--in-place", POLICIES) == ["--codec=- --in-place"]


def test_resources_and_places_on_the_server_are_not_settings_of_a_client() -> None:
    missing = set(FIELDS) - set(SETTINGS)
    assert missing == {"threads", "max_memory", "frame_timeout", "limits", "allow_lossy_in_place"}
    assert not {name for name in NAMES if "path" in name or "file" in name or "place" in name}
