"""What a real Orthanc stores is what ``dicomtx plan --engine`` says that it would."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from dicomtx.settings import Settings
from dicomtx.transfer_syntaxes import ROOT
from dicomtx.workflows.policies.orthanc import read_orthanc, substituted
from dicomtx.workflows.preview.dry_run import Asked, dry_run
from dicomtx.workflows.preview.plan_record import Planned
from tests import corpus
from tests.orthanc_server import OrthancServer, Stored

FILES: Final = (
    "693_J2KI.dcm",
    "693_J2KR.dcm",
    "693_UNCR.dcm",
    "CT_small.dcm",
    "ExplVR_BigEnd.dcm",
    "JPEG-LL.dcm",
    "JPEG2000.dcm",
    "JPGExtended.dcm",
    "MR_small.dcm",
    "MR_small_RLE.dcm",
    "MR_small_bigendian.dcm",
    "MR_small_implicit.dcm",
    "MR_small_jpeg_ls_lossless.dcm",
    "OBXXXX1A.dcm",
    "SC_rgb_16bit_2frame.dcm",
    "SC_rgb_dcmtk_+eb+cr.dcm",
    "SC_rgb_gdcm_KY.dcm",
    "SC_rgb_jpeg_dcmtk.dcm",
    "SC_rgb_rle.dcm",
    "SC_ybr_full_uncompressed.dcm",
    "US1_J2KR.dcm",
    "color-pl.dcm",
    "image_dfl.dcm",
    "liver_1frame.dcm",
    "reportsi.dcm",
    "rtdose_1frame.dcm",
    "rtplan.dcm",
)
CONFIGURATIONS: Final[dict[str, dict[str, Any]]] = {
    "none": {},
    "explicit": {"IngestTranscoding": ROOT + ".1"},
    "rle": {"IngestTranscoding": ROOT + ".5"},
    "deflated": {"IngestTranscoding": ROOT + ".1.99"},
    "baseline": {"IngestTranscoding": ROOT + ".4.50", "DicomLossyTranscodingQuality": 75},
    "sv1, not of uncompressed": {
        "IngestTranscoding": ROOT + ".4.70",
        "IngestTranscodingOfUncompressed": False,
    },
    "sv1, not of compressed": {
        "IngestTranscoding": ROOT + ".4.70",
        "IngestTranscodingOfCompressed": False,
    },
    "jpeg-ls": {"IngestTranscoding": ROOT + ".4.80"},
    "jpeg-ls near": {"IngestTranscoding": ROOT + ".4.81"},
    "jpeg 2000": {"IngestTranscoding": ROOT + ".4.90"},
    "jpeg 2000 lossy": {"IngestTranscoding": ROOT + ".4.91"},
    "before": {"IngestTranscoding": ROOT + ".1", "BuiltinDecoderTranscoderOrder": "Before"},
    "disabled": {"IngestTranscoding": ROOT + ".1", "BuiltinDecoderTranscoderOrder": "Disabled"},
    "restricted": {
        "IngestTranscoding": ROOT + ".1",
        "BuiltinDecoderTranscoderOrder": "Disabled",
        "Gdcm": {"RestrictTransferSyntaxes": [ROOT + ".4.90", ROOT + ".4.91"]},
    },
}
CRASHES_ALWAYS: Final = (("jpeg-ls", "orthanc-gdcm"), ("jpeg-ls near", "orthanc-gdcm"))
"""Rule 45 (b): with the plugin, any encoding of JPEG-LS ends the server: nothing to compare."""
TRIES: Final = 4


def planned(configuration: Path, engine: str, files: list[Path]) -> dict[str, Planned]:
    policy = read_orthanc((str(configuration),), {})
    asked = Asked(tuple(map(str, files)), policy, Settings(), engine=engine)
    return {Path(one.path).name: one for one in dry_run(asked)}


def stored(server: OrthancServer, file: Path) -> Stored:
    """Returns what the server made of a file; it is asked again when it died (rule 45)."""
    for _ in range(TRIES):
        answer = server.upload(file)
        if answer.status:
            break
    return answer


def defect(plan: Planned, answer: Stored) -> str:
    """Returns the name of the defect in orthanc.md that explains a difference; empty if none."""
    if not answer.status:
        return "rule 45: the server crashes"
    unpixelled = plan.reason == "it has no pixel data to compress"
    if unpixelled and plan.action == "keep" and answer.sop_instance_uid == plan.sop_instance_uid:
        return "rule 19: before 1.13, what has no pixel data is labelled anew"
    return ""


@pytest.mark.long
@pytest.mark.peer("Orthanc")
@pytest.mark.parametrize(
    ("name", "engine"),
    [
        (name, engine)
        for name in CONFIGURATIONS
        for engine in ("orthanc-builtin", "orthanc-gdcm")
        if (name, engine) not in CRASHES_ALWAYS
    ],
)
def test_what_the_server_stores_is_what_the_plan_says(
    name: str, engine: str, tmp_path: Path
) -> None:
    gdcm = engine == "orthanc-gdcm"
    configuration = tmp_path / "orthanc.json"
    configuration.write_text(json.dumps(CONFIGURATIONS[name]))
    files = [corpus.file(file) for file in FILES]
    plans = planned(configuration, engine, files)
    differences: list[tuple[str, str, Planned, Stored]] = []
    defects: list[tuple[str, str, Planned, Stored]] = []
    with OrthancServer(CONFIGURATIONS[name], gdcm=gdcm) as server:
        for file in files:
            plan, answer = plans[file.name], stored(server, file)
            changed = answer.sop_instance_uid != plan.sop_instance_uid
            if (answer.syntax, changed) == (plan.target_syntax, plan.new_sop_instance_uid):
                continue
            named = defect(plan, answer)
            (defects if named else differences).append((file.name, named, plan, answer))
    assert not differences
    crashed = [file for file, named, *_ in defects if named.startswith("rule 45")]
    assert len(crashed) <= (6 if gdcm else 1), crashed


@pytest.mark.long
@pytest.mark.peer("Orthanc")
@pytest.mark.parametrize(
    "text",
    [
        "${SET} a ${NOT_SET:-b} c ${SET:-d} e ${NOT_SET}.",
        "${NOT_SET:-'quoted'}",
        "${NOT_SET:-a:b}",
        "$SET {SET}",
        "${ SET }",
        "${NOT_SET:-${SET}}",
        "$${SET}",
        "${NOT_SET:=x}",
    ],
)
def test_variables_are_filled_in_as_the_server_does(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SET", "set")
    monkeypatch.delenv("NOT_SET", raising=False)
    with OrthancServer({"Name": text}) as server:
        assert server.system()["Name"] == substituted(text, {"SET": "set"})
