"""The rows of the settings: a new setting is a row and its use, in no other place."""

import re
from collections import namedtuple
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_args

import click
import pytest

import dicomtx
from dicomtx.cli import COMMANDS
from dicomtx.cli.options.settings import settings_options
from dicomtx.engine.planning.policy import RuleBook
from dicomtx.errors import SettingsError
from dicomtx.settings import FIELDS, Field, Scope, Settings, fields_of, loading
from dicomtx.workflows.batch.fingerprint import shaping
from dicomtx.workflows.policies.toml import read_policies

PACKAGE = Path(dicomtx.__file__).parent
SMOOTH = Field("Smooth the frames.", "file", ("convert",), "Pixel data")


class Bare(NamedTuple):
    smooth: bool = False


class Scopeless(NamedTuple):
    smooth: Annotated[bool, SMOOTH._replace(scope="somewhere")] = False


class Complete(NamedTuple):
    smooth: Annotated[bool, SMOOTH] = False


@pytest.fixture
def smooth(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Returns the settings with one more field, and the table with its row."""
    monkeypatch.setitem(FIELDS, "smooth", fields_of(Complete)["smooth"])
    made: Any = namedtuple  # noqa: PYI024 - its fields are computed
    more = made("Settings", (*Settings._fields, "smooth"), defaults=(*Settings(), False))
    monkeypatch.setattr(loading, "Settings", more)
    return more


@pytest.mark.parametrize("settings", [Bare, Scopeless])
def test_a_setting_without_a_scope_is_refused(settings: type) -> None:
    with pytest.raises(TypeError, match="smooth: this setting needs a Field with a scope"):
        fields_of(settings)


@pytest.mark.parametrize("name", FIELDS)
def test_every_setting_says_what_it_holds_for_and_where_it_is_an_option(name: str) -> None:
    field = FIELDS[name]
    assert field.scope in get_args(Scope)
    assert set(field.commands) <= set(COMMANDS)
    assert field.heading
    assert re.fullmatch(r"[A-Z][^\n]+\.", field.help)
    if field.default is not None:
        assert field.checked(name, field.default) == field.default


def test_what_a_policy_rule_can_set_and_what_a_plan_records() -> None:
    run = {"order", "codecs", "frame_timeout", "threads", "max_memory", "allow_lossy_in_place"}
    run |= {"limits"}
    assert {name for name in FIELDS if not FIELDS[name].in_rules} == run | {"salvage"}
    assert {name for name in FIELDS if not FIELDS[name].in_plans} == run | {
        "verify",
        "strict",
        "only_if_smaller",
    }
    same = {"threads", "frame_timeout", "max_memory", "limits"}
    assert {name for name in FIELDS if not FIELDS[name].shapes_result} == same


@pytest.mark.parametrize("arguments", [["--smooth"], []])
def test_a_new_row_is_an_option(smooth: Any, arguments: list[str]) -> None:
    got = []

    @click.command()
    @settings_options("convert")
    def command(settings: Any) -> int:
        got.append(settings)
        return 0

    command.main([*arguments], standalone_mode=False)
    assert got == [smooth(smooth=bool(arguments))]
    assert "--smooth / --no-smooth" in command.get_help(click.Context(command))


def test_a_new_row_is_a_key_and_a_variable(smooth: Any, tmp_path: Path) -> None:
    config = tmp_path / "dicomtx.toml"
    config.write_text("smooth = true")
    assert loading.load(str(config), {}) == smooth(smooth=True)
    assert loading.load(None, {"DICOMTX_SMOOTH": "yes"}) == smooth(smooth=True)
    with pytest.raises(SettingsError, match="DICOMTX_SMOOTH"):
        loading.load(None, {"DICOMTX_SMOOTH": "very"})


@pytest.mark.parametrize("scope", get_args(Scope))
def test_a_new_row_is_a_key_of_rules_if_its_scope_allows(
    smooth: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scope: Scope
) -> None:
    assert smooth
    monkeypatch.setitem(FIELDS, "smooth", FIELDS["smooth"]._replace(scope=scope))
    path = tmp_path / "policy.toml"
    path.write_text('[[policy.default.rule]]\nto = "rle"\nsmooth = true')
    if scope in ("run", "reading"):
        with pytest.raises(SettingsError, match="smooth"):
            read_policies(str(path))
    else:
        (policy,) = read_policies(str(path)).values()
        assert isinstance(policy, RuleBook)
        assert policy.rules[0].options == (("smooth", True),)


def test_a_new_row_makes_another_result(smooth: Any) -> None:
    assert shaping(smooth(smooth=True)) != shaping(smooth())


def test_no_list_of_settings_is_kept_by_hand() -> None:
    names = [name for name in FIELDS if "_" in name and name != "max_error"]  # a kind of goal
    quoted = re.compile(rf"""["']({"|".join(names)})["']""")
    files = [path for path in PACKAGE.rglob("*.py") if path.parent.name != "settings"]
    found = {str(path): quoted.findall(path.read_text("utf-8")) for path in files}
    assert {name: several for name, several in found.items() if len(several) > 2} == {}
