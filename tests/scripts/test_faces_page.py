"""docs/faces.md is made from the tables of the faces."""

from pathlib import Path

from dicomtx.cli import FACES
from dicomtx.cli.faces.command import face
from scripts.faces_page import page
from tests.corpus import REPOSITORY


def test_the_page_is_up_to_date() -> None:
    assert Path(REPOSITORY / "docs/faces.md").read_text("utf-8") == page()


def test_it_has_every_option_and_every_difference() -> None:
    text = page()
    shared = text.split("## Shared options\n")[1]
    for name in FACES:
        tool = face(name).tool
        own = text.split(f"## `{name}`\n")[1].split("\n## ", maxsplit=1)[0]
        assert all(difference in own for difference in tool.differs)
        for option, row in tool.rows.items():
            assert f"`{option}`" in own + shared
            assert row.differs in own + shared
