"""The typed options of the Python API are those of the settings."""

from pathlib import Path
from typing import get_type_hints

import pytest
from click.testing import CliRunner

from dicomtx.settings import FIELDS, options
from scripts.api_options import main, module


def test_the_module_is_up_to_date() -> None:
    assert Path(options.__file__).read_text("utf-8") == module()


def test_every_setting_is_an_option_in_the_order_of_the_table() -> None:
    assert list(get_type_hints(options.Options)) == list(FIELDS)


@pytest.mark.parametrize(
    "line",
    [
        'overlays: Literal["extract", "keep", "drop"]',
        "strict: bool",
        "ratio: float | None",
        "verify: str | bool",
        "codecs: tuple[str, ...] | list[str]",
        "limits: Limits | dict[str, int] | str",
    ],
)
def test_a_type_is_that_of_the_row_and_what_it_accepts(line: str) -> None:
    assert f"    {line}\n" in module()


def test_a_file_that_differs_fails_the_check(tmp_path: Path) -> None:
    file = tmp_path / "options.py"
    file.write_text("old\n")
    result = CliRunner().invoke(main, ["--check", str(file)])
    assert result.exit_code == 1
    assert "python -m scripts.api_options --write" in result.output
