"""Work and memory grow with the file, not with its square: counted, since times vary."""

import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple
from unittest.mock import patch

import pytest

from dicomtx import limits
from dicomtx.dicom import packed
from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.elements import EXPLICIT, Element, elements
from dicomtx.dicom.part10 import open_part10
from dicomtx.errors import DamagedError, DicomtxError, SettingsError
from dicomtx.storage.source import Source
from dicomtx.workflows.compare.compare import compare
from dicomtx.workflows.compare.result import Comparing
from dicomtx.workflows.info import describe
from tests.conftest import Run
from tests.dicom import builder
from tests.dicom.builder import element, identity, image, mark, native, part10, text
from tests.dicom.builder import sequence as defined

SMALL = 300
NATIVE = native(image(8, 8), bytes(range(64)))
REST = NATIVE[len(identity()) :]
OPEN = element(0x00081140, "SQ", length=0xFFFFFFFF) + mark(0xFFFEE000, 0xFFFFFFFF)
CLOSE = mark(0xFFFEE00D) + mark(0xFFFEE0DD)


def deflated(data_set: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data_set) + packer.flush()


def nested(depth: int) -> bytes:
    """Returns sequences of defined length in each other."""
    data = b""
    for _ in range(depth):
        data = defined(0x00081140, [data])
    return data


INPUTS: dict[str, Callable[[int], bytes]] = {
    "zeros and a byte": lambda n: part10("explicit", NATIVE + bytes(8 * n) + b"\1"),
    "zeros in the middle": lambda n: part10("explicit", identity() + bytes(8 * n) + REST),
    "empty elements": lambda n: part10("explicit", identity() + text(0x0008103E, "LO", "") * n),
    "nested, undefined": lambda n: part10("explicit", identity() + OPEN * n + CLOSE * n + REST),
    "nested, defined": lambda n: part10("explicit", identity() + nested(n // 4) + REST),
    "items": lambda n: part10("explicit", identity() + defined(0x00081140, [b""] * n) + REST),
    "empty fragments": lambda n: part10(
        "rle", identity() + builder.module(image(8, 8)) + builder.encapsulated([b""] * n)
    ),
    "bytes behind a deflate stream": lambda n: part10(
        "deflated", deflated(NATIVE) + bytes(n << 16)
    ),
}


class Work(NamedTuple):
    """What a function does: calls of functions, those of C included, and bytes that it reads."""

    calls: int
    read: int


def work(function: Callable[..., object], *arguments: Any) -> Work:
    """Counts what a function does; an error for the user is an end like any other."""
    calls = read = 0
    real = Source.read

    def counted(source: Source, offset: int, size: int) -> bytes:
        nonlocal read
        data = real(source, offset, size)
        read += len(data)
        return data

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    with patch.object(Source, "read", counted), suppress(DicomtxError):
        sys.setprofile(count)
        try:
            function(*arguments)
        finally:
            sys.setprofile(None)
    return Work(calls, read)


def compared(path: str) -> None:
    compare(Comparing(path, path))


@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("command", [describe, compared])
def test_four_times_the_input_is_four_times_the_work(
    tmp_path: Path, name: str, command: Callable[[str], object]
) -> None:
    path = tmp_path / "in.dcm"
    counts = []
    for size in (SMALL, SMALL, 4 * SMALL):  # the first one imports
        path.write_bytes(INPUTS[name](size))
        counts.append(work(command, str(path)))
    assert counts[2].calls <= 5 * counts[1].calls
    assert counts[2].read <= 5 * counts[1].read


def test_a_deflate_stream_ends_where_it_ends() -> None:
    data = part10("deflated", deflated(NATIVE) + bytes(3 << 20))
    with open_part10(Source(data)) as found:
        assert found.data_set.text(0x00280004) == "MONOCHROME2"


@pytest.mark.parametrize("most", [{"inflated": 1 << 20}, {"freely": 1 << 20}])
def test_a_bomb_is_refused_before_it_is_inflated(most: dict[str, int]) -> None:
    data = part10("deflated", deflated(NATIVE + element(0xFFFCFFFC, "OB", bytes(8 << 20))))
    source = Source(data)
    source.limits = limits.Limits()._replace(**most)
    with pytest.raises(DamagedError, match="too large"), open_part10(source):
        pass
    with open_part10(Source(data)) as found:
        assert len(found.data_set.elements) > 2


def test_limits_can_be_changed(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = deflated(NATIVE + element(0xFFFCFFFC, "OB", bytes(8 << 20)))
    (tmp_path / "in.dcm").write_bytes(part10("deflated", data))
    assert run("info", "in.dcm", cwd=tmp_path).returncode == 0
    monkeypatch.setenv("DICOMTX_LIMITS", "inflated=1000000")
    done = run("info", "in.dcm", cwd=tmp_path)
    assert done.returncode == 3
    assert b"raise 'inflated' in [limits] of dicomtx.toml, or in DICOMTX_LIMITS" in done.stderr
    monkeypatch.setenv("DICOMTX_LIMITS", "inflated=1e6")
    assert run("info", "in.dcm", cwd=tmp_path).returncode == 9


def test_limits_in_the_settings_file_hold_in_every_process(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/in.dcm").write_bytes(NINE)
    (tmp_path / "dicomtx.toml").write_text("[limits]\nframes = 8\n")
    monkeypatch.setenv("DICOMTX_CONFIG", str(tmp_path / "dicomtx.toml"))
    for command in ("convert", "in/in.dcm", "a"), ("batch", "in", "b"):
        done = run(*command, "--to", "rle", cwd=tmp_path)
        assert done.returncode == (3 if command[0] == "convert" else 1)
        assert b"more than 8 frames" in done.stdout + done.stderr
    (tmp_path / "dicomtx.toml").write_text("[limits]\nframe = 8\n")
    done = run("info", "in/in.dcm", cwd=tmp_path)
    assert done.returncode == 9
    assert b"dicomtx.toml: limits.frame: unknown key" in done.stderr


@pytest.mark.parametrize("text", ["ratio", "ratio=-1", "width=3", "ratio=²", "ratio=" + "9" * 5000])
def test_a_limit_that_makes_no_sense_is_an_error(text: str) -> None:
    with pytest.raises(SettingsError, match="DICOMTX_LIMITS"):
        limits.limits_of("DICOMTX_LIMITS", text)


NOTHING = builder.encapsulated([b""] * 9)
FRAGMENTS = part10("rle", identity() + builder.module(image(8, 8)) + NOTHING)
NINE = part10("explicit", native(image(8, 8), bytes(9 * 64), frames="9"))


@pytest.mark.parametrize(
    ("limit", "data", "target"),
    [
        ("fragments=8", FRAGMENTS, "explicit"),
        ("frames=8", NINE, "rle"),
        ("elements=4200", INPUTS["empty elements"](4300), "implicit"),
    ],
)
def test_a_file_beyond_a_limit_fails_with_its_name(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, data: bytes, target: str
) -> None:
    (tmp_path / "in.dcm").write_bytes(data)
    monkeypatch.setenv("DICOMTX_LIMITS", limit)
    done = run("convert", "in.dcm", "out.dcm", "--to", target, cwd=tmp_path)
    assert done.returncode == 3
    name, _, most = limit.partition("=")
    assert f"more than {most} {name}; raise '{name}' in [limits] of" in done.stderr.decode()


def test_compare_goes_as_deep_as_the_limit(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in.dcm").write_bytes(part10("explicit", identity() + nested(20) + REST))
    assert run("compare", "in.dcm", "in.dcm", cwd=tmp_path).returncode == 0
    monkeypatch.setenv("DICOMTX_LIMITS", "depth=10")
    done = run("compare", "in.dcm", "in.dcm", cwd=tmp_path)
    assert done.returncode == 3
    assert b"more than 10 deep" in done.stderr


@pytest.mark.parametrize(
    ("count", "last"), [(3, "2"), (4, "and 1 more warning"), (9, "and 6 more warnings")]
)
def test_of_many_warnings_the_first_are_shown(count: int, last: str) -> None:
    shown = limits.Limits(warnings=3).shown([str(n) for n in range(count)])
    assert shown[:3] == ("0", "1", "2")
    assert shown[-1] == last


def many(count: int) -> Iterator[Element]:
    data = b"".join(element(0x00090000 + n % 5000, "LO") for n in range(count))
    return elements(Source(data), 0, len(data), EXPLICIT)


def test_many_elements_are_what_few_are() -> None:
    count = 3 * packed.FEW
    data_set = DataSet(Source(), EXPLICIT, many(count))
    expected = tuple(many(count))
    assert isinstance(data_set.elements, packed.Packed)
    assert tuple(data_set.elements) == expected
    assert data_set.elements[-1] == expected[-1]
    assert data_set.elements[5:7] == expected[5:7]
    assert data_set.find(0x00090007) == expected[7]
    assert data_set.find(0x00081140) is None
    assert 0x00090007 in data_set
    columns = [value for value in vars(data_set.elements).values() if hasattr(value, "itemsize")]
    assert sum(column.itemsize for column in columns) <= 32


def test_more_elements_than_the_limit_are_refused() -> None:
    with pytest.raises(DamagedError, match="elements"):
        packed.packed(many(packed.FEW + 10), packed.FEW + 5)
