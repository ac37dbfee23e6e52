"""What `dicomtx codecs` shows."""

import json

import pytest

from dicomtx.cli import main
from dicomtx.codecs import registry
from dicomtx.codecs.shipped import IMAGECODECS
from dicomtx.errors import ExitCode
from dicomtx.transfer_syntaxes import TABLE


def shown(capfd: pytest.CaptureFixture[str], *options: str) -> list[str]:
    assert main(["codecs", *options]) == ExitCode.DONE
    out, err = capfd.readouterr()
    assert err == ""
    return out.splitlines()


def test_each_encapsulated_slug_has_a_row(capfd: pytest.CaptureFixture[str]) -> None:
    lines = shown(capfd)
    names = {line.split()[0] for line in lines if line}
    assert names >= {syntax.slug for syntax in TABLE if syntax.slug and syntax.encapsulated}


def test_who_decodes_and_encodes_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    rows = [line.split() for line in shown(capfd)]
    assert rows[0] == ["D", "decodes,", "E", "encodes", "imagecodecs", "openjpeg", "gdcm"]
    assert ["jpeg2000-lossless", "DE", "DE", "DE"] in rows
    assert ["htj2k-lossless", "DE", "D", "-"] in rows


@pytest.mark.parametrize(
    ("options", "order"),
    [
        ([], "builtin-first: imagecodecs, openjpeg, gdcm"),
        (["--order", "plugins-first"], "plugins-first: gdcm, imagecodecs, openjpeg"),
        (["--order", "plugins-only"], "plugins-only: gdcm"),
        (["--codec", "openjpeg", "--codec", "gdcm"], "as given: openjpeg, gdcm"),
    ],
)
def test_the_order_in_force_is_told(
    capfd: pytest.CaptureFixture[str], options: list[str], order: str
) -> None:
    assert f"Order                  {order}" in shown(capfd, *options)


def test_what_is_missing_is_told_with_its_remedy(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = IMAGECODECS._replace(requires=("no_such_module",))
    monkeypatch.setattr(registry, "BUILTIN", (absent,))
    lines = shown(capfd)
    assert lines[0].split()[4:] == ["gdcm"]
    text = " ".join(" ".join(lines).split())
    assert "cannot be used without no_such_module: pip install imagecodecs" in text


def test_json_has_the_abilities_by_uid(capfd: pytest.CaptureFixture[str]) -> None:
    (line,) = shown(capfd, "--json", "--codec", "imagecodecs")
    told = json.loads(line)
    assert told["order"] == "builtin-first"
    assert told["broken"] == []
    (codec,) = told["codecs"]
    assert (codec["name"], codec["builtin"], codec["missing"]) == ("imagecodecs", True, [])
    assert codec["decodes"] == dict(IMAGECODECS.decodes)
    assert codec["encodes"] == dict(IMAGECODECS.encodes)


def test_a_broken_plugin_is_told(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = (registry.BrokenPlugin("mine", "it raises"),)
    monkeypatch.setattr(registry.Codecs, "broken", lambda _: broken)
    assert "mine                   cannot be used: it raises" in shown(capfd)


def test_what_only_verifies_is_listed_with_its_remedy(capfd: pytest.CaptureFixture[str]) -> None:
    text = " ".join(" ".join(shown(capfd)).split())
    assert "Only to verify pylibjpeg-rle, jpegsof3, zlib, OpenJPH FFmpeg" in text
    assert "FFmpeg cannot be used without av: pip install 'dicomtx[audit]'" in text
    assert "FFmpeg verifies" not in text


def test_with_the_extra_what_ffmpeg_is_trusted_with_is_shown(
    audit: None, capfd: pytest.CaptureFixture[str]
) -> None:
    rows = [" ".join(line.split()) for line in shown(capfd)]
    assert "JPEG 2000: 5-3, 1 component 1-16 exact" in rows
    assert (
        "JPEG-LS: components by sample any not used: FFmpeg fails, or gives wrong samples" in rows
    )


def test_json_has_what_only_verifies(capfd: pytest.CaptureFixture[str]) -> None:
    (line,) = shown(capfd, "--json")
    told = {codec["name"]: codec for codec in json.loads(line)["verifying"]}
    assert [*told] == ["second", "openjph", "ffmpeg"]
    assert told["ffmpeg"]["missing"] == ["av"]
    assert set(told["ffmpeg"]["decodes"].values()) == {"FFmpeg"}
