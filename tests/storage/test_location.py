"""Where bytes are: the kinds of sources, and what it takes to have another."""

import json
import os
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

import dicomtx
from dicomtx.errors import SourceError, UsageError
from dicomtx.storage import location
from dicomtx.storage.local_file import LocalFile, Stat
from dicomtx.storage.location import Location, StandardInput, locate
from dicomtx.storage.source import Source
from dicomtx.storage.zip.directory import members
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.batch.batch import opened
from dicomtx.workflows.batch.job import Batch
from dicomtx.workflows.convert.request import Outcome
from tests.converter import grey
from tests.in_process import InProcess

TOY = "toy://"


class ToyFile(NamedTuple):
    """A new kind of source: ``toy://ROWSxCOLUMNS.dcm`` is an image of that size."""

    name: str
    path: str = ""

    def absolute(self) -> "ToyFile":
        return self

    def stat(self) -> Stat | None:
        return Stat(len(self._data()), version=(self.name,)) if "x" in self.name else None

    @contextmanager
    def open(self) -> Iterator[Source]:
        if "x" not in self.name:
            raise SourceError("cannot be read: the toy is broken")
        yield Source(self._data())

    def _data(self) -> bytes:
        rows, columns = self.name.removeprefix(TOY).removesuffix(".dcm").split("x")
        return grey(int(rows), int(columns))


@pytest.fixture(autouse=True)
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(location.KINDS, TOY, ToyFile)


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Location]:
    """One location of each kind; the paths are relative."""
    monkeypatch.chdir(tmp_path)
    Path("a.dcm").write_bytes(grey())
    with zipfile.ZipFile("a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write("a.dcm", "in/it.dcm")
    (member,) = members(LocalFile("a.zip"), Source(Path("a.zip").read_bytes()))
    return {
        "a.dcm": LocalFile("a.dcm"),
        "a.zip/in/it.dcm": member,
        "toy://2x2.dcm": locate("toy://2x2.dcm"),
        "-": locate("-"),
    }


def test_a_user_names_files_by_their_path_and_other_kinds_by_their_scheme() -> None:
    assert locate("a.dcm") == LocalFile("a.dcm")
    assert locate("toy") == LocalFile("toy")
    assert locate("http:/x") == LocalFile("http:/x")
    assert locate("./-") == LocalFile("./-")
    assert isinstance(locate("-"), StandardInput)
    assert isinstance(locate("toy://1x1"), ToyFile)


def test_a_location_has_a_name_and_survives_the_way_to_a_worker(
    places: dict[str, Location],
) -> None:
    for name, place in places.items():
        assert place.name == name
        assert pickle.loads(pickle.dumps(place)) == place
        assert hash(place) == hash(pickle.loads(pickle.dumps(place)))


def test_a_name_begins_with_the_local_file_that_holds_the_bytes(
    places: dict[str, Location],
) -> None:
    paths = {name: place.path for name, place in places.items()}
    assert paths == {
        "a.dcm": "a.dcm",
        "a.zip/in/it.dcm": "a.zip",
        "toy://2x2.dcm": "",
        "-": "",
    }
    assert all(place.name.startswith(place.path) for place in places.values())


def test_an_absolute_location_is_the_same_from_any_folder(
    places: dict[str, Location], tmp_path: Path
) -> None:
    whole = {name: place.absolute() for name, place in places.items()}
    os.chdir("/")
    for name, place in whole.items():
        assert place.name == (name if "//" in name or name == "-" else f"{tmp_path}/{name}")
        assert place.absolute() == place
        if name != "-":
            with place.open() as source:
                assert source.size > 0


def test_stat_has_the_size_of_what_open_reads(places: dict[str, Location]) -> None:
    del places["-"]
    for place in places.values():
        stat = place.stat()
        with place.open() as source:
            assert stat
            assert stat.size == source.size
            assert place.stat() == stat


@pytest.mark.parametrize("name", ["a.dcm", "a.zip/in/it.dcm"])
@pytest.mark.parametrize("how", ["written", "replaced", "touched"])
def test_stat_changes_whenever_the_bytes_may_have(
    places: dict[str, Location], name: str, how: str
) -> None:
    place = places[name]
    before, path = place.stat(), Path(place.path)
    times = (path.stat().st_atime_ns, path.stat().st_mtime_ns)
    if how == "replaced":
        Path("other").write_bytes(path.read_bytes())
        Path("other").replace(path)
    elif how == "written":
        path.write_bytes(path.read_bytes())
    os.utime(path, ns=times)  # as rsync does
    after = place.stat()
    assert before
    assert after
    assert after != before
    assert (after.file == before.file) == (how != "replaced")
    assert (after.size, after.mtime_ns) == (before.size, before.mtime_ns)


def test_what_is_missing_has_no_stat_and_what_cannot_be_looked_at_is_told(
    places: dict[str, Location],
) -> None:
    assert LocalFile("b.dcm").stat() is None
    Path("a.zip").unlink()
    assert places["a.zip/in/it.dcm"].stat() is None
    for path in ("a\0b", "a.dcm/b", "n" * 300):
        with pytest.raises(SourceError, match="cannot be read: "):
            LocalFile(path).stat()
        with pytest.raises(SourceError, match="cannot be read: "), LocalFile(path).open():
            pass


def test_nothing_is_known_of_standard_input() -> None:
    assert locate("-").stat() == locate("-").stat() == Stat()


@pytest.mark.parametrize("at", [0, 3])
def test_standard_input_is_read_from_its_current_position(tmp_path: Path, at: int) -> None:
    (tmp_path / "in").write_bytes(b"0123456789")
    kept = os.dup(0)
    try:
        with (tmp_path / "in").open("rb") as file:
            os.dup2(file.fileno(), 0)
            os.lseek(0, at, os.SEEK_SET)
            with locate("-").open() as source:
                assert source.read(0, source.size) == b"0123456789"[at:]
    finally:
        os.dup2(kept, 0)
        os.close(kept)


@pytest.mark.parametrize("how", ["<&-", "0>/dev/null", "0>/dev/full"])
def test_standard_input_that_cannot_be_read_is_told(tmp_path: Path, how: str) -> None:
    command = f"{sys.executable} -m dicomtx convert - {tmp_path}/out --to rle"
    done = subprocess.run(
        ["sh", "-c", f"{command} {how}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert "cannot be read: " in done.stderr


# ------------------------------------------------------- one class and one row are all it takes


def test_a_new_kind_of_source_is_transcoded_and_described(tmp_path: Path) -> None:
    out = tmp_path / "out.dcm"
    outcome = dicomtx.transcode("toy://8x9.dcm", out, to="rle")
    assert (outcome.status, outcome.path) == ("done", "toy://8x9.dcm")
    assert outcome.bytes_in == len(grey(8, 9))
    told = dicomtx.describe("toy://8x9.dcm")
    assert told.image
    assert (told.image.rows, told.image.columns) == (8, 9)
    outcome = dicomtx.transcode("toy://none", out, check=False)
    assert (outcome.exit_code, outcome.error) == (3, "cannot be read: the toy is broken")


def run(batch: Batch) -> dict[str, Outcome]:
    with opened(batch) as whole:
        return {outcome.path: outcome for outcome in whole.outcomes()}


def test_a_batch_converts_a_new_kind_of_source_and_goes_on_where_it_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = tmp_path / "local.dcm"
    local.write_bytes(grey(3, 3))
    sources = ("toy://4x4.dcm", "toy://5x5.dcm", "toy://none.dcm", str(local), "toy://4x4.dcm")
    batch = Batch(sources, str(tmp_path / "out"), find("rle"), executor=InProcess())
    first = run(batch)
    assert {path: outcome.status for path, outcome in first.items()} == {
        "toy://4x4.dcm": "done",
        "toy://5x5.dcm": "done",
        "toy://none.dcm": "failed",
        str(local): "done",
    }
    assert first["toy://none.dcm"].exit_code == 3
    names = {path.name for path in (tmp_path / "out").glob("*.dcm")}
    assert names == {"4x4.dcm", "5x5.dcm", "local.dcm"}
    monkeypatch.chdir("/")  # a URL means the same in any folder
    again = run(batch)
    assert [outcome.status for outcome in again.values()].count("skipped") == 3
    other = run(replace(batch, target=find("jpeg-ls-lossless")))  # our own outputs are replaced
    assert [outcome.status for outcome in other.values()].count("done") == 3


def test_a_new_kind_of_source_cannot_be_replaced(tmp_path: Path) -> None:
    batch = Batch(
        ("toy://4x4.dcm",),
        "",
        find("rle"),
        journal=str(tmp_path / "journal.sqlite"),
        executor=InProcess(),
    )
    with pytest.raises(UsageError, match="overwrites local files only"):
        run(batch)


def test_a_plan_names_a_new_kind_of_source_and_is_carried_out(tmp_path: Path) -> None:
    from dicomtx.engine.planning.policy import OneTarget
    from dicomtx.settings import Settings
    from dicomtx.workflows.preview.dry_run import Asked, dry_run

    asked = Asked(("toy://6x6.dcm",), OneTarget(find("rle")), Settings())
    plan = tmp_path / "plan.json"
    plan.write_text("".join(json.dumps(line.as_json()) + "\n" for line in dry_run(asked)))
    outcomes = run(Batch((), str(tmp_path / "out"), from_plan=str(plan), executor=InProcess()))
    assert outcomes["toy://6x6.dcm"].status == "done", outcomes
    assert (tmp_path / "out/6x6.dcm").exists()
