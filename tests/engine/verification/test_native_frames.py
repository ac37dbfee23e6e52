"""Native frames are read again from the written file."""

import pytest

from dicomtx.dicom.data_set import DataSet
from dicomtx.engine.planning.plan import Code
from dicomtx.engine.verification import native_frames
from dicomtx.errors import ExitCode
from tests.converter import Converter
from tests.corpus import file


@pytest.mark.parametrize("name", ["MR_small_jp2klossless.dcm", "MR_small_RLE.dcm"])
def test_a_written_frame_that_is_not_the_decoded_one_is_found(
    converter: Converter, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    check = native_frames.check_native

    def of_another(output: DataSet, plan: Code, digests: bytes, threads: int = 1) -> None:
        check(output, plan, digests, threads)
        check(output, plan, digests[:-1] + bytes([digests[-1] ^ 1]), threads)

    monkeypatch.setattr(native_frames, "check_native", of_another)
    error = converter.failed(converter.convert(file(name).read_bytes()), ExitCode.VERIFICATION)
    assert "frame 1 has the wrong pixels in the written file" in error
