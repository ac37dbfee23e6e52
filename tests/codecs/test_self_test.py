"""The self-test of codecs: sound ones pass, and a crash or a wrong sample is a failure."""

from pathlib import Path

import pytest

from dicomtx.codecs.codec import CodecSpec
from dicomtx.codecs.registry import Codecs
from dicomtx.codecs.self_test import self_tests
from dicomtx.codecs.shipped import IMAGECODECS, SECOND
from dicomtx.settings import Settings
from dicomtx.transfer_syntaxes import by_uid
from tests.plugins import FAULT_CODECS, install


def test_sound_codecs_pass_with_every_syntax_that_can_be_encoded() -> None:
    with Codecs(Settings()) as codecs:
        first, second = self_tests(codecs, (IMAGECODECS, SECOND))
    assert first.syntaxes == tuple(by_uid(uid).name for uid in IMAGECODECS.encodes)
    assert set(second.syntaxes) == {by_uid(uid).name for uid in SECOND.decodes}
    assert first.failures == second.failures == ()
    assert min(first.seconds, second.seconds) > 0


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("segfaults", "SIGSEGV"),
        ("shortens", "the decoded image is wrong"),
        ("raises", "encapsulated-uncompressed"),
    ],
)
def test_a_codec_that_fails_costs_nothing_but_its_own_result(
    name: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(FAULT_CODECS, tmp_path / "site", monkeypatch)
    with Codecs(Settings()) as codecs:
        bad, good = self_tests(codecs, (codecs.spec(name), codecs.spec("sound")))
    assert len(bad.failures) == len(bad.syntaxes) == 3
    assert why in bad.failures[0]
    assert good.failures == ()


def test_a_codec_without_its_modules_is_not_tested() -> None:
    spec = CodecSpec(name="absent", module="x", requires=("no_such_module",))
    with Codecs(Settings()) as codecs:
        (result,) = self_tests(codecs, (spec,))
    assert (result.missing, result.syntaxes) == (("no_such_module",), ())
