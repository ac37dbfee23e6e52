"""Files that a rule leaves out are left out, also if a conversion would refuse them."""

from pathlib import Path

import pytest

from dicomtx.settings import Settings
from dicomtx.storage.local_file import LocalFile
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.convert.convert import convert
from dicomtx.workflows.convert.request import FileRules, Outcome, Request
from tests.conversion_bench import Bench, grey

LOSSY = ["jpeg-baseline", "jpeg-ls-near-lossless", "jpeg2000", "htj2k", "jpeg-xl"]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def asked(bench: Bench, data: bytes, to: str, only: str) -> Outcome:
    bench.source.write_bytes(data)
    bench.out.unlink(missing_ok=True)
    return convert(
        Request(
            LocalFile(str(bench.source)),
            str(bench.out),
            find(to),
            settings=Settings(min_psnr=0.0),
            rules=FileRules(only=only),
        )
    )


@pytest.mark.parametrize("source", LOSSY)
@pytest.mark.parametrize("to", ["jpeg2000", "jpeg-baseline", "jpeg-ls-near-lossless"])
def test_what_was_lossy_before_is_not_uncompressed(bench: Bench, source: str, to: str) -> None:
    bench.done(grey(16, 16), source, min_psnr=0.0)
    outcome = asked(bench, bench.out.read_bytes(), to, "uncompressed")
    assert (outcome.status, outcome.exit_code) == ("skipped", 0), outcome.error
    assert "is not uncompressed" in outcome.warnings[-1]
    assert not bench.out.exists()


@pytest.mark.parametrize("allocated", [1, 32])
def test_what_a_target_cannot_hold_is_not_compressed(bench: Bench, allocated: int) -> None:
    outcome = asked(bench, grey(16, 16, allocated=allocated), "jpeg-baseline", "compressed")
    assert (outcome.status, outcome.exit_code) == ("skipped", 0), outcome.error
