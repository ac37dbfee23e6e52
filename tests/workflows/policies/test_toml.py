"""Policies read from files: what is right, and how what is wrong is told."""

from pathlib import Path
from typing import Any

import pytest

from dicomtx.cli import main
from dicomtx.engine.planning.policy import RuleBook, Verdict
from dicomtx.errors import ExitCode, SettingsError
from dicomtx.settings import Settings, load
from dicomtx.storage.local_file import LocalFile
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.convert.convert import convert
from dicomtx.workflows.convert.request import Request
from dicomtx.workflows.policies.toml import policy_of, read_policies
from tests.corpus import file

RIGHT = """
strict = true

[[policy.archive.rule]]
modality = ["SR", "RT*"]
sop_class = ["CTImageStorage", "1.2.840.10008.5.1.4.1.1.*"]
"(0008,1010)" = "SITE-B*"
StationName = "SITE-B*"
keep = "the viewer needs it so"

[[policy.archive.rule]]
compressed = false
to = "jpeg2000-lossless"
fallback = ["rle-lossless"]
overlays = "drop"

[[policy.archive.rule]]
refuse = true
reason = "not ours"

[[policy.viewer-siteB.rule]]
to = "1.2.840.10008.1.2.1"
"""


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "dicomtx.toml"
    path.write_text(text)
    return str(path)


def test_policies_are_read_by_name(tmp_path: Path) -> None:
    found = read_policies(written(tmp_path, RIGHT))
    assert list(found) == ["archive", "viewer-siteB"]
    first, second, third = found["archive"].rules
    assert (first.verdict, first.reason) == (Verdict.KEEP, "the viewer needs it so")
    assert [m.key for m in first.matchers] == [
        "modality",
        "sop_class",
        "(0008,1010)",
        "StationName",
    ]
    assert (second.target, dict(second.options)) == (
        find("jpeg2000-lossless"),
        {"fallback": ("rle-lossless",), "overlays": "drop"},
    )
    assert (third.verdict, third.reason) == (Verdict.REFUSE, "not ours")


def test_the_settings_of_a_file_with_policies_are_read_as_ever(tmp_path: Path) -> None:
    assert load(written(tmp_path, RIGHT), {}).strict


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "[[policy.a.rule]]\nmodalty = 'CT'\nkeep = true",
            "policy a, rule 1: modalty: unknown key",
        ),
        ("[[policy.a.rule]]\nmodalty = 'CT'\nkeep = true", "did you mean modality?"),
        ("[[policy.a.rule]]\nkeep = true\n[[policy.a.rule]]", "policy a, rule 2: no action"),
        ("[[policy.a.rule]]\nto = 'rle'\nkeep = true", "rule 1: to and keep contradict"),
        ("[[policy.a.rule]]\nto = 'jpeg20'", "rule 1: to: unknown transfer syntax 'jpeg20'"),
        ("[[policy.a.rule]]\nto = '1.2.840.10008.1.2.4.999'", "rule 1: to: unknown transfer"),
        ("[[policy.a.rule]]\nto = 3", "rule 1: to: 3 is not allowed"),
        ("[[policy.a.rule]]\nkeep = false", "rule 1: keep: False is not allowed"),
        ("[[policy.a.rule]]\nrefuse = true\nreason = 3", "rule 1: reason: 3 is not"),
        ("[[policy.a.rule]]\nrefuse = true\nbits_stored = 'x'", "rule 1: bits_stored: 'x'"),
        ("[[policy.a.rule]]\nrefuse = true\nsop_class = 'CTImage'", "rule 1: sop_class: 'CTImage'"),
        (
            "[[policy.a.rule]]\nrefuse = true\nsop_class = '1.2.840.10008.1.2.1'",
            "is not a SOP class",
        ),
        ("[[policy.a.rule]]\nto = 'rle'\nstrict = 'yes'", "rule 1: strict: 'yes' is not allowed"),
        ("[[policy.a.rule]]\nto = 'rle'\nfallback = ['x']", "rule 1: fallback: unknown transfer"),
        ("[[policy.a.rule]]\nto = 'rle'\norder = 'plugins-first'", "rule 1: order: applies to all"),
        ("[[policy.a.rule]]\nkeep = true\nstrict = true", "rule 1: strict: needs a target"),
        ("[policy.a]\nrule = 3", "policy a: it has no rules"),
        ("[policy.a]\nrule = [3]", "policy a, rule 1: 3 is not a table"),
        ("[[policy.a.rule]]\nkeep = true\n[policy.a.more]", "policy a: more: unknown key"),
        ("policy = 3", "policy: use tables"),
        ("polices = 3", "polices: unknown key: did you mean policy?"),
        ("[[policy.a.rule]\n", "not valid TOML: "),
        ("\n\n[[policy.a.rule]]\nkeep = maybe", "line 4"),
    ],
)
def test_what_is_wrong_is_told_with_file_policy_rule_and_key_and_ends_with_9(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], text: str, told: str
) -> None:
    path = written(tmp_path, text)
    assert main(["policy", "check", path]) == ExitCode.SETTINGS
    out, err = capfd.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith(f"dicomtx: {path}: ")
    assert told in err


def test_it_is_told_before_any_work(
    tmp_path: Path, ct: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path, out = written(tmp_path, "[[policy.a.rule]]\nto = 'x'"), tmp_path / "out.dcm"
    assert main(["convert", str(ct), str(out), "--policy", path]) == ExitCode.SETTINGS
    assert not out.exists()
    assert "rule 1: to" in capfd.readouterr().err


def test_a_policy_is_named_or_is_a_file_or_is_default(tmp_path: Path) -> None:
    path = written(tmp_path, RIGHT)
    named = policy_of("viewer-siteB", (), path, {})
    assert named
    assert named.name == "viewer-siteB"
    assert policy_of(None, (), path, {}) is None
    one = tmp_path / "one.toml"
    one.write_text("[[policy.default.rule]]\nto = 'rle'\n[[policy.other.rule]]\nkeep = true")
    for asked in ((str(one), None), (None, str(one))):
        found = policy_of(asked[0], (), asked[1], {})
        assert isinstance(found, RuleBook)
        assert found.name == "default"


def test_a_policy_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    path = written(tmp_path, RIGHT)
    with pytest.raises(SettingsError, match=r"no policy 'arhive': .* has archive, viewer-siteB"):
        policy_of("arhive", (), path, {})
    with pytest.raises(SettingsError, match="none is named default"):
        policy_of(path, (), None, {})
    with pytest.raises(SettingsError, match="it has no policy"):
        policy_of(written(tmp_path, "strict = true"), (), None, {})
    with pytest.raises(SettingsError, match="No such file"):
        policy_of(str(tmp_path / "no.toml"), (), None, {})


@pytest.mark.parametrize("below", ["ratio", "near", "max_error", "psnr", "quality"])
def test_a_rule_s_goal_stands_in_the_place_of_that_of_the_settings(
    tmp_path: Path, below: str
) -> None:
    text = '[[policy.p.rule]]\nto = "jpeg2000"\npsnr = 55'
    policy = read_policies(written(tmp_path, text))["p"]
    source, out = str(file("MR_small.dcm")), str(tmp_path / "out.dcm")
    goal: dict[str, Any] = {below: 12}
    settings = Settings(**goal)
    done = convert(
        Request(LocalFile(source), out, settings=settings, policy=policy, overwrite=True)
    )
    assert done.quality
    assert done.quality.psnr
    assert 55 <= done.quality.psnr < 56


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("psnr = 55\nquality = 80", "quality and psnr contradict each other"),
        ('max_memory = "2G"', "applies to all files"),
    ],
)
def test_a_rule_asks_for_nothing_that_would_not_be_heard(
    tmp_path: Path, line: str, told: str
) -> None:
    with pytest.raises(SettingsError, match=told):
        read_policies(written(tmp_path, f'[[policy.p.rule]]\nto = "jpeg2000"\n{line}'))
