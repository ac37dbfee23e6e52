"""Files that a rule leaves out are left out, also if a conversion would refuse them."""

from pathlib import Path

import pytest

from dicomtx.settings import Settings
from dicomtx.storage.local_file import LocalFile
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.convert.convert import convert
from dicomtx.workflows.convert.request import FileRules, Outcome, Request
from tests.converter import Converter, grey

LOSSY = ["jpeg-baseline", "jpeg-ls-near-lossless", "jpeg2000", "htj2k", "jpeg-xl"]


@pytest.fixture
def converter(tmp_path: Path) -> Converter:
    return Converter(tmp_path)


def asked(converter: Converter, data: bytes, to: str, only: str) -> Outcome:
    converter.source.write_bytes(data)
    converter.out.unlink(missing_ok=True)
    return convert(
        Request(
            LocalFile(str(converter.source)),
            str(converter.out),
            find(to),
            settings=Settings(min_psnr=0.0),
            rules=FileRules(only=only),
        )
    )


@pytest.mark.parametrize("source", LOSSY)
@pytest.mark.parametrize("to", ["jpeg2000", "jpeg-baseline", "jpeg-ls-near-lossless"])
def test_what_was_lossy_before_is_not_uncompressed(
    converter: Converter, source: str, to: str
) -> None:
    converter.done(grey(16, 16), source, min_psnr=0.0)
    outcome = asked(converter, converter.out.read_bytes(), to, "uncompressed")
    assert (outcome.status, outcome.exit_code) == ("skipped", 0), outcome.error
    assert "is not uncompressed" in outcome.warnings[-1]
    assert not converter.out.exists()


@pytest.mark.parametrize("allocated", [1, 32])
def test_what_a_target_cannot_hold_is_not_compressed(converter: Converter, allocated: int) -> None:
    outcome = asked(converter, grey(16, 16, allocated=allocated), "jpeg-baseline", "compressed")
    assert (outcome.status, outcome.exit_code) == ("skipped", 0), outcome.error
