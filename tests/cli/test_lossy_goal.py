"""Nothing is lossy unless a goal or --lossy asks for it, and the lines say so."""

import json
from pathlib import Path

import pytest

from dicomtx.cli import main
from dicomtx.errors import ExitCode
from tests import corpus
from tests.sampling import sampled

Captured = pytest.CaptureFixture[str]

WAYS = {
    "convert": ("convert", "in.dcm", "out.dcm"),
    "batch": ("batch", "in.dcm", "out"),
    "export": ("export", "archive", "in.dcm", "out.zip"),
    "plan": ("plan", "in.dcm"),
}
RULE = "[[policy.a.rule]]\nto = 'htj2k'\n"


@pytest.fixture(autouse=True)
def ct(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A source in the working directory."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "in.dcm"
    path.write_bytes(corpus.file("CT_small.dcm").read_bytes())
    return path


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("to", "lossless"),
    [
        ("jpeg2000", "jpeg2000-lossless"),
        ("HTJ2K", "htj2k-lossless"),
        ("jpeg-xl", "jpeg-xl-lossless"),
        ("jpeg-extended", "jpeg-lossless-sv1"),
        ("1.2.840.10008.1.2.4.81", "jpeg-ls-lossless"),
    ],
)
def test_a_lossy_target_without_a_goal_is_a_usage_error(
    capfd: Captured, way: str, to: str, lossless: str
) -> None:
    assert main([*WAYS[way], "--to", to]) == ExitCode.USAGE
    told = capfd.readouterr().err
    assert f"Lossless: --to {lossless}. Lossy: --to " in told
    assert "--quality 90" in told
    assert [path.name for path in Path().iterdir()] == ["in.dcm"]


@pytest.mark.parametrize(
    "goal",
    sampled(
        [
            ("--psnr", "50"),
            ("--quality", "80"),
            ("--ratio", "3"),
            ("--max-error", "4"),
            ("--lossy",),
        ],
        2,
    ),
)
def test_a_goal_allows_it_and_the_lines_say_lossy(capfd: Captured, goal: tuple[str, ...]) -> None:
    assert main([*WAYS["convert"], "--to", "jpeg2000", *goal]) == ExitCode.DONE
    assert ", LOSSY (PSNR" in capfd.readouterr().out
    assert main([*WAYS["batch"], "--to", "jpeg2000", *goal]) == ExitCode.DONE
    assert "batch: 1 done (1 LOSSY), 0 kept" in capfd.readouterr().out
    assert main([*WAYS["plan"], "--to", "jpeg2000", *goal]) == ExitCode.DONE
    assert "plan: 1 would be done (1 LOSSY)" in capfd.readouterr().out


@pytest.mark.parametrize("options", [("--reversible",), ("--near", "0"), ("--max-error", "0")])
def test_what_loses_nothing_is_not_called_lossy(capfd: Captured, options: tuple[str, ...]) -> None:
    assert main([*WAYS["convert"], "--to", "jpeg2000", *options]) == ExitCode.DONE
    assert "LOSSY" not in capfd.readouterr().out


def test_lossy_means_nothing_for_a_lossless_target(capfd: Captured) -> None:
    assert main([*WAYS["convert"], "--to", "rle", "--lossy"]) == ExitCode.USAGE
    assert "--lossy needs a lossy target, but rle-lossless is lossless" in capfd.readouterr().err


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("goal", "target"),
    [
        (("--quality", "85"), "jpeg2000"),
        (("--near", "2"), "jpeg-ls-near-lossless"),
        (("--lossy",), "jpeg2000"),
    ],
)
def test_a_goal_without_a_target_is_not_ignored(
    capfd: Captured, way: str, goal: tuple[str, ...], target: str
) -> None:
    assert main([*WAYS[way], *goal]) == ExitCode.USAGE
    told = capfd.readouterr().err
    assert f"{goal[0]} needs a lossy target, but" in told
    assert f"Try --to {target} {' '.join(goal)} (see" in told
    assert [path.name for path in Path().iterdir()] == ["in.dcm"]


def test_a_goal_for_lossless_rules_or_candidates_is_not_ignored(capfd: Captured) -> None:
    assert main([*WAYS["batch"], "--best-of", "rle,jpeg-ls", "--psnr", "50"]) == ExitCode.USAGE
    assert "--psnr needs a lossy target, but --best-of" in capfd.readouterr().err
    Path("a.toml").write_text(RULE.replace("htj2k", "rle"))
    assert main([*WAYS["convert"], "--policy", "a.toml", "--psnr", "50"]) == ExitCode.USAGE
    assert "but policy a has none" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("syntax", "goal", "why"),
    [
        ("4.90", "--quality", "--quality needs a lossy target, but policy"),
        ("5", "--lossy", "--lossy needs a lossy target, but policy"),
        ("4.50", "--psnr", "--psnr 50 has no effect: policy"),
    ],
)
def test_a_goal_that_orthanc_s_configuration_would_ignore_is_an_error(
    capfd: Captured, syntax: str, goal: str, why: str
) -> None:
    Path("orthanc.json").write_text(
        json.dumps({"IngestTranscoding": f"1.2.840.10008.1.2.{syntax}"})
    )
    given = [goal] if goal == "--lossy" else [goal, "50"]
    for way in WAYS.values():
        assert main([*way, "--orthanc", "orthanc.json", *given]) == ExitCode.USAGE
        assert why in capfd.readouterr().err
    assert [path.name for path in Path().iterdir() if path.suffix != ".json"] == ["in.dcm"]


def test_a_goal_is_an_error_only_if_every_rule_sets_its_own(capfd: Captured) -> None:
    Path("a.toml").write_text(RULE + "psnr = 60")
    assert main([*WAYS["convert"], "--policy", "a.toml", "--psnr", "50"]) == ExitCode.USAGE
    assert "--psnr 50 has no effect: policy a sets --psnr 60" in capfd.readouterr().err
    Path("a.toml").write_text(f"{RULE}modality = 'MR'\npsnr = 60\n{RULE}")
    assert main([*WAYS["convert"], "--policy", "a.toml", "--psnr", "50"]) == ExitCode.DONE


def test_the_goal_of_the_environment_does_not_break_lossless_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DICOMTX_QUALITY", "85")
    assert main([*WAYS["convert"]]) == ExitCode.DONE
    assert main([*WAYS["convert"], "-f", "--to", "explicit"]) == ExitCode.DONE
    assert main([*WAYS["convert"], "-f", "--near", "0"]) == ExitCode.DONE


def test_jpeg_baseline_needs_a_goal_except_where_it_restores_jpeg(capfd: Captured) -> None:
    source = str(corpus.file("SC_rgb_small_odd.dcm"))
    assert main(["convert", source, "out.dcm", "--to", "jpeg-baseline"]) == ExitCode.UNSUPPORTED
    assert "needs a goal" in capfd.readouterr().err
    jpeg = str(corpus.file("SC_rgb_jpeg_dcmtk.dcm"))
    assert main(["convert", jpeg, "xl.dcm", "--to", "jpeg-xl-recompression"]) == ExitCode.DONE
    assert main(["convert", "xl.dcm", "back.dcm", "--to", "jpeg-baseline"]) == ExitCode.DONE
    assert "LOSSY" not in capfd.readouterr().out


@pytest.mark.parametrize("line", ["psnr = 50", "quality = 90", "lossy = true", "reversible = true"])
def test_a_rule_of_a_policy_needs_a_goal_too(capfd: Captured, line: str) -> None:
    Path("a.toml").write_text(RULE)
    for way in WAYS.values():
        assert main([*way, "--policy", "a.toml"]) == ExitCode.SETTINGS
        assert "policy a, rule 1: htj2k is lossy and needs a goal" in capfd.readouterr().err
    Path("a.toml").write_text(RULE + line)
    assert main([*WAYS["convert"], "--policy", "a.toml"]) == ExitCode.DONE


def test_the_goal_of_a_rule_can_be_in_the_settings(capfd: Captured) -> None:
    Path("a.toml").write_text(RULE)
    assert main(["policy", "check", "a.toml"]) == ExitCode.DONE
    assert "a.toml: warning: policy a, rule 1: htj2k is lossy" in capfd.readouterr().err
    assert main([*WAYS["convert"], "--policy", "a.toml", "--psnr", "50"]) == ExitCode.DONE


def test_a_fallback_is_not_lossy_on_its_own(capfd: Captured) -> None:
    source = str(corpus.file("CT_small.dcm"))  # signed: lossless JPEG XL cannot hold it
    fallback = ("--to", "jpeg-xl-lossless", "--fallback", "jpeg2000")
    assert main(["convert", source, "out.dcm", *fallback]) == ExitCode.UNSUPPORTED
    assert "jpeg2000-lossless is lossless" in capfd.readouterr().err


def test_orthanc_means_lossy_on_its_own(capfd: Captured) -> None:
    configuration = {"IngestTranscoding": "1.2.840.10008.1.2.4.91"}
    Path("orthanc.json").write_text(json.dumps(configuration))
    assert main([*WAYS["convert"], "--orthanc", "orthanc.json"]) == ExitCode.DONE
    assert "LOSSY" in capfd.readouterr().out


def test_a_plan_carries_its_goal(capfd: Captured) -> None:
    assert main(["plan", "in.dcm", "--to", "jpeg2000", "--lossy", "--json"]) == ExitCode.DONE
    line = capfd.readouterr().out
    assert json.loads(line)["lossy"]
    Path("plan.jsonl").write_text(line)
    assert main(["batch", "--from-plan", "plan.jsonl", "out"]) == ExitCode.DONE
    Path("plan.jsonl").write_text(line.replace('{"lossy": true}', "{}"))  # by an earlier dicomtx
    assert main(["batch", "--from-plan", "plan.jsonl", "other"]) == ExitCode.SOME_FAILED
    assert "needs a goal" in capfd.readouterr().err


IN_PLACE = {
    "convert": ("convert", "in.dcm", "--in-place"),
    "batch": ("batch", "in.dcm", "--in-place", "--journal", "journal"),
}


@pytest.mark.parametrize("way", IN_PLACE)
def test_originals_are_not_replaced_by_lossy_files(ct: Path, capfd: Captured, way: str) -> None:
    before = ct.read_bytes()
    command = [*IN_PLACE[way], "--to", "jpeg2000", "--psnr", "50"]
    assert main(command) == ExitCode.USAGE
    assert "use --allow-lossy-in-place" in capfd.readouterr().err
    assert ct.read_bytes() == before
    assert main([*command, "--allow-lossy-in-place"]) == ExitCode.DONE
    assert "LOSSY" in capfd.readouterr().out
    assert ct.read_bytes() != before


@pytest.mark.parametrize("way", IN_PLACE)
def test_a_policy_does_not_replace_originals_by_lossy_files(
    ct: Path, capfd: Captured, way: str
) -> None:
    Path("a.toml").write_text(RULE + "psnr = 50")
    before = ct.read_bytes()
    code = {"convert": ExitCode.UNSUPPORTED, "batch": ExitCode.SOME_FAILED}[way]
    assert main([*IN_PLACE[way], "--policy", "a.toml"]) == code
    assert "--allow-lossy-in-place" in capfd.readouterr().err
    assert ct.read_bytes() == before


@pytest.mark.parametrize(
    ("to", "lossy"),
    [
        ("jpeg", "jpeg-baseline"),
        ("jpegls", "jpeg-ls-near-lossless"),
        ("j2k", "jpeg2000"),
        ("htj2k-lossless", "htj2k"),
        ("rle", "jpeg2000"),
    ],
)
def test_the_suggested_lossy_syntax_is_of_the_family_that_was_named(
    capfd: Captured, to: str, lossy: str
) -> None:
    assert main(["convert", "a", "b", "--to", to, "--quality", "85"]) == ExitCode.USAGE
    assert f"Try --to {lossy} --quality 85" in capfd.readouterr().err
