"""Where a setting comes from: a default, a line of a file, or a variable."""

from pathlib import Path

import pytest

from dicomtx.errors import SettingsError
from dicomtx.settings import FIELDS, load
from dicomtx.settings.origins import Origin, origins

FILE = """\
# order = "plugins-only"
"order" = "plugins-first"
fallback = [
    "rle",
]
quality = 80
limits.ratio = 7
[[policy.a.rule]]
strict = true
"""


def found(path: Path, **variables: str) -> dict[str, Origin]:
    return {one.name: one for one in origins(str(path), variables)}


def test_each_setting_has_the_value_that_a_command_gets(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text(FILE)
    variables = {"DICOMTX_STRICT": "yes", "DICOMTX_ORDER": "plugins-only"}
    settings = load(str(path), variables)
    told = found(path, **variables)
    assert list(told) == list(FIELDS)
    assert {name: one.value for name, one in told.items()} == settings._asdict()


@pytest.mark.parametrize(
    ("name", "kind", "place"),
    [
        ("order", "file", "2"),
        ("fallback", "file", "3"),
        ("quality", "file", "6"),
        ("limits", "file", "7"),
        ("strict", "default", ""),
        ("threads", "variable", "DICOMTX_THREADS"),
        ("codecs", "variable", "DICOMTX_CODEC"),
    ],
)
def test_the_origin_is_a_line_or_a_variable(
    tmp_path: Path, name: str, kind: str, place: str
) -> None:
    path = tmp_path / "a.toml"
    path.write_text(FILE)
    one = found(path, DICOMTX_THREADS="3", DICOMTX_CODEC="gdcm")[name]
    expected = f"{path}:{place}" if kind == "file" else place
    assert (one.kind, one.place) == (kind, expected)


def test_a_table_is_found_by_its_header(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text("[[policy.a.rule]]\nlimits = 1\n[ limits ]\nratio = 7\n")
    assert found(path)["limits"].place == f"{path}:3"


def test_a_goal_in_a_variable_replaces_that_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text("quality = 80\n")
    told = found(path, DICOMTX_RATIO="5")
    assert (told["quality"].kind, told["ratio"].kind) == ("default", "variable")


def test_an_invalid_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text("quality = 800\n")
    with pytest.raises(SettingsError, match="quality: 800 is not allowed"):
        found(path)
