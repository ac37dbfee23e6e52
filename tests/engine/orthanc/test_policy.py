"""Orthanc's rules, each with its number in the name or the table of what decides here."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from dicomtx.codecs.registry import Codecs
from dicomtx.dicom.elements import EXPLICIT, Encoding
from dicomtx.dicom.inspection import FileInfo
from dicomtx.engine.orthanc.codecs import TARGETS, Done, Prediction, predicted, transcoded
from dicomtx.engine.orthanc.negotiation import (
    NATIVE,
    Peer,
    negotiated_syntax,
    proposed,
    retrieved_syntax,
)
from dicomtx.engine.orthanc.policy import GROUPS, OrthancPolicy
from dicomtx.engine.planning.apply_policy import carried
from dicomtx.engine.planning.plan import Action, Plan, Refuse, Rewrite, reason_of
from dicomtx.engine.planning.planner import plan
from dicomtx.engine.planning.policy import Decision, Subject, Verdict
from dicomtx.settings import Settings
from dicomtx.transfer_syntaxes import BY_UID, ROOT, TransferSyntax, by_uid, find
from tests.dicom.builder import data_set, identity, image, text
from tests.engine.planning.test_planner import header

OUT_OF_SCOPE = {
    5: "parameters of its encoders: nothing that a plan shows",
    7: "how its result is serialised: dicomtx keeps the data set's own encoding",
    13: "1.13's modes of a request: there is no request here",
    14: "quality of a request, likewise",
    21: "reconstruction of a database: there is none",
    22: "filters by Lua and plugins: programs, not configuration",
    23: "REST routes of archives: export has the layout",
    24: "an archive keeps what it cannot transcode: export's, by --on-failure keep-original",
    25: "a defect of 1.13, not to be imitated",
    26: "a REST route",
    27: "a REST route",
    28: "peers: Orthanc's own protocol between servers",
    29: "archive paths: export",
    30: "archive paths: export",
    31: "archive paths: export",
    32: "ZIP64: export",
    33: "media: export",
    34: "DICOMDIR: export",
    35: "DICOMDIR: export",
    39: "statuses of what is really sent: nothing is sent here",
    43: "a Lua script: examples/orthanc-compress.lua",
    44: "a buffer of stored instances: there is no store here",
    45: "crashes of one packaging: told as warnings, named in tests/test_orthanc_server.py",
}
IN_SCOPE = (1, 2, 3, 4, 6, 8, 9, 10, 11, 12, 15, 16, 17, 18, 19, 20, 36, 37, 38, 40, 41, 42)
GREY8 = image(8, 8)
GREY12 = image(8, 8, allocated=16, stored=12)
SIGNED = image(8, 8, allocated=16, signed=True)


def subject(found: FileInfo, *elements: bytes) -> Subject:
    """Returns an instance that Orthanc can store: identified, and encoded as its label says."""
    label = found.label
    native = Encoding(label.implicit_vr, label.big_endian)
    encoding = EXPLICIT if label.encapsulated else native
    uids = (text(tag, "UI", "1.2.3", encoding) for tag in (0x0020000D, 0x0020000E))
    content = b"".join([identity(encoding), *uids, *elements])
    deflated = found._replace(deflated=label.deflated)
    return Subject(deflated, data_set(content, encoding), 1000)


def policy(to: str = "", **more: Any) -> OrthancPolicy:
    return OrthancPolicy("o.json", find(to) if to else None, **more)


def decided(found: FileInfo, rules: OrthancPolicy) -> Decision:
    return rules.decide(subject(found))


def engine(name: str, found: FileInfo, to: str, **more: Any) -> Done:
    return transcoded(found, (find(to),), policy(**more), f"orthanc-{name}", new_uid=True)


def ingested(name: str, found: FileInfo, to: str, **more: Any) -> Prediction:
    rules, about = policy(to, **more), subject(found)
    return predicted(about, rules.decide(about), rules, f"orthanc-{name}")


def test_every_rule_is_in_scope_or_out_of_it_with_the_reason() -> None:
    assert set(IN_SCOPE) | OUT_OF_SCOPE.keys() == set(range(1, 46))
    assert not set(IN_SCOPE) & OUT_OF_SCOPE.keys()
    assert all(OUT_OF_SCOPE.values())


# ------------------------------------------------------------------ ingest


@pytest.mark.parametrize("of_uncompressed", [True, False])
@pytest.mark.parametrize("of_compressed", [True, False])
@pytest.mark.parametrize("to", ["explicit", "jpeg2000-lossless", "jpeg-baseline", "rle"])
@pytest.mark.parametrize(
    "source", ["implicit", "explicit", "big-endian", "deflated", "rle", "jpeg-baseline", "jpeg2000"]
)
def test_the_ingest_matrix_of_rules_15_to_20(
    source: str, to: str, *, of_compressed: bool, of_uncompressed: bool
) -> None:
    rules = policy(to, of_uncompressed=of_uncompressed, of_compressed=of_compressed)
    uncompressed = source in ("implicit", "explicit", "big-endian")
    wanted = of_uncompressed if uncompressed else of_compressed
    decision = decided(header(source, GREY8), rules)
    if find(source) == find(to) or not wanted:
        assert decision.verdict is Verdict.KEEP
    else:
        assert (decision.verdict, decision.target) == (Verdict.TRANSCODE, find(to))
        assert decision.on_failure == "keep-original"
    switch = "Uncompressed" if uncompressed else "Compressed"
    assert decision.rule.endswith(f"Of{switch}") == (find(source) != find(to) and not wanted)


def test_rule_15_without_ingest_transcoding_all_is_kept() -> None:
    decision = decided(header("rle"), policy())
    assert (decision.verdict, decision.reason) == (Verdict.KEEP, "it is not set")


def test_rule_16_an_unknown_syntax_and_the_target_itself_are_left_as_they_are() -> None:
    private = by_uid("1.2.3.4")
    unknown = header("rle", syntax=private, label=private)
    assert "unknown" in decided(unknown, policy("explicit")).reason
    same = decided(header("rle"), policy("rle"))
    with Codecs(Settings()) as codecs:
        assert carried(same, header("rle"), codecs, Settings()).plan.action is Action.COPY


@pytest.mark.parametrize("uid", [f"{ROOT}.4.100", f"{ROOT}.4.102", f"{ROOT}.4.107", f"{ROOT}.6.1"])
def test_rule_17_video_and_documents_are_never_transcoded(uid: str) -> None:
    found = header("rle", syntax=by_uid(uid), label=by_uid(uid))
    decision = decided(found, policy("explicit"))
    assert decision.verdict is Verdict.KEEP
    assert "never transcoded" in decision.reason


def test_rule_18_deflated_counts_as_compressed() -> None:
    rules = policy("rle", of_compressed=False)
    assert decided(header("deflated"), rules).verdict is Verdict.KEEP
    assert decided(header("explicit"), rules).verdict is Verdict.TRANSCODE


@pytest.mark.parametrize("to", ["jpeg-baseline", "jpeg2000-lossless", "rle"])
def test_rule_19_what_has_no_pixel_data_is_kept_for_a_compressed_target(to: str) -> None:
    decision = decided(header("explicit", None), policy(to))
    assert decision.verdict is Verdict.KEEP
    assert "no pixel data" in decision.reason
    assert decided(header("explicit", None), policy("implicit")).verdict is Verdict.TRANSCODE


def test_rule_20_what_fails_is_kept_with_the_reason_and_an_error_only_without_the_policy() -> None:
    found = header("explicit", image(8, 8, allocated=32))
    rules = policy("jpeg2000-lossless")
    with Codecs(Settings()) as codecs:
        settled = carried(decided(found, rules), found, codecs, Settings())
        assert settled.plan.action is Action.KEEP
        assert "cannot convert to jpeg2000-lossless" in reason_of(settled.plan)
        assert plan(found, find("jpeg2000-lossless"), codecs, Settings()).action is Action.REFUSE


def test_lossy_over_lossy_is_allowed_and_warned_of() -> None:
    found = header("jpeg-baseline", GREY8)
    assert "lossy" in decided(found, policy("jpeg2000")).warnings[0]
    assert not decided(found, policy("jpeg2000-lossless")).warnings
    once = subject(header("explicit", GREY8), text(0x00282110, "CS", "01"))
    assert "lossy" in policy("jpeg-baseline").decide(once).warnings[0]


# ------------------------------------------------------------------ its transcoder


def test_rule_1_what_cannot_be_is_no_error_and_2_what_is_allowed_stays_as_it_is() -> None:
    made = ingested("builtin", header("jpeg2000", GREY8), "explicit")
    assert (made.action, made.target, made.new_uid) == (Action.KEEP, find("jpeg2000"), False)
    assert made.reason
    about = subject(header("rle", GREY8))
    asked = Decision(Verdict.TRANSCODE, "", find("rle"))
    made = predicted(about, asked, policy("rle"), "orthanc-gdcm")
    assert (made.action, made.new_uid) == (Action.COPY, False)


def test_rule_3_the_builtin_tries_its_own_targets_in_its_own_order() -> None:
    for target in BY_UID.values():
        done = engine("builtin", header("explicit", GREY8), target.uid)
        assert bool(done.target) == (target.uid in TARGETS), target.name
    allowed = tuple(map(find, ("jpeg-lossless", "explicit", "jpeg-baseline")))
    done = transcoded(header("rle", GREY8), allowed, policy(), "orthanc-builtin", new_uid=True)
    assert done.target == find("explicit")


@pytest.mark.parametrize(
    ("pixel", "to", "able"),
    [
        (GREY8, "jpeg-baseline", True),
        (GREY12, "jpeg-baseline", False),
        (GREY12, "jpeg-extended", True),
        (SIGNED, "jpeg-extended", False),
        (GREY12, "jpeg-ls-near-lossless", True),
        (SIGNED, "jpeg-ls-near-lossless", False),
        (image(8, 8, allocated=1), "jpeg-lossless", False),
        (image(8, 8, allocated=32), "jpeg-ls-lossless", False),
        (image(8, 8, allocated=32), "implicit", True),
    ],
)
def test_rule_4_bits_decide_what_lossy_targets_take(pixel: Any, to: str, *, able: bool) -> None:
    assert bool(engine("builtin", header("explicit", pixel), to).target) == able


@pytest.mark.parametrize("to", ["jpeg-baseline", "jpeg-extended", "jpeg-ls-near-lossless"])
def test_rule_4_lossy_targets_need_a_new_uid(to: str) -> None:
    found, allowed = header("explicit", GREY8), (find(to),)
    done = transcoded(found, allowed, policy(), "orthanc-builtin", new_uid=False)
    assert done.target is None
    assert "SOP Instance UID" in done.reason


@pytest.mark.parametrize("source", ["rle", "deflated", "jpeg-lossless", "jpeg-ls-lossless"])
def test_rule_6_the_builtin_decodes_no_jpeg_2000(source: str) -> None:
    assert engine("builtin", header(source, GREY8), "explicit").target
    for other in ("jpeg2000", "jpeg2000-lossless", "htj2k-lossless", "jpeg-xl"):
        assert not engine("builtin", header(other, GREY8), "explicit").target


def test_rules_8_and_9_only_a_lossy_target_changes_the_uid_and_only_of_pixels() -> None:
    lossy = {"jpeg-baseline", "jpeg-extended", "jpeg-ls-near-lossless", "jpeg2000"}
    for name in ("explicit", "rle", "jpeg-lossless", "jpeg2000-lossless", *lossy):
        made = ingested("gdcm", header("big-endian", GREY8), name)
        assert made.target == find(name)
        assert made.new_uid == (name in lossy)
    made = ingested("builtin", header("explicit", None), "deflated")
    assert (made.target, made.new_uid) == (find("deflated"), False)


def test_rule_10_what_the_plugin_forgets_is_told() -> None:
    made = ingested("gdcm", header("explicit", GREY8), "jpeg-baseline")
    assert "does not mark the image as lossy" in made.warnings[0]
    made = ingested("builtin", header("explicit", GREY8), "jpeg-baseline")
    assert not made.warnings


@pytest.mark.parametrize(
    ("order", "who"),
    [
        ("", "orthanc-gdcm"),
        ("plugins-first", "orthanc-gdcm"),
        ("builtin-first", "orthanc-builtin"),
        ("plugins-only", "orthanc-gdcm"),
    ],
)
def test_rule_11_the_order_decides_who_is_asked_first(order: str, who: str) -> None:
    assert engine("gdcm", header("rle", GREY8), "explicit", order=order).engine == who


def test_rule_11_disabled_without_a_plugin_always_fails() -> None:
    rules: dict[str, Any] = {"order": "plugins-only"}
    assert not engine("builtin", header("rle", GREY8), "explicit", **rules).target
    assert not engine("gdcm", header("rle", GREY8), "explicit", gdcm=False, **rules).target


def test_rule_12_the_plugin_looks_at_its_restriction_and_refuses_one_bit() -> None:
    only = {"order": "plugins-only", "gdcm_syntaxes": frozenset((f"{ROOT}.4.90",))}
    assert not engine("gdcm", header("rle", GREY8), "explicit", **only).target
    assert engine("gdcm", header("jpeg2000-lossless", GREY8), "explicit", **only).target
    assert engine("gdcm", header("rle", GREY8), "jpeg2000-lossless", **only).target
    one_bit = header("explicit", image(8, 8, allocated=1))
    assert not engine("gdcm", one_bit, "implicit", order="plugins-only").target
    assert engine("gdcm", one_bit, "implicit").engine == "orthanc-builtin"


# ------------------------------------------------------------------ the network


def able(target: TransferSyntax) -> Plan:
    return Rewrite(source=target, target=target, after=None)


def unable(target: TransferSyntax) -> Plan:
    return Refuse(source=target, target=target, reason="no codec")


def uids(*names: str) -> frozenset[str]:
    return frozenset(find(name).uid for name in names)


def test_rule_36_its_own_syntax_the_preferred_and_native_are_proposed() -> None:
    names = [s.slug for s in proposed(find("rle"), find("jpeg2000"))]
    assert names[:2] == ["rle-lossless", "jpeg2000"]
    assert set(names[2:]) == {s.slug for s in NATIVE}
    assert len(proposed(find("explicit"), find("explicit"))) == 3


@pytest.mark.parametrize(
    ("accepts", "rule", "target"),
    [
        (("htj2k",), "37a", ""),
        (("rle", "implicit"), "37b", "rle"),
        (("jpeg2000", "implicit"), "37c", "jpeg2000"),
        (("explicit", "implicit"), "37d", "implicit"),
        (("big-endian",), "37d", "big-endian"),
    ],
)
def test_rule_37_as_it_is_else_the_preferred_else_native(
    accepts: tuple[str, ...], rule: str, target: str
) -> None:
    peer = Peer(uids(*accepts), preferred=find("jpeg2000"))
    left = negotiated_syntax(header("rle"), peer, able)
    assert left.rule == rule
    assert (left.plan.action is Action.REFUSE) == (not target)
    assert not target or left.plan.target == find(target)


def test_rule_37e_what_no_transcoder_can_is_an_error_with_each_reason() -> None:
    left = negotiated_syntax(header("rle"), Peer(uids("explicit", "implicit")), unable)
    assert (left.rule, left.plan.action) == ("37e", Action.REFUSE)
    assert "explicit-vr-little-endian or implicit-vr-little-endian: no codec" in reason_of(
        left.plan
    )


def test_rule_37_when_the_preferred_fails_a_native_one_is_taken() -> None:
    peer = Peer(uids("jpeg2000", "explicit"), preferred=find("jpeg2000"))
    left = negotiated_syntax(
        header("rle"), peer, lambda t: unable(t) if t.encapsulated else able(t)
    )
    assert (left.rule, left.plan.target) == ("37d", find("explicit"))


def test_rule_38_without_transcoding_only_its_own_syntax_is_sent() -> None:
    peer = Peer(uids("explicit", "implicit"), transcoding=False)
    left = negotiated_syntax(header("rle"), peer, able)
    assert (left.rule, left.plan.action) == ("38", Action.REFUSE)
    assert negotiated_syntax(header("explicit"), peer, able).plan.action is Action.COPY


@pytest.mark.parametrize(
    ("source", "accepts", "rule", "target"),
    [
        ("rle", ("rle", "implicit"), "40a", "rle"),
        ("rle", ("big-endian", "explicit", "implicit"), "40b", "implicit"),
        ("rle", ("big-endian", "explicit"), "40b", "explicit"),
        ("rle", ("big-endian", "deflated"), "40b", "big-endian"),
        ("explicit", ("big-endian", "deflated"), "40b", "big-endian"),
        ("rle", ("jpeg2000", "deflated"), "40c", "deflated"),
        ("jpeg2000", ("rle", "jpeg-ls-lossless"), "40c", "jpeg-ls-lossless"),
        ("jpeg2000", ("htj2k", "rle"), "40c", "rle"),
        ("rle", ("deflated-image-frame",), "40", ""),
    ],
)
def test_rule_40_c_get_sends_it_as_it_is_else_native_else_any_other(
    source: str, accepts: tuple[str, ...], rule: str, target: str
) -> None:
    left = retrieved_syntax(header(source), Peer(uids(*accepts)), able)
    assert left.rule == rule
    assert (left.plan.action is Action.REFUSE) == (not target)
    assert not target or left.plan.target == find(target)


def test_rule_40_c_get_tries_one_syntax_only() -> None:
    peer = Peer(uids("implicit", "explicit"))
    left = retrieved_syntax(
        header("rle"), peer, lambda t: unable(t) if t == find("implicit") else able(t)
    )
    assert (left.rule, left.plan.action) == ("40", Action.REFUSE)
    peer = Peer(uids("implicit"), transcoding=False)
    assert retrieved_syntax(header("rle"), peer, able).plan.action is Action.REFUSE


def test_rule_41_groups_name_what_orthanc_takes_them_to_be() -> None:
    assert {f"{ROOT}.4.80", f"{ROOT}.4.81"} == set(GROUPS["JpegLossless"])
    assert {f"{ROOT}.4.57", f"{ROOT}.4.70"} <= set(GROUPS["Jpeg"])
    rules = policy("explicit", by_dicom=True, accepted=uids("explicit"), unknown_sop_class=True)
    assert decided(header("rle"), rules).verdict is Verdict.REFUSE
    assert decided(header("explicit"), rules).verdict is Verdict.KEEP
    assert decided(header("rle"), replace(rules, by_dicom=False)).verdict is Verdict.TRANSCODE


@pytest.mark.parametrize(
    ("more", "taken"),
    [
        ({}, False),
        ({"unknown_sop_class": True}, True),
        ({"known_sop_classes": frozenset((header().sop_class_uid,))}, True),
        ({"accepted_sop_classes": frozenset((header().sop_class_uid,))}, True),
        ({"accepted_sop_classes": frozenset(("1.2.3",)), "unknown_sop_class": True}, False),
        (
            {
                "rejected_sop_classes": frozenset((header().sop_class_uid,)),
                "unknown_sop_class": True,
            },
            False,
        ),
    ],
)
def test_rule_42_sop_classes_count_by_c_store_only(more: dict[str, Any], *, taken: bool) -> None:
    rules = policy("rle", by_dicom=True, **more)
    assert (decided(header("explicit"), rules).verdict is not Verdict.REFUSE) == taken
    assert decided(header("explicit"), replace(rules, by_dicom=False)).verdict is Verdict.TRANSCODE


def test_what_decides_is_explained_key_by_key() -> None:
    rules = policy("rle", of_uncompressed=False)
    told = rules.explain(subject(header("explicit")))
    assert told[0] == ("IngestTranscoding", "is rle-lossless")
    assert told[1][0] == "IngestTranscodingOfUncompressed"
    assert told[1][1].startswith("decides: keep")
    assert "to rle-lossless" in rules.explain(subject(header("jpeg2000")))[-1][1]


def test_every_engine_agrees_that_a_copy_is_a_copy() -> None:
    for name, source in product(("builtin", "gdcm"), ("explicit", "rle", "jpeg2000")):
        made = ingested(name, header(source, GREY8), source)
        assert (made.action, made.new_uid) == (Action.COPY, False)
