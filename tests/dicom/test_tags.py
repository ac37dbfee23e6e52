"""One table names the tags, and nothing else in the package spells them as numbers."""

import ast
from pathlib import Path

from pydicom.datadict import dictionary_has_tag, keyword_for_tag

import dicomtx
from dicomtx.dicom import tags

PACKAGE = Path(dicomtx.__file__).parent
NAMED = {name: tag for name, tag in vars(tags).items() if name.isupper()}


def shortens(name: str, keyword: str) -> bool:
    """Whether a name has the letters of the keyword, in order, and perhaps not all of them."""
    letters = iter(keyword.upper())
    return all(letter in letters for letter in name.replace("_", ""))


def test_each_name_is_the_keyword_of_its_tag_or_a_shorter_form() -> None:
    assert NAMED
    wrong = {n: keyword_for_tag(t) for n, t in NAMED.items() if not shortens(n, keyword_for_tag(t))}
    assert not wrong


def test_each_tag_has_one_name_and_its_place_in_order() -> None:
    values = list(NAMED.values())
    assert values == sorted(set(values))


def test_no_other_file_spells_a_tag_as_a_number() -> None:
    found = []
    for path in PACKAGE.rglob("*.py"):
        if "network" in path.parts:  # which does not import dicom
            continue
        lines = path.read_text().splitlines()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and type(node.value) is int and path.stem != "tags":
                spelled = lines[node.lineno - 1][node.col_offset : node.end_col_offset]
                if len(spelled) == len("0x00080018") and dictionary_has_tag(node.value):
                    found.append(f"{path}:{node.lineno} {spelled}")
    assert not found


def test_a_name_that_is_not_of_its_keyword_is_seen() -> None:
    assert shortens("LOSSY_RATIO", "LossyImageCompressionRatio")
    assert not shortens("LOSSY_METHOD", "LossyImageCompressionRatio")
