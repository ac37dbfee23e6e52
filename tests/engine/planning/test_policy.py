"""Rules: what they match, and what the first that does decides."""

from typing import Any

import pytest

from dicomtx.codecs.registry import Codecs
from dicomtx.dicom.inspection import FileInfo
from dicomtx.engine.planning.apply_policy import carried, resolve_plan
from dicomtx.engine.planning.conditions import matcher
from dicomtx.engine.planning.plan import Action, reason_of
from dicomtx.engine.planning.policy import Decision, OneTarget, Rule, RuleBook, Subject, Verdict
from dicomtx.errors import SettingsError
from dicomtx.settings import Settings
from dicomtx.transfer_syntaxes import find
from tests.dicom.builder import data_set, image, native, text
from tests.engine.planning.test_planner import header

SIXTEEN = image(4, 6, allocated=16, stored=12)


def subject(found: FileInfo, *more: bytes, size: int = 1000) -> Subject:
    pixels = native(SIXTEEN, bytes(SIXTEEN.frame_bytes))
    return Subject(found, data_set(b"".join(more) + pixels), size)


def matches(key: str, value: Any, found: FileInfo | None = None, **more: Any) -> bool:
    rule = Rule((matcher(key, value, more.pop("tag", 0)),), Verdict.KEEP)
    elements = more.pop("elements", ())
    return not rule.mismatch(subject(found or header("explicit", SIXTEEN), *elements, **more))


@pytest.mark.parametrize(
    ("key", "value", "holds"),
    [
        ("compressed", False, True),
        ("compressed", True, False),
        ("syntax", "explicit", True),
        ("syntax", "1.2.840.10008.1.2.1", True),
        ("syntax", "ExplicitVR*", True),
        ("syntax", ["rle", "explicit*"], True),
        ("syntax", "jpeg*", False),
        ("sop_class", "1.2.840.10008.5.1.4.1.1.7*", True),
        ("photometric", ["RGB", "MONOCHROME?"], True),
        ("bits_stored", 12, True),
        ("bits_stored", "> 12", False),
        ("bits_stored", ">= 12", True),
        ("bits_allocated", [8, 16], True),
        ("rows", "< 5", True),
        ("columns", "<=5", False),
        ("frames", 1, True),
        ("samples", 3, False),
        ("size", "> 0 kB", True),
        ("size", ">= 1 kB", True),
        ("size", "> 1 MB", False),
        ("pixel_data", "native", True),
        ("modality", "", True),
    ],
)
def test_each_key_looks_at_what_it_names(key: str, value: Any, *, holds: bool) -> None:
    assert matches(key, value) == holds


def test_deflated_counts_as_compressed_as_orthanc_means_it() -> None:
    assert matches("compressed", True, header("deflated"))


def test_what_has_no_image_matches_no_condition_on_one() -> None:
    assert not matches("bits_stored", "> 0", header("explicit", None))


def test_any_element_can_be_asked_for_one_of_its_values_or_all() -> None:
    more: dict[str, Any] = {
        "tag": 0x00080008,
        "elements": [text(0x00080008, "CS", "ORIGINAL\\PRIMARY")],
    }
    assert matches("ImageType", "PRIM*", **more)
    assert matches("ImageType", "ORIGINAL\\PRIMARY", **more)
    assert not matches("ImageType", "primary", **more)
    assert matches("StationName", "", tag=0x00081010)
    assert not matches("StationName", "?*", tag=0x00081010)


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("compressed", "yes", "true or false"),
        ("bits_stored", "many", "a number, or a comparison"),
        ("bits_stored", True, "a number"),
        ("size", "> 10 parsecs", "10 MB"),
        ("modality", 3, "a text"),
        ("modality", [], "matches nothing"),
        ("syntax", "1.2.840.10008.1.2.4.999", "no transfer syntax"),
        ("syntax", "jepg*", "no transfer syntax"),
    ],
)
def test_a_value_that_means_nothing_is_told(key: str, value: Any, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        matcher(key, value)


def book(*rules: Rule) -> RuleBook:
    return RuleBook("archive", rules)


def test_the_first_rule_that_matches_decides_and_none_keeps() -> None:
    small = Rule((matcher("rows", "< 10"),), Verdict.REFUSE, reason="too small")
    rest = Rule((), Verdict.TRANSCODE, find("rle"), (("overlays", "drop"),))
    first = book(small, rest).decide(subject(header("explicit", SIXTEEN)))
    assert (first.verdict, first.rule, first.reason) == (
        Verdict.REFUSE,
        "archive, rule 1",
        "too small",
    )
    second = book(small, rest).decide(subject(header("explicit")))
    assert (second.target, second.rule, second.options) == (
        find("rle"),
        "archive, rule 2",
        (("overlays", "drop"),),
    )
    assert book(small).decide(subject(header("explicit"))).verdict is Verdict.KEEP


def test_rule_by_rule_is_explained_up_to_the_one_that_decides() -> None:
    small = Rule((matcher("rows", "< 10"),), Verdict.REFUSE)
    told = book(small, Rule((), Verdict.KEEP, reason="ours"), small).explain(
        subject(header("explicit"))
    )
    assert told == [("rule 1", "rows is 64, not < 10"), ("rule 2", "matches: keep (ours)")]
    assert book(small).explain(subject(header("explicit")))[-1] == ("no rule", "matches: keep")


def test_a_refusal_is_the_policys_and_lacks_nothing() -> None:
    with Codecs(Settings()) as codecs:
        said = Decision(Verdict.REFUSE, "archive, rule 1", reason="no")
        settled = carried(said, header(), codecs, Settings())
        assert (settled.plan.action, reason_of(settled.plan), settled.by_policy) == (
            Action.REFUSE,
            "no",
            True,
        )
        unable = resolve_plan(
            subject(header("explicit", image(8, 8, allocated=32))),
            OneTarget(find("jpeg2000-lossless")),
            codecs,
            Settings(),
        )
        assert (unable.plan.action, unable.by_policy) == (Action.REFUSE, False)


def test_options_of_a_rule_hold_for_its_files() -> None:
    with Codecs(Settings()) as codecs:
        said = Decision(Verdict.TRANSCODE, "r", find("rle"), (("strict", True),))
        assert carried(said, header(), codecs, Settings()).settings == Settings(strict=True)


def test_every_target_that_was_tried_is_told_with_its_reason() -> None:
    found = header("explicit", image(8, 8, allocated=32))
    options = (("fallback", ("jpeg-ls-lossless", "jpeg-lossless")),)
    said = Decision(Verdict.TRANSCODE, "r", find("jpeg2000-lossless"), options)
    with Codecs(Settings()) as codecs:
        made = carried(said, found, codecs, Settings()).plan
    assert made.action is Action.REFUSE
    for name in ("JPEG 2000", "jpeg-ls-lossless", "jpeg-lossless"):
        assert name in reason_of(made)
    assert made.target == find("jpeg2000-lossless")


def test_brackets_in_a_text_mean_themselves() -> None:
    described = text(0x0008103E, "LO", "T1 [post] *")
    for value, holds in (("T1 [post] ?", True), ("T1 [[]post*", False), ("T1 ?post] ?", True)):
        assert matches("x", value, tag=0x0008103E, elements=(described,)) is holds
