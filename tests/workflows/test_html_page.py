"""The frame of the pages: nothing escapes into markup, and browsers load nothing."""

import pytest

from dicomtx.workflows.html_page import LONGEST, POLICY, STYLE, escaped, head


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<b>&'\"", "&lt;b&gt;&amp;&#x27;&quot;"),
        ("a\nb\x1b", "a\\nb\\x1b"),
        ("\u202e\udcff", "\\u202e\\udcff"),
        ("µ é 漢", "µ é 漢"),
    ],
)
def test_text_stays_text(text: str, shown: str) -> None:
    assert escaped(text) == shown


def test_long_text_is_cut_before_it_is_escaped() -> None:
    assert escaped("<" * LONGEST) == "&lt;" * LONGEST
    assert escaped("<" * (LONGEST + 1)) == "&lt;" * LONGEST + "…"


def test_the_head_escapes_the_title_and_allows_only_pictures_of_its_own() -> None:
    page = head("</title><script>")
    assert "<script>" not in page
    assert POLICY.startswith("default-src 'none'")
    assert POLICY in page
    assert "url(" not in STYLE
