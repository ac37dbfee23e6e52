"""Specific Character Set: the defined terms decode text, and nothing else does."""

import codecs

import pytest
from pydicom.charset import python_encoding

from dicomtx.dicom.values import character_sets, text


@pytest.mark.parametrize("term", sorted(python_encoding))
def test_each_term_has_the_codec_that_pydicom_has(term: str) -> None:
    found = character_sets.encodings(term)
    assert codecs.lookup(found[0]) == codecs.lookup(python_encoding[term])
    assert not character_sets.unknown(term)


@pytest.mark.parametrize("named", ["undefined", "hex", "idna", "zlib", "ISO\0X", "\x1b", "utf_7"])
def test_names_of_python_codecs_and_other_values_are_not_terms(named: str) -> None:
    assert character_sets.unknown(named) == named
    assert character_sets.encodings(named) == [character_sets.DEFAULT]
    assert text.decoded(b"M\xfcller", "PN", named) == "Müller"


@pytest.mark.parametrize("named", ["ISO-IR 100", "iso_ir_100", "ISO IR 100", "ISO_IR100 "])
def test_a_misspelt_term_is_known(named: str) -> None:
    assert character_sets.terms(named) == ["ISO_IR 100"]


@pytest.mark.parametrize(
    ("named", "terms"),
    [
        ("", [""]),
        ("\\ISO 2022 IR 87", ["", "ISO 2022 IR 87"]),
        ("ISO_IR 192\\ISO 2022 IR 87", ["ISO_IR 192"]),
        ("ISO 2022 IR 6\\GB18030\\ISO 2022 IR 149", ["ISO 2022 IR 6", "ISO 2022 IR 149"]),
        ("ISO 2022 IR 6\\hex", ["ISO 2022 IR 6"]),
    ],
)
def test_terms_that_do_not_go_together_are_left_out(named: str, terms: list[str]) -> None:
    assert character_sets.terms(named) == terms
