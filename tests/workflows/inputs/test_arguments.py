"""What the arguments of a tree command mean: every file once, in its place, and nothing else."""

import os
import socket
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from dicomtx.errors import ExitCode
from dicomtx.storage.local_file import LocalFile
from dicomtx.storage.zip.member import ZipMember
from dicomtx.workflows.convert.convert import convert
from dicomtx.workflows.convert.request import Request
from dicomtx.workflows.inputs.arguments import Found, Selection, find
from dicomtx.workflows.inputs.walk import walk
from tests.converter import grey
from tests.corpus import file
from tests.dicom.builder import element, identity, part10, sequence, text

FILE_SET = "1.2.840.10008.1.3.10"


def tree(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return folder


def zipped(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as out:
        for name in names:
            out.writestr(name, b"x")
    return path


def directory(folder: Path, *file_ids: str, name: str = "DICOMDIR") -> Path:
    """Writes a DICOMDIR that names these files."""
    records = [text(0x00041430, "CS", "IMAGE") + text(0x00041500, "CS", f) for f in file_ids]
    records.insert(0, text(0x00041430, "CS", "PATIENT"))
    meta = text(0x00020002, "UI", FILE_SET)
    path = folder / name
    path.write_bytes(part10("explicit", sequence(0x00041220, records), meta))
    return path


def found(*arguments: Path | str, **rules: Any) -> list[Found]:
    return list(find(map(str, arguments), Selection(**rules)))


def relative(*arguments: Path | str, **rules: Any) -> list[str]:
    return [item.relative for item in found(*arguments, **rules)]


# ------------------------------------------------------------------------------- mirroring


def test_one_folder_is_mirrored_with_what_is_in_it(tmp_path: Path) -> None:
    src = tree(tmp_path / "src", "b.dcm", "a/2", "a/1/x", "c/y")
    assert relative(src) == relative(f"{src}/") == ["a/1/x", "a/2", "b.dcm", "c/y"]
    assert found(src)[1] == Found(LocalFile(f"{src}/a/2"), "a/2", str(src))


def test_several_folders_are_mirrored_below_their_names(tmp_path: Path) -> None:
    one, two = tree(tmp_path / "one", "a/x"), tree(tmp_path / "deep/two", "x", "y")
    assert relative(one, two) == ["one/a/x", "two/x", "two/y"]
    assert relative(one, two / "y") == ["one/a/x", "y"]


def test_a_file_goes_by_its_name(tmp_path: Path) -> None:
    src = tree(tmp_path / "src", "a/b.dcm")
    assert relative(src / "a/b.dcm") == ["b.dcm"]


def test_a_folder_called_by_dots_has_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(tmp_path / "src", "a", "inner/b")
    monkeypatch.chdir(tmp_path / "src/inner")
    assert relative(".") == ["b"]
    assert relative(".", "..") == ["inner/b", "src/a"]


def test_archives_are_folders_of_their_members(tmp_path: Path) -> None:
    src = tree(tmp_path / "src", "z")
    media = zipped(src / "media.zip", "a/", "a/1", "b\\2", "./c//3")
    assert relative(media) == ["a/1", "b/2", "c/3"]
    assert relative(src) == ["media/a/1", "media/b/2", "media/c/3", "z"]
    assert relative(src, src) == [f"src/{name}" for name in relative(src)]
    assert relative(media, src / "z") == ["media/a/1", "media/b/2", "media/c/3", "z"]
    first = found(media)[0]
    assert isinstance(first.source, ZipMember)
    assert (first.source.path, first.source.inside) == (str(media), "a/1")
    assert first.source.name == f"{media}/a/1"


def test_a_list_keeps_its_paths_and_never_leaves_the_tree(tmp_path: Path) -> None:
    tree(tmp_path / "src", "a/1", "a/2", "b/1", "b/2", "c/inner/x")
    zipped(tmp_path / "src/m.zip", "k")
    lines = ["a/1", "./b/1", "c", "m.zip", "../src/a/2", f"{tmp_path}/src/b/2", "nothing"]
    script = """
import sys
from dicomtx.workflows.inputs.arguments import Selection, find
for found in find(["-"], Selection(null="null" in sys.argv)):
    print(found.relative, bool(found.error))
"""

    def listed(data: str, *more: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", script, *more],
            input=data,
            cwd=tmp_path / "src",
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        )
        return done.stdout.splitlines()

    away = str(tmp_path).strip("/") + "/src"
    expected = ["a/1", "b/1", "c/inner/x", "m/k", f"{away}/a/2", f"{away}/b/2"]
    expected = [f"{name} False" for name in expected] + ["nothing True"]
    assert listed("\n".join(lines)) == expected
    assert listed("\n".join([*lines, ""])) == expected
    assert listed("\0".join(lines), "null") == expected


def test_with_a_base_paths_are_placed_in_its_tree_and_others_are_failures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(tmp_path / "src", "a/1", "b/inner/2", "other/3")
    zipped(tmp_path / "src/b/m.zip", "k")
    monkeypatch.chdir(tmp_path / "src")
    for base in (".", str(tmp_path / "src"), "../src/"):
        named = relative("a/1", "b/inner", tmp_path / "src/b/m.zip", base=base)
        assert named == ["a/1", "b/inner/2", "b/m/k"]
    assert relative("b", base="b") == relative("b") == ["inner/2", "m/k"]
    inside, outside = found("b/inner/2", "other/3", base="b")
    assert (inside.relative, inside.error) == ("inner/2", "")
    assert outside.error == "is not in b, the folder of --base"


def test_with_a_base_the_files_of_a_dicomdir_are_below_its_folder(tmp_path: Path) -> None:
    tree(tmp_path / "cd", "IMAGES/IM0")
    path = directory(tmp_path / "cd", "IMAGES\\IM0")
    assert relative(path, base=str(tmp_path)) == ["cd/IMAGES/IM0"]
    assert relative(path, base=str(tmp_path / "cd")) == ["IMAGES/IM0"]


def test_a_flat_tree_has_names_only_and_globs_still_see_folders(tmp_path: Path) -> None:
    src = tree(tmp_path / "src", "a/1", "b/inner/2", "c/3")
    zipped(tmp_path / "src/m.zip", "deep/k")
    assert relative(src, flat=True) == ["1", "2", "3", "k"]
    assert relative(src, flat=True, exclude=("c/*", "inner")) == ["1", "k"]


# ------------------------------------------------------------------------------------ rules


def test_globs_choose_by_name_or_by_path(tmp_path: Path) -> None:
    src = tree(tmp_path / "src", "a/1.dcm", "a/1.txt", "b/2.dcm", "b/thumbs/3.dcm")
    assert relative(src, include=("*.dcm",)) == ["a/1.dcm", "b/2.dcm", "b/thumbs/3.dcm"]
    assert relative(src, include=("b/*",)) == ["b/2.dcm", "b/thumbs/3.dcm"]
    assert relative(src, include=("*.dcm",), exclude=("thumbs",)) == ["a/1.dcm", "b/2.dcm"]
    assert relative(src, exclude=("b/thumbs/", "1.*")) == ["b/2.dcm"]
    assert relative(src, include=("*.DCM",)) == []


def test_globs_choose_among_members(tmp_path: Path) -> None:
    media = zipped(tmp_path / "media.zip", "a/1.dcm", "a/1.txt", "b/2.dcm")
    assert relative(media, include=("*.dcm",), exclude=("b/*",)) == ["a/1.dcm"]


def test_archives_can_be_left_out_by_their_name(tmp_path: Path) -> None:
    src = tree(tmp_path / "src", "a.dcm", "deep/broken.zip")
    zipped(src / "media.zip", "b.dcm")
    assert relative(src, exclude=("*.zip",)) == ["a.dcm"]
    assert relative(src / "media.zip", exclude=("media.zip",)) == []
    assert relative(src, exclude=("media", "broken*")) == ["a.dcm"]


def test_a_folder_that_is_not_entered_is_not_even_read(tmp_path: Path) -> None:
    src = tree(tmp_path / "src", "secret/x", "y")
    entered: list[str] = []

    def enters(path: str, relative: str) -> bool:
        entered.append(relative)
        return False

    assert [w.relative for w in walk(str(src), enters, follow=False)] == ["y"]
    assert entered == ["secret"]


def test_the_destination_is_not_entered(tmp_path: Path) -> None:
    src = tree(tmp_path / "src", "a", "out/a", "z/out/b")
    assert relative(src, without=(f"{src}/out",)) == ["a", "z/out/b"]


def test_our_own_files_are_no_sources(tmp_path: Path) -> None:
    ours = (".dicomtx-journal.sqlite", ".dicomtx-journal.sqlite-wal", ".a.dcm.dicomtx-12.part")
    src = tree(tmp_path / "src", "a.dcm", ".hidden", "x.part", *ours)
    assert relative(src) == [".hidden", "a.dcm", "x.part"]


# ------------------------------------------------------------------------------------ links


def test_links_within_the_tree_are_followed_and_others_only_if_asked(tmp_path: Path) -> None:
    src = tree(tmp_path / "src", "a/1")
    out = tree(tmp_path / "out", "2", "deep/3")
    (src / "inner").symlink_to(src / "a/1")
    (src / "file").symlink_to(out / "2")
    (src / "folder").symlink_to(out)
    (src / "sibling").symlink_to(tmp_path / "src-2")
    tree(tmp_path / "src-2", "x")
    assert [f.relative for f in found(src) if not f.skipped] == ["a/1", "inner"]
    skipped = [f.relative for f in found(src) if "out of the tree" in f.skipped]
    assert skipped == ["file", "folder", "sibling"]
    names = ["a/1", "file", "folder/2", "folder/deep/3", "inner", "sibling/x"]
    assert relative(src, follow=True) == names


def test_a_source_that_is_itself_a_link_is_entered(tmp_path: Path) -> None:
    src = tree(tmp_path / "src", "a")
    (src / "b").symlink_to(src / "a")
    (tmp_path / "link").symlink_to(src)
    assert [f.relative for f in found(tmp_path / "link") if not f.skipped] == ["a", "b"]


def test_loops_end(tmp_path: Path) -> None:
    src = tree(tmp_path / "src", "a/x", "b/y")
    (src / "a/up").symlink_to(src)
    (src / "a/self").symlink_to(src / "a")
    (src / "a/other").symlink_to(src / "b")
    (src / "b/other").symlink_to(src / "a")
    files = [f.relative for f in found(src, follow=True) if not f.skipped]
    assert {"a/x", "b/y"} <= set(files)
    assert len(files) == len(set(files)) < 10
    assert any("entered" in f.skipped for f in found(src))


def test_a_link_back_is_not_entered_and_a_linked_folder_only_once(tmp_path: Path) -> None:
    src, out = tree(tmp_path / "src", "a/x"), tree(tmp_path / "out", "y")
    (src / "a/up").symlink_to(src)
    (src / "one").symlink_to(out)
    (src / "two").symlink_to(out)
    items = found(src, follow=True)
    assert [f.relative for f in items if not f.skipped] == ["a/x", "one/y"]
    assert [f.relative for f in items if "was already entered" in f.skipped] == ["a/up", "two"]


def test_a_link_to_nothing_is_a_failure(tmp_path: Path) -> None:
    src = tree(tmp_path / "src", "a")
    (src / "b").symlink_to("gone")
    (src / "c").symlink_to("c")
    assert [bool(f.error) for f in found(src)] == [False, True, True]


# --------------------------------------------------------------------- what cannot be opened


def test_pipes_and_sockets_are_skipped_and_never_waited_for(tmp_path: Path) -> None:
    src = tree(tmp_path / "src", "a")
    os.mkfifo(src / "fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(src / "socket"))
        kinds = {f.relative: f.skipped for f in found(src)}
    assert kinds.pop("a") == ""
    assert all("pipe or socket" in why for why in kinds.values())
    assert kinds.keys() == {"fifo", "socket"}
    assert "pipe" in found(src / "fifo")[0].skipped
    assert "device" in found("/dev/null")[0].skipped


@pytest.mark.parametrize("name", ["gone", "gone.zip", "DICOMDIR", "a\0b"])
def test_what_is_missing_is_a_failure_and_the_rest_goes_on(tmp_path: Path, name: str) -> None:
    src = tree(tmp_path / "src", "a")
    missing, there = found(src / name, src / "a")
    assert missing.error.startswith("cannot be read")
    assert there.error == ""


def test_what_vanishes_or_becomes_something_else_meanwhile_is_a_failure(tmp_path: Path) -> None:
    src = tree(tmp_path / "src", "a/1", "a/2", "b/1", "c")
    looking = find([str(src)], Selection())
    assert next(looking).relative == "a/1"
    (src / "a/2").unlink()
    (src / "b/1").unlink()
    (src / "b").rmdir()
    two, b, c = looking
    outcome = convert(Request(two.source, str(tmp_path / "out")))
    assert outcome.exit_code == ExitCode.SOURCE
    assert b.error == "cannot be read: no such file or directory"
    assert (c.relative, c.error) == ("c", "")


def test_broken_archives_are_failures_whatever_is_included(tmp_path: Path) -> None:
    src = tree(tmp_path / "src", "a.zip", "b.dcm")
    bad, good = found(src, include=("*.dcm",))
    assert "not a ZIP archive" in bad.error
    assert good.error == ""


def test_hostile_members_are_named_and_go_nowhere(tmp_path: Path) -> None:
    media = zipped(tmp_path / "media.zip", "../../x", "/etc/y", "..", "ok", "in.zip")
    for item in found(media):
        assert bool(item.error) == (item.source.name != f"{media}/ok")
        assert ".." not in item.relative.split("/")
        assert not item.relative.startswith("/")


def test_names_of_all_kinds_come_through(tmp_path: Path) -> None:
    src = tmp_path / "src"
    names = ["à é 中文 espace", "new\nline", os.fsdecode(b"\xff\xfe"), "x" * 255, "-rf", "a\\b"]
    tree(src, *names)
    assert sorted(relative(src)) == sorted(names)
    (src / names[2]).write_bytes(grey())
    outcome = convert(Request(found(src / names[2])[0].source, str(tmp_path / names[2])))
    assert outcome.status == "done"


def test_paths_too_long_for_the_system_are_failures(tmp_path: Path) -> None:
    src = tree(tmp_path / "src", "z")
    here = os.open(src, os.O_RDONLY)
    for _ in range(20):  # 20 x 251 characters: more than a path may have
        os.mkdir("d" * 250, dir_fd=here)
        deeper = os.open("d" * 250, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    os.close(here)
    deep, last = found(src)
    assert "name too long" in deep.error
    assert last.relative == "z"
    subprocess.run(["rm", "-rf", str(src)], check=True)


def test_depth_costs_no_stack(tmp_path: Path) -> None:
    path = tmp_path / "src"
    deep = "/".join("d" * 1500)
    subprocess.run(["mkdir", "-p", str(path) + "/" + deep], check=True)
    (path / deep / "x").write_bytes(b"x")
    names = relative(path)
    subprocess.run(["rm", "-rf", str(path)], check=True)  # Python's own way needs a stack
    assert names == [f"{deep}/x"]


# --------------------------------------------------------------------------------- DICOMDIR


def test_a_dicomdir_means_the_files_that_it_names(tmp_path: Path) -> None:
    tree(tmp_path / "cd", "IMAGES/IM0", "IMAGES/IM1", "README")
    path = directory(tmp_path / "cd", "IMAGES\\IM1", "IMAGES\\IM0", "IMAGES\\IM1")
    assert relative(path) == ["IMAGES/IM1", "IMAGES/IM0"]
    other = tree(tmp_path / "other", "x")
    assert relative(path, other) == ["cd/IMAGES/IM1", "cd/IMAGES/IM0", "other/x"]


def test_a_dicomdir_of_a_real_file_set_is_read() -> None:
    path = file("DICOMDIR")
    names = [item.source.name for item in found(path)]
    assert len(names) == 31
    assert all(Path(name).is_file() for name in names)
    assert not any(item.error for item in found(path))


def test_files_of_a_dicomdir_are_found_whatever_their_case(tmp_path: Path) -> None:
    tree(tmp_path / "cd", "images/im0", "images/IM1;1")
    items = found(directory(tmp_path / "cd", "IMAGES\\IM0", "IMAGES\\IM1", name="dicomdir"))
    assert [Path(i.source.path).name for i in items] == ["im0", "IM1;1"]
    assert [i.relative for i in items] == ["IMAGES/IM0", "IMAGES/IM1"]


def test_files_that_a_dicomdir_names_and_that_are_not_there_are_failures(tmp_path: Path) -> None:
    tree(tmp_path / "cd", "A")
    missing, there = found(directory(tmp_path / "cd", "B\\C", "A"))
    assert "is missing" in missing.error
    assert missing.source.name == f"{tmp_path}/cd/B/C"
    assert there.error == ""


@pytest.mark.parametrize("file_id", ["..\\SECRET", "A\\..\\..\\SECRET", "../SECRET", "/SECRET"])
def test_a_dicomdir_cannot_lead_out_of_its_folder(tmp_path: Path, file_id: str) -> None:
    tree(tmp_path, "SECRET", "cd/A/X")
    (item,) = found(directory(tmp_path / "cd", file_id))
    assert "leads out" in item.error
    assert "SECRET" not in item.relative


def test_a_dicomdir_cannot_lead_out_by_a_link(tmp_path: Path) -> None:
    tree(tmp_path, "secret", "cd/A")
    (tmp_path / "cd/LINK").symlink_to(tmp_path / "secret")
    path = directory(tmp_path / "cd", "LINK")
    assert "symbolic link that leads out" in found(path)[0].error
    assert found(path, follow=True)[0].error == ""


def test_what_is_only_called_dicomdir_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "DICOMDIR"
    path.write_bytes(part10("explicit", identity()))
    assert relative(path) == ["DICOMDIR"]
    path.write_bytes(b"something else")
    assert "not a DICOM file" in found(path)[0].error


def test_a_broken_dicomdir_is_a_failure_and_the_rest_goes_on(tmp_path: Path) -> None:
    path = directory(tmp_path, "A")
    broken = element(0x00041220, "SQ", b"\0" * 32)
    path.write_bytes(part10("explicit", broken, text(0x00020002, "UI", FILE_SET)))
    tree(tmp_path, "A")
    bad, good = found(path, tmp_path / "A")
    assert bad.error
    assert good.relative == "A"
