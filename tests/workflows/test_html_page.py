"""The frame of the pages: nothing escapes into markup, and browsers load nothing."""

import pytest

from dicomtx.run_facts import RunFacts
from dicomtx.workflows.html_page import LONGEST, POLICY, STYLE, breakable, escaped, facts, head


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


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("63.1 dB of a.b/c", "63.1 dB of a.b/c"),
        (
            "in/series_one/image_1234.dcm x",
            "in/<wbr>series_<wbr>one/<wbr>image_<wbr>1234.<wbr>dcm x",
        ),
        ("LossyImageCompressionRatio", "Lossy<wbr>Image<wbr>Compression<wbr>Ratio"),
        ("PixelData of IM000000", "PixelData of IM000000"),
        ("x" * 70, f"{'x' * 32}<wbr>{'x' * 32}<wbr>{'x' * 6}"),
        ("<b>/" * 9, "&lt;b&gt;/<wbr>" * 8 + "&lt;b&gt;/"),
    ],
)
def test_long_words_break_at_their_separators(text: str, shown: str) -> None:
    assert breakable(text) == shown


def test_a_page_says_when_where_and_how_it_was_made() -> None:
    run = RunFacts("2030-01-02T03:04:05+00:00", "dicomtx <x>", "9.9", "host", ("a", "b"), "")
    table = facts(run)
    assert "<td>Command</td><td>dicomtx &lt;x&gt;</td>" in table
    assert "<td>Source</td><td>a, b</td>" in table
    assert "Destination" not in table
    assert facts(None) == ""
