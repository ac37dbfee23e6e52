"""``dicomtx.plan``: what ``transcode`` would do."""

import io
from pathlib import Path

import pytest

import dicomtx
from dicomtx.errors import ExitCode, SettingsError, UsageError
from tests.converter import grey
from tests.corpus import file

POLICY = """
[[policy.small.rule]]
modality = "MR"
to = "jpeg-ls-lossless"
"""


@pytest.mark.parametrize("to", ["rle", "explicit", "jpeg2000-lossless", None])
def test_the_plan_is_carried_out_by_transcode(tmp_path: Path, to: str | None) -> None:
    (tmp_path / "in.dcm").write_bytes(grey())
    planned = dicomtx.plan(tmp_path / "in.dcm", to=to)
    outcome = dicomtx.transcode(tmp_path / "in.dcm", tmp_path / "out.dcm", to=to)
    assert planned.action == outcome.action
    assert planned.target_syntax == outcome.target_syntax
    assert planned.encoder == outcome.encoder
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".dcm"] == []


def test_what_cannot_be_read_is_a_plan_with_an_exit_code() -> None:
    planned = dicomtx.plan(io.BytesIO(b"no DICOM" * 99))
    assert (planned.path, planned.exit_code) == ("<stream>", ExitCode.SOURCE)
    assert "not a DICOM file" in planned.error


def test_a_policy_decides_instead_of_a_target(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(POLICY.replace('"MR"', '"OT"'))
    planned = dicomtx.plan(io.BytesIO(grey()), policy=tmp_path / "policy.toml")
    outcome = dicomtx.transcode_bytes(grey(), policy=tmp_path / "policy.toml")[1]
    assert planned.rule == outcome.rule != ""
    assert planned.target_syntax == outcome.target_syntax
    with pytest.raises(UsageError, match="policy small contradict each other"):
        dicomtx.plan(io.BytesIO(grey()), to="rle", policy=tmp_path / "policy.toml")


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ('to = "rle"', "quality needs a lossy target, but policy small has none"),
        ('to = "jpeg2000"\npsnr = 60', "quality has no effect: policy small sets --psnr 60"),
    ],
)
def test_a_policy_does_not_ignore_a_goal(tmp_path: Path, rule: str, message: str) -> None:
    (tmp_path / "policy.toml").write_text(f"[[policy.small.rule]]\n{rule}\n")
    with pytest.raises(UsageError, match=message):
        dicomtx.plan(io.BytesIO(grey()), policy=tmp_path / "policy.toml", quality=90)


def test_orthanc_decides_too(tmp_path: Path) -> None:
    (tmp_path / "orthanc.json").write_text('{"IngestTranscoding": "1.2.840.10008.1.2.4.80"}')
    planned = dicomtx.plan(file("CT_small.dcm"), orthanc=tmp_path / "orthanc.json")
    assert planned.target_syntax == "1.2.840.10008.1.2.4.80"


def test_options_of_other_functions_are_an_error() -> None:
    with pytest.raises(SettingsError, match="retry_failed"):
        dicomtx.plan(io.BytesIO(grey()), retry_failed=True)  # type: ignore[call-arg]
