"""Which codecs are in force, in which order, and what becomes of plugins that are broken."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dicomtx.codecs import registry
from dicomtx.codecs.codec import EncodeOptions
from dicomtx.codecs.registry import BUILTIN, SHIPPED, BrokenPlugin, Codecs, missing
from dicomtx.codecs.shipped import IMAGECODECS, OPENJPH
from dicomtx.errors import CodecError, UsageError
from dicomtx.image_pixel import Frame, ImagePixel
from dicomtx.settings import Settings
from dicomtx.transfer_syntaxes import find
from tests import plugins
from tests.codecs import references
from tests.dicom import builder

RLE = find("rle-lossless")
USABLE = [
    "aborts", "bursts", "exits", "flips", "hangs", "moody", "prints", "raises", "refuses",
    "segfaults", "shortens", "sound", "starved", "unimportable",
]  # fmt: skip


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugins.install(plugins.EXAMPLE, tmp_path / "site", monkeypatch)


@pytest.fixture
def fault_codecs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugins.install(plugins.FAULT_CODECS, tmp_path / "site", monkeypatch)


def names(settings: Settings) -> list[str]:
    with Codecs(settings) as codecs:
        return [spec.name for spec in codecs]


def test_builtins_come_first_by_default(example: None) -> None:
    assert names(Settings()) == ["imagecodecs", "openjpeg", "gdcm", "rle-python"]


def test_plugins_first_means_those_of_others_before_the_shipped(example: None) -> None:
    found = names(Settings(order="plugins-first"))
    assert found == ["rle-python", "gdcm", "imagecodecs", "openjpeg"]


def test_plugins_only_leaves_the_builtins_out(example: None) -> None:
    assert names(Settings(order="plugins-only")) == ["rle-python", "gdcm"]


def test_named_codecs_are_the_only_ones_and_in_that_order(example: None) -> None:
    settings = Settings(order="plugins-only", codecs=("gdcm", "rle-python", "imagecodecs"))
    assert names(settings) == ["gdcm", "rle-python", "imagecodecs"]


def test_an_unknown_name_lists_the_known_ones(example: None) -> None:
    known = "imagecodecs, openjpeg, gdcm, ffmpeg, rle-python"
    with pytest.raises(UsageError, match=f"unknown codec 'gcdm': use one of {known}"):
        Codecs(Settings(codecs=("imagecodecs", "gcdm")))


def test_entry_points_are_not_read_before_the_shipped_codecs_are_exhausted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[str] = []

    def entry_points(group: str) -> list[str]:
        read.append(group)
        return []

    monkeypatch.setattr("importlib.metadata.entry_points", entry_points)
    with Codecs(Settings()) as codecs:
        specs = iter(codecs)
        assert [next(specs).name for _ in SHIPPED] == [*SHIPPED]
        assert not read
        assert list(specs) == []
        assert read == [registry.GROUP]
    with Codecs(Settings(codecs=("gdcm", "openjpeg"))) as codecs:
        assert [spec.name for spec in codecs] == ["gdcm", "openjpeg"]
    assert read == [registry.GROUP]


def test_looking_for_a_codec_imports_nothing_heavy() -> None:
    program = """
import sys
from dicomtx.codecs.registry import Codecs
from dicomtx.settings import Settings
from dicomtx.transfer_syntaxes import find
with Codecs(Settings()) as codecs:
    assert next(codecs.able(find("jpeg2000-lossless"), "encode")).name == "imagecodecs"
heavy = "numpy imagecodecs openjpeg gdcm importlib.metadata subprocess multiprocessing asyncio"
print(*(name for name in heavy.split() if name in sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.split() == []


def test_starting_processes_imports_nothing_heavy() -> None:
    program = "import sys, dicomtx.codecs.isolation.worker_group; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert not {b"numpy", b"multiprocessing", b"asyncio"} & {*done.stdout.split()}


def test_only_codecs_that_do_it_and_are_installed_are_able(
    fault_codecs: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(codecs=("unimportable", "sound", "gdcm", "imagecodecs", "openjpeg"))
    with Codecs(settings) as codecs:
        assert [s.name for s in codecs.able(RLE, "decode")] == ["sound", "gdcm", "imagecodecs"]
        htj2k = find("htj2k-lossless")
        assert [s.name for s in codecs.able(htj2k, "encode")] == ["imagecodecs"]
        assert [s.name for s in codecs.able(htj2k, "decode")] == ["imagecodecs", "openjpeg"]
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    with Codecs(settings) as codecs:
        assert [s.name for s in codecs.able(htj2k, "decode")] == ["openjpeg"]
        assert [missing(s) for s in codecs][0::3] == [("dicomtx_no_such_module",), ("imagecodecs",)]


def test_a_plugin_that_is_broken_is_told_with_its_reason(fault_codecs: None) -> None:
    with Codecs(Settings(order="plugins-only")) as codecs:
        assert [spec.name for spec in codecs] == [*USABLE, "gdcm"]
        reasons = {plugin.name: plugin.reason for plugin in codecs.broken()}
    assert not [name for name in sys.modules if name.startswith("fault_codecs")]
    assert reasons == {
        "broken-absent": "broken-absent raised ModuleNotFoundError: "
        "No module named 'fault_codecs.absent'",
        "broken-crash": "broken-crash crashed (SIGABRT): libfault.so: wrong version",
        "broken-name": "its CodecSpec has another name, 'sound'",
        "broken-type": "broken-type raised TypeError: fault_codecs.specs:UIDS is a dict, "
        "not a CodecSpec",
        "gdcm": "the name is reserved for a codec of dicomtx",
    }


def test_a_broken_plugin_that_is_asked_for_is_an_error(fault_codecs: None) -> None:
    with (
        Codecs(Settings(codecs=("broken-name",))) as codecs,
        pytest.raises(CodecError, match="plugin 'broken-name' cannot be used: its CodecSpec"),
    ):
        list(codecs)


def test_a_name_that_two_packages_register_is_nobodys(
    example: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    text = (plugins.EXAMPLE / "pyproject.toml").read_text()
    (other / "pyproject.toml").write_text(text.replace("dicomtx-rle-python", "dicomtx-other"))
    plugins.install(other, tmp_path / "site", monkeypatch)
    with Codecs(Settings(order="plugins-only")) as codecs:
        assert [spec.name for spec in codecs] == ["gdcm"]
        assert codecs.broken() == (BrokenPlugin("rle-python", "2 packages register this name"),)


def test_no_plugin_is_ever_a_builtin(fault_codecs: None) -> None:
    with Codecs(Settings(codecs=("sound",))) as codecs:
        assert [spec.builtin for spec in codecs] == [False]


def test_what_plugins_print_is_told_with_their_name(fault_codecs: None) -> None:
    image = builder.image(1, 1)
    with Codecs(Settings(codecs=("prints",))) as codecs:
        codecs.open(next(iter(codecs))).decode(b"\0", RLE, image)
        assert "prints: by descriptor 2" in codecs.printed()
        assert codecs.printed() == []


def test_builtins_are_opened_here_and_plugins_are_not() -> None:
    loaded = set(sys.modules)
    with Codecs(Settings()) as codecs:
        assert codecs.open(BUILTIN[0]) is sys.modules["dicomtx.codecs.imagecodecs.lossless"]
        codecs.open(SHIPPED["gdcm"])
    assert not {"gdcm", "dicomtx.codecs.gdcm"} & (set(sys.modules) - loaded)


def test_a_builtin_that_cannot_be_imported_is_a_codec_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "dicomtx.codecs.imagecodecs.lossless", None)
    with Codecs(Settings()) as codecs, pytest.raises(CodecError, match="cannot be imported"):
        codecs.open(BUILTIN[0])


@pytest.mark.parametrize("bits", [8, 16, 32])
@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (3, 5), (7, 300)])
def test_the_example_plugin_and_imagecodecs_read_each_other(
    bits: int, samples: int, rows: int, columns: int, example: None
) -> None:
    photometric = "RGB" if samples == 3 else "MONOCHROME2"
    image = ImagePixel(
        rows=rows,
        columns=columns,
        samples_per_pixel=samples,
        photometric_interpretation=photometric,
        bits_allocated=bits,
        bits_stored=bits,
        high_bit=bits - 1,
        pixel_representation=0,
    )
    data = bytes(i // 5 * 7 % 256 for i in range(image.frame_bytes))
    frame = Frame(data, image)
    with Codecs(Settings(codecs=("rle-python", "imagecodecs"))) as codecs:
        plugin, builtin = map(codecs.open, codecs)
        stream = plugin.encode(frame, RLE, EncodeOptions())
        assert builtin.decode(stream, RLE, image).data == data
        assert plugin.decode(builtin.encode(frame, RLE, EncodeOptions()), RLE, image).data == data


def verifiers(to: str, **settings: Any) -> list[str]:
    with Codecs(Settings(**settings)) as codecs:
        return [spec.name for spec in codecs.verifiers(find(to))]


@pytest.mark.parametrize("to", ["jpeg2000-lossless", "jpeg-ls-lossless", "jpeg-ls-near-lossless"])
def test_ffmpeg_verifies_after_the_builtins_and_is_in_no_order(audit: None, to: str) -> None:
    assert verifiers(to)[0] == "imagecodecs"
    assert verifiers(to)[-1] == "ffmpeg"
    assert "ffmpeg" not in names(Settings())
    assert "ffmpeg" not in names(Settings(order="plugins-first"))
    assert names(Settings(codecs=("ffmpeg",))) == ["ffmpeg"]


@pytest.mark.parametrize("to", ["jpeg2000-lossless", "jpeg-ls-lossless"])
def test_without_the_extra_ffmpeg_is_not_asked(to: str) -> None:
    assert "ffmpeg" not in verifiers(to)


@pytest.mark.parametrize("settings", [{"codecs": ("imagecodecs",)}, {"order": "plugins-only"}])
def test_a_choice_of_codecs_holds_for_verification_too(
    audit: None, settings: dict[str, Any]
) -> None:
    assert "ffmpeg" not in verifiers("jpeg2000-lossless", **settings)


@pytest.mark.parametrize("to", ["htj2k-lossless", "htj2k-lossless-rpcl"])
@pytest.mark.parametrize("kind", ["8-bit grey", "signed 12 in 16", "RGB", "16-bit"])
def test_openjph_in_a_process_of_its_own_decodes_what_it_encoded(to: str, kind: str) -> None:
    frame = references.frame(references.KINDS[kind], "odd noise")
    with Codecs(Settings()) as codecs:
        stream = codecs.open(IMAGECODECS).encode(frame, find(to), EncodeOptions())
        found = codecs.open(OPENJPH, apart=True).decode(stream, find(to), frame.image)
    assert np.array_equal(references.low_bits(found), references.low_bits(frame))
