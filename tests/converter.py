"""A converter for tests: a folder where bytes become a file, are converted, and are read back."""

from pathlib import Path
from typing import Any

from pydicom import Dataset, dcmread

from dicomtx.errors import ExitCode
from dicomtx.settings import Settings
from dicomtx.storage.local_file import LocalFile
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.convert.convert import convert
from dicomtx.workflows.convert.request import Outcome, Request
from tests.dicom.builder import image, native, part10


class Converter:
    """Converts bytes to bytes in a folder of its own."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.source = folder / "in.dcm"
        self.out = folder / "out.dcm"
        self.settings = settings

    def salvaging(self) -> "Converter":
        """Returns the same place, where damaged files are salvaged."""
        return Converter(self.source.parent, salvage=True)

    def convert(self, data: bytes, to: str = "explicit", **settings: Any) -> Outcome:
        self.source.write_bytes(data)
        self.out.unlink(missing_ok=True)
        return self.again(self.source, self.out, to, **settings)

    def again(self, source: Path, out: Path, to: str, **settings: Any) -> Outcome:
        settings = {"lossy": True} | settings  # the quality of 90 is as good as another
        asked = {n: settings.pop(n) for n in ("overwrite", "in_place") if n in settings}
        request = Request(
            LocalFile(str(source)),
            str(out),
            find(to),
            settings=Settings(**(self.settings | settings)),
            **asked,
        )
        return convert(request)

    def done(self, data: bytes, to: str = "explicit", **settings: Any) -> Dataset:
        outcome = self.convert(data, to, **settings)
        assert outcome.status == "done", outcome.error
        assert outcome.bytes_out == self.out.stat().st_size
        return dcmread(self.out)

    def there_and_back(self, data: bytes, to: str, **settings: Any) -> Dataset:
        """Returns what is native again after it was in another syntax."""
        self.done(data, to, **settings)
        return self.done(self.out.read_bytes(), "explicit", **settings)

    def failed(self, outcome: Outcome, code: ExitCode) -> str:
        assert outcome.exit_code == code, outcome
        assert outcome.target_syntax == ""
        assert outcome.bytes_out == 0
        assert {path.name for path in self.out.parent.iterdir()} <= {"in.dcm"}
        return outcome.error


def grey(rows: int = 8, columns: int = 8, **more: Any) -> bytes:
    pixel = image(rows, columns, **more)
    return part10("explicit", native(pixel, bytes(n % 251 for n in range(pixel.frame_bytes))))
