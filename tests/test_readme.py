"""The commands of README.md print what it says."""

import re
from pathlib import Path

import pytest

from tests.corpus import REPOSITORY
from tests.readme import replaced

README = REPOSITORY / "README.md"


@pytest.mark.long
def test_the_commands_of_the_readme_print_what_it_says() -> None:
    text = README.read_text("utf-8")
    assert replaced(text).splitlines() == text.splitlines()


def test_what_commands_print_is_put_behind_them() -> None:
    before = "A\n```console\n$ false\nold\n$ echo $?\n$ echo a \\\n    b; ls ..\n```\nB\n"
    after = before.replace("old\n", "").replace("$?\n", "$?\n1\n")
    assert replaced(before) == after.replace("..\n", "..\na b\nbin\nexamples\ntry\n")


def test_a_session_of_python_is_run_too() -> None:
    before = "```pycon\n>>> for i in range(2):\n...     print(i)\n... \n>>> 1 / 0\n```\n"
    now = replaced(before)
    assert "... \n0\n1\n>>> 1 / 0\nTraceback" in now
    assert "ZeroDivisionError" in now


def test_other_sizes_and_times_are_no_difference() -> None:
    text = "```console\n$ echo 1.5 kB, 1.2 s\n9.9 kB, 3.4 s\n```\n"
    assert replaced(text) == text


def test_long_lines_are_wrapped_and_tables_are_not() -> None:
    words, table = "word " * 20, "cell  " * 20
    now = replaced(f"```console\n$ echo '{words}'; echo '{table}'\n```\n").splitlines()
    assert now[2:-1] == ["word " * 15 + "word", "word word word word", table]


def test_every_link_of_the_readme_leads_somewhere() -> None:
    text = README.read_text("utf-8")
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
    for target in re.findall(r"\]\(([^)]+)\)", re.sub(r"`[^`\n]+`", "", prose)):
        found = target[1:] in anchors if target[0] == "#" else Path(REPOSITORY, target).exists()
        assert found, target
