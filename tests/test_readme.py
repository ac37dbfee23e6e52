"""The commands in README.md and docs/*.md print what the pages show, and links lead somewhere."""

import re
from pathlib import Path

import pytest

from tests.corpus import REPOSITORY
from tests.readme import BLOCK, replaced, updated

DOCS = sorted((REPOSITORY / "docs").glob("*.md"))
PAGES = [*sorted(REPOSITORY.glob("*.md")), *DOCS, REPOSITORY / "examples" / "README.md"]
EXECUTED = [page for page in PAGES if BLOCK.search(page.read_text("utf-8"))]


def _name(page: Path) -> str:
    return page.relative_to(REPOSITORY).as_posix()


@pytest.mark.long
@pytest.mark.parametrize("page", EXECUTED, ids=_name)
def test_the_commands_of_a_page_print_what_it_shows(page: Path) -> None:
    assert updated(page).splitlines() == page.read_text("utf-8").splitlines()


def test_the_readme_stays_short() -> None:
    assert 12_000 <= (REPOSITORY / "README.md").stat().st_size <= 15_000


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


def test_a_shorter_new_uid_is_no_difference() -> None:
    shown = '"2.25.314", "bytes_out": 4980'
    text = f"```console\n$ echo '{shown.replace('14', '1').replace('80', '78')}'\n{shown}\n```\n"
    assert replaced(text) == text


def test_long_lines_are_wrapped_and_tables_are_not() -> None:
    words, table = "word " * 20, "cell  " * 20
    now = replaced(f"```console\n$ echo '{words}'; echo '{table}'\n```\n").splitlines()
    assert now[2:-1] == ["word " * 15 + "word", "word word word word", table]


def test_the_first_command_runs_before_those_of_the_page() -> None:
    text = "```console\n$ ls\nhere\n```\n"
    assert replaced(text, "touch here") == text


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", re.sub(r"`[^`\n]+`", "", _prose(page))):
        path, _, anchor = target.partition("#")
        found = page.parent / path if path else page
        assert found.exists(), target
        assert not anchor or anchor in _anchors(found), target


def _prose(page: Path) -> str:
    return re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)


def _anchors(page: Path) -> set[str]:
    """Returns the anchors of the headings of a page, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", _prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
