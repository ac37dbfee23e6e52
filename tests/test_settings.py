"""Settings: defaults, then a file, then the environment, then options."""

from pathlib import Path

import pytest

from dicomtx.errors import SettingsError, UsageError
from dicomtx.limits import Limits
from dicomtx.settings import FIELDS, Settings, load


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Returns the path of a settings file that is not there yet."""
    return tmp_path / "given.toml"


def test_without_file_variables_or_options_the_defaults_hold() -> None:
    assert load(None, {}) == Settings()


def test_every_field_is_a_key_and_a_variable() -> None:
    names = set(Settings._fields)
    assert set(FIELDS) == names
    assert {field.variable for field in FIELDS.values()} >= {
        "DICOMTX_ORDER",
        "DICOMTX_CODEC",
        "DICOMTX_FRAME_TIMEOUT",
    }


def test_a_file_sets_every_key(config: Path) -> None:
    config.write_text(
        'order = "plugins-only"\ncodecs = ["gdcm", "mine"]\nframe_timeout = 5\n'
        "verify = false\nstrict = true\n"
    )
    expected = Settings("plugins-only", ("gdcm", "mine"), 5.0, verify="none", strict=True)
    assert load(str(config), {}) == expected


def test_a_variable_sets_every_key() -> None:
    environ = {
        "DICOMTX_ORDER": "plugins-first",
        "DICOMTX_CODEC": "gdcm, mine,",
        "DICOMTX_FRAME_TIMEOUT": "1.5",
        "DICOMTX_VERIFY": "No",
        "DICOMTX_STRICT": "1",
    }
    expected = Settings("plugins-first", ("gdcm", "mine"), 1.5, verify="none", strict=True)
    assert load(None, environ) == expected


def test_variables_win_over_the_file_and_options_over_both(config: Path) -> None:
    config.write_text('order = "plugins-first"\nframe_timeout = 5.0\nstrict = true\n')
    environ = {"DICOMTX_ORDER": "plugins-only", "DICOMTX_FRAME_TIMEOUT": "6"}
    settings = load(str(config), environ, order="builtin-first", strict=None, codecs=None)
    assert settings == Settings(frame_timeout=6.0, strict=True)


def test_limits_are_a_table_or_a_text(config: Path) -> None:
    config.write_text("[limits]\nratio = 2000\ndepth = 5\n")
    assert load(str(config), {}).limits == Limits(ratio=2000, depth=5)
    environ = {"DICOMTX_LIMITS": "frames=10, depth=7"}
    assert load(str(config), environ).limits == Limits(frames=10, depth=7)
    assert load(None, {}, limits={"frames": 3}).limits == Limits(frames=3)


def test_an_empty_variable_is_no_variable() -> None:
    assert load(None, {"DICOMTX_ORDER": "", "DICOMTX_CONFIG": ""}) == Settings()


@pytest.mark.parametrize("variable", ["XDG_CONFIG_HOME", "HOME"])
def test_the_users_own_file_is_found(tmp_path: Path, variable: str) -> None:
    folder = tmp_path if variable == "XDG_CONFIG_HOME" else tmp_path / ".config"
    (folder / "dicomtx").mkdir(parents=True)
    (folder / "dicomtx" / "dicomtx.toml").write_text("strict = true")
    assert load(None, {variable: str(tmp_path)}).strict


def test_a_relative_configuration_folder_does_not_count(tmp_path: Path) -> None:
    (tmp_path / ".config" / "dicomtx").mkdir(parents=True)
    (tmp_path / ".config" / "dicomtx" / "dicomtx.toml").write_text("strict = true")
    assert load(None, {"XDG_CONFIG_HOME": "here", "HOME": str(tmp_path)}).strict


def test_the_named_file_takes_the_place_of_others(tmp_path: Path, config: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text("strict = true")
    config.write_text("verify = false")
    assert load(str(config), {"DICOMTX_CONFIG": str(other)}) == Settings(verify="none")
    assert load(None, {"DICOMTX_CONFIG": str(other)}) == Settings(strict=True)


def test_the_working_directory_is_never_looked_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in ("dicomtx.toml", "dicomtx/dicomtx.toml", ".config/dicomtx/dicomtx.toml"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("strict = true")
    monkeypatch.chdir(tmp_path)
    for environ in ({}, {"XDG_CONFIG_HOME": "."}, {"HOME": "."}, {"HOME": ""}):
        assert load(None, environ) == Settings()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('order = "first"', ["order", "'first'", "builtin-first, plugins-first, plugins-only"]),
        ("order = 3", ["order", "3", "builtin-first"]),
        ('codecs = "gdcm"', ["codecs", "'gdcm'", "a list of strings"]),
        ("codecs = [1]", ["codecs", "[1]", "a list of strings"]),
        ("frame_timeout = 0", ["frame_timeout", "0", "a number above 0"]),
        ("frame_timeout = inf", ["frame_timeout", "inf", "a number above 0"]),
        ("frame_timeout = true", ["frame_timeout", "True", "a number above 0"]),
        ('verify = "maybe"', ["verify", "'maybe'", "all, independent, none, or sample=5%"]),
        ('verify = "sample=5"', ["verify", "'sample=5'", "sample=5%"]),
        ('verify = "sample=0%"', ["verify", "sample=5%"]),
        ('verify = "sample=101%"', ["verify", "sample=5%"]),
        ('verify = "sample=nan%"', ["verify", "sample=5%"]),
        ("strict = 1", ["strict", "1", "true or false"]),
        ("frame-timeout = 1", ["frame-timeout", "did you mean frame_timeout?"]),
        ("gantry = 1", ["gantry", "unknown", "order, codecs, frame_timeout, verify, strict"]),
        ("strict = true\nverify = maybe\n", ["TOML", "line 2"]),
        ("[strict]\non = true", ["strict", "true or false"]),
        ("[limits]\nratios = 1", ["limits.ratios", "unknown key", "inflated, freely, ratio"]),
        ("[limits]\nratio = -1", ["limits.ratio", "-1", "whole numbers from 0"]),
        ("[limits]\ndepth = true", ["limits.depth", "True", "whole numbers from 0"]),
        ("[limits]\ndepth = 1.5", ["limits.depth", "1.5", "whole numbers from 0"]),
        ("limits = 3", ["limits", "3", "whole numbers from 0"]),
        ('limits = "width=3"', ["limits", "'width=3'", "use inflated=N"]),
    ],
)
def test_what_is_wrong_in_a_file_is_told(config: Path, text: str, told: list[str]) -> None:
    config.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load(str(config), {})
    assert all(part in str(caught.value) for part in [str(config), *told]), caught.value


@pytest.mark.parametrize(
    ("variable", "text", "told"),
    [
        ("DICOMTX_ORDER", "first", "use one of builtin-first, plugins-first, plugins-only"),
        ("DICOMTX_FRAME_TIMEOUT", "soon", "use a number"),
        ("DICOMTX_FRAME_TIMEOUT", "-1", "use a number above 0"),
        ("DICOMTX_FRAME_TIMEOUT", "nan", "use a number above 0"),
        ("DICOMTX_QUALITY", "0", "use a whole number, 1 to 100"),
        ("DICOMTX_QUALITY", "9.5", "use a number"),
        ("DICOMTX_PSNR", "1000", "use a number, 1 to 200"),
        ("DICOMTX_UID", "other", "use one of auto, keep, new, derived"),
        ("DICOMTX_VERIFY", "maybe", "use all, independent, none, or sample=5%"),
        ("DICOMTX_STRICT", "maybe", "use one of 1, true, yes, on, 0, false, no, off"),
    ],
)
def test_what_is_wrong_in_a_variable_is_told(variable: str, text: str, told: str) -> None:
    with pytest.raises(SettingsError, match=f"^{variable}: .*{told}"):
        load(None, {variable: text})


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ("true", "all"),
        ("false", "none"),
        ('"all"', "all"),
        ('"none"', "none"),
        ('"independent"', "independent"),
        ('"sample=5%"', "sample=5%"),
        ('"sample=0.5%"', "sample=0.5%"),
    ],
)
def test_verify_says_how_or_whether(config: Path, said: str, means: str) -> None:
    config.write_text(f"verify = {said}")
    assert load(str(config), {}).verify == means
    assert load(None, {"DICOMTX_VERIFY": said.strip('"')}).verify == means
    assert load(None, {}, verify={"true": True, "false": False}.get(said, means)).verify == means


def test_an_option_that_is_wrong_is_told() -> None:
    with pytest.raises(SettingsError, match="order: 'x' is not allowed"):
        load(None, {}, order="x")


def test_a_named_file_must_be_there(config: Path) -> None:
    with pytest.raises(SettingsError, match=r"given\.toml: No such file"):
        load(str(config), {})
    with pytest.raises(SettingsError, match="Is a directory"):
        load(str(config.parent), {})


def test_a_file_that_is_no_text_is_told(config: Path) -> None:
    config.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="not valid TOML"):
        load(str(config), {})


def test_two_goals_of_quality_contradict_each_other(config: Path) -> None:
    with pytest.raises(UsageError, match="--near and --psnr contradict each other"):
        load(None, {}, near=2, psnr=45.0)
    with pytest.raises(SettingsError, match="quality and ratio contradict each other"):
        load(None, {"DICOMTX_RATIO": "8", "DICOMTX_QUALITY": "80"})
    config.write_text("near = 2\nmax_error = 3")
    with pytest.raises(SettingsError, match="near and max-error contradict each other"):
        load(str(config), {})


def test_a_goal_takes_the_place_of_another_that_was_said_before(config: Path) -> None:
    config.write_text("quality = 80\nmin_psnr = 20")
    assert load(str(config), {}) == Settings(quality=80, min_psnr=20)
    assert load(str(config), {"DICOMTX_NEAR": "2"}) == Settings(near=2, min_psnr=20)
    assert load(str(config), {"DICOMTX_NEAR": "2"}, ratio=8.0) == Settings(ratio=8.0, min_psnr=20)


@pytest.mark.parametrize(
    ("variable", "right"),
    [
        ("DICOMTX_ORDRE", "DICOMTX_ORDER"),
        ("DICOMTX_VERFIY", "DICOMTX_VERIFY"),
        ("DICOMTX_CODECS", "DICOMTX_CODEC"),
        ("DICOMTX_CONFG", "DICOMTX_CONFIG"),
    ],
)
def test_a_misspelt_variable_is_an_error_with_a_suggestion(variable: str, right: str) -> None:
    with pytest.raises(SettingsError, match=f"{variable}: unknown variable: did you mean {right}"):
        load(None, {variable: "all"})


def test_a_variable_of_somebody_else_is_not_looked_at() -> None:
    assert (
        load(None, {"DICOMTX_HOME": "/srv", "DICOMTX_TEST_DATA": "x", "DICOM": "y"}) == Settings()
    )
