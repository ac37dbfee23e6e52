"""The layers and rooms of docs/architecture.md: imports point downward, and nothing goes round."""

import ast
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

import dicomtx

PACKAGE = Path(dicomtx.__file__).parent
FACES = {"__init__.py", "__main__.py"}
ROOT = {path.stem for path in PACKAGE.glob("*.py")} - {
    "__init__",
    "__main__",
    "pydicom_plugins",
} | {
    "code_stream",
    "settings",
    "warm",
}
LOWEST = {"storage", "processes"}
BELOW_ENGINE = LOWEST | {"codecs", "dicom", "network"}
LOWER = {
    "": set[str](),
    "storage": set[str](),
    "processes": set[str](),
    "codecs": LOWEST,
    "dicom": LOWEST,
    "network": LOWEST,
    "engine": BELOW_ENGINE,
    "workflows": BELOW_ENGINE | {"engine"},
    "api": BELOW_ENGINE | {"engine", "workflows"},
    "pydicom_plugins": BELOW_ENGINE | {"engine"},
    "cli": BELOW_ENGINE | {"engine", "workflows"},
}
"""What a layer may import besides itself and the root modules; "" are the root modules."""
INNER: Mapping[str, Mapping[str, set[str]]] = {
    "storage": {
        "part_files": set(),
        "file_position": set(),
        "source": {"file_position", "part_files"},
        "checksum": {"source"},
        "local_file": {"source"},
        "remote": {"local_file", "part_files", "source"},
        "location": {"local_file", "remote", "source"},
        "outputs": {"destination_folders", "local_file", "location", "part_files", "remote"},
        "own_files": {"source"},
        "lock": {"destination_folders", "own_files", "source"},
        "staging": {"part_files", "source"},
        "destination_folders": {"source"},
        "rename": set(),
        "durability": {"source"},
        "atomic_write": {"destination_folders", "durability", "part_files", "rename", "source"},
        "zip": {"local_file", "location", "source"},
    },
    "network": {
        "address": set(),
        "delivery": set(),
        "credentials": set(),
        "reception": set(),
        "retrieval": {"address"},
        "tls": set(),
        "dimse": {"address", "delivery", "reception", "retrieval", "tls"},
        "http": {"address", "credentials", "delivery", "retrieval", "tls"},
    },
    "engine": {
        "planning": {"pixels"},
        "pixels": set(),
        "decoding": {"pixels", "planning"},
        "lossy": {"decoding", "pixels", "planning"},
        "transcoding": {"decoding", "lossy", "pixels", "planning"},
        "verification": {"decoding", "pixels", "planning", "transcoding"},
        "orthanc": {"planning"},
    },
    "workflows": {
        "inputs": {"boundary"},
        "policies": set(),
        "boundary": set(),
        "html_page": set(),
        "info": {"boundary"},
        "pixel_frames": set(),
        "compare": {"boundary", "html_page"},
        "convert": {"boundary"},
        "workers": {"boundary", "convert"},
        "reports": {"convert", "html_page"},
        "preview": {"boundary", "convert", "inputs", "policies"},
        "batch": {"boundary", "convert", "inputs", "preview", "workers"},
        "export": {"boundary", "convert", "inputs", "preview", "workers"},
        "watch": {"batch", "boundary", "convert", "inputs", "workers"},
        "fixtures": {"boundary", "convert", "preview"},
        "send": {"batch", "boundary", "convert", "inputs", "preview", "workers"},
        "receive": {"boundary", "convert", "inputs", "policies", "workers"},
        "route": {"boundary", "convert", "inputs", "policies", "receive", "send", "workers"},
        "pull": {"batch", "boundary", "convert", "inputs", "workers"},
        "server": set(),
        "http_server": {"policies", "server"},
    },
}
"""What a room of a layer may import of the same layer; a new room needs a row."""
LIBRARIES = {
    "click": {"cli"},
    "numpy": {"codecs", "engine"},
    "imagecodecs": {"codecs/imagecodecs", "codecs/verifiers.py"},
    "rle": {"codecs/verifiers.py"},
    "openjpeg": {"codecs/openjpeg.py", "codecs/subsampled.py"},
    "gdcm": {"codecs/gdcm.py"},
    "_gdcm": {"codecs/gdcm.py"},
    "json5": {"workflows/policies/orthanc.py"},
    "pydicom": {"dicom", "pydicom_plugins.py"},
    "av": {"codecs/ffmpeg.py"},
    "skimage": {"engine/pixels/ssim.py"},
    "httpx": {"network/http"},
    "fsspec": {"storage"},
    "paramiko": {"storage/remote/sftp.py"},
    "distributed": {"workflows/workers/dask.py"},
    "watchfiles": {"workflows/watch/arrivals.py"},
    "uvicorn": {"workflows/http_server/front.py"},
}
"""The layer, room or file that may import a library of others; one without a row has none."""
FORBIDDEN = {"utils", "util", "helpers", "common", "core", "base", "misc", "shared"}

FILES = sorted(PACKAGE.rglob("*.py"))
MODULES = [path for path in FILES if path.name not in FACES or path.parent != PACKAGE]


def _name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def _layer(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    if path.parent == PACKAGE:
        return path.stem if path.stem in LOWER else ""
    return "" if first in ROOT else first


def _room(path: Path) -> str:
    """Returns the sub-package, or the file where it lies in the layer itself."""
    parts = path.relative_to(PACKAGE).parts
    return parts[1].removesuffix(".py") if len(parts) > 1 else ""


def _modules(node: ast.AST) -> Iterator[str]:
    """Yields the modules and names that one statement imports, dotted."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports are absolute"
        assert node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def _imports(path: Path) -> tuple[tuple[int, str], ...]:
    """Returns the line and the module of each import of a file."""
    nodes = ast.walk(ast.parse(path.read_text()))
    imports = (node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom))
    return tuple((node.lineno, module) for node in imports for module in _modules(node))


def _allowed(module: str, path: Path) -> bool:
    """Whether the file may import the module."""
    top, *rest = module.split(".")
    if top == "dicomtx":
        layer = _layer(path)
        if rest[0] != layer or layer == "":
            return rest[0] in LOWER[layer] | ROOT
        rooms, room = INNER.get(layer, {}), _room(path)
        return layer not in INNER or room == "__init__" or rest[1] in rooms[room] | {room}
    if top in sys.stdlib_module_names:
        return True
    return any(_name(path).startswith(room) for room in LIBRARIES.get(top, ()))


def _file_of(module: str) -> Path | None:
    """Returns the file of a module, or of the module that a name is imported from."""
    parts = module.split(".")[1:]
    for length in (len(parts), len(parts) - 1):
        path = PACKAGE.joinpath(*parts[:length])
        if length and path.with_suffix(".py").is_file():
            return path.with_suffix(".py")
        if (path / "__init__.py").is_file():
            return path / "__init__.py"
    return None


def _circle(graph: Mapping[str, set[str]]) -> list[str]:
    """Returns the nodes that can be reached from themselves."""

    def reached(start: str) -> set[str]:
        seen, waiting = set[str](), [start]
        while waiting:
            for following in graph.get(waiting.pop(), set()) - seen:
                seen.add(following)
                waiting.append(following)
        return seen

    return [node for node in graph if node in reached(node)]


def test_imports_point_downward_and_heavy_libraries_stay_in_their_room() -> None:
    found = [(path, *imported) for path in MODULES for imported in _imports(path)]
    assert len(found) > len(MODULES)
    assert not [
        f"{_name(path)}:{line} {module}"
        for path, line, module in found
        if not _allowed(module, path)
    ]


def test_no_file_imports_itself_by_way_of_others() -> None:
    graph = {
        _name(path): {
            _name(file)
            for _, module in _imports(path)
            if module.startswith("dicomtx.") and (file := _file_of(module)) and file != path
        }
        for path in FILES
    }
    assert not _circle(graph)


def test_no_room_imports_itself_by_way_of_others() -> None:
    for rooms in INNER.values():
        assert not _circle(rooms)


@pytest.mark.parametrize("layer", INNER)
def test_every_room_has_its_row(layer: str) -> None:
    assert {_room(path) for path in FILES if _layer(path) == layer} - {"__init__"} == set(
        INNER[layer]
    )


def test_commands_do_not_import_each_other() -> None:
    rooms = ("installation", "network")
    folders = (PACKAGE / "cli", *(PACKAGE / "cli" / room for room in rooms))
    commands = {path.stem for folder in folders for path in folder.glob("*.py")} - {"__init__"}
    for path in (PACKAGE / "cli").rglob("*.py"):
        parts = [module.split(".") for _, module in _imports(path)]
        inside = [[p for p in part if p not in rooms] for part in parts]
        assert not [p for p in inside if p[:2] == ["dicomtx", "cli"] and p[2:3][0] in commands]


@pytest.mark.parametrize("name", sorted(FACES))
def test_importing_the_package_imports_nothing_heavy(name: str) -> None:
    top_level = ast.parse((PACKAGE / name).read_text()).body
    modules = [module for node in top_level for module in _modules(node)]
    assert all(module.split(".")[0] in sys.stdlib_module_names | {"dicomtx"} for module in modules)
    assert name == "__main__.py" or not [m for m in modules if m.startswith("dicomtx")]


def test_no_file_is_longer_than_300_lines() -> None:
    assert not [_name(path) for path in FILES if len(path.read_text().splitlines()) > 300]


def test_no_folder_holds_more_than_20_files_side_by_side() -> None:
    folders = {path.parent for path in FILES}
    assert not [folder for folder in folders if len(list(folder.glob("*.py"))) > 20]


def test_files_are_named_for_what_they_hold() -> None:
    assert not [path for path in FILES if path.stem in FORBIDDEN or path.parent.stem in FORBIDDEN]


def test_every_folder_is_a_layer() -> None:
    assert {_layer(path) for path in FILES} <= LOWER.keys()


@pytest.mark.parametrize(
    ("module", "name", "allowed"),
    [
        ("dicomtx.errors.DicomtxError", "codecs/gdcm.py", True),
        ("dicomtx.codecs.codec.Codec", "engine/planning/plan.py", True),
        ("dicomtx.engine.planning.plan", "codecs/gdcm.py", False),
        ("dicomtx.dicom.part10", "codecs/gdcm.py", False),
        ("dicomtx.codecs.codec", "dicom/part10.py", False),
        ("dicomtx.cli.output.console", "workflows/convert/convert.py", False),
        ("dicomtx.workflows.batch.journal", "workflows/convert/convert.py", False),
        ("dicomtx.workflows.convert.convert", "workflows/batch/planning.py", True),
        ("dicomtx.engine.decoding.decoder", "engine/planning/planner.py", False),
        ("dicomtx.engine.planning.plan", "engine/decoding/decoder.py", True),
        ("dicomtx.codecs.codec", "errors.py", False),
        ("dicomtx.codecs.codec", "storage/source.py", False),
        ("dicomtx.api.transcode.transcode", "engine/planning/plan.py", False),
        ("dicomtx.transcode", "engine/planning/plan.py", False),
        ("dicomtx.workflows.convert.convert", "api/transcode.py", True),
        ("gdcm", "codecs/gdcm.py", True),
        ("gdcm", "codecs/openjpeg.py", False),
        ("imagecodecs", "codecs/imagecodecs/lossy.py", True),
        ("pydicom.dataset.Dataset", "engine/planning/plan.py", False),
        ("numpy", "storage/atomic_write.py", False),
        ("requests", "cli/convert.py", False),
    ],
)
def test_the_rule_tells_right_from_wrong(module: str, name: str, *, allowed: bool) -> None:
    assert _allowed(module, PACKAGE / name) is allowed


def test_a_circle_is_found() -> None:
    assert _circle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == ["a", "b", "c"]


def test_a_name_of_the_package_itself_counts_as_an_import_of_it() -> None:
    assert _file_of("dicomtx.transcode") == PACKAGE / "__init__.py"
    assert _file_of("dicomtx.errors.DicomtxError") == PACKAGE / "errors.py"


def test_only_the_command_line_and_the_api_choose_what_converts_many_files() -> None:
    pools = ("dicomtx.workflows.workers.pool", "dicomtx.workflows.workers.worker")
    users = {_name(path) for path in FILES for _, m in _imports(path) if m.startswith(pools)}
    assert users == {
        "api/batch.py",
        "cli/options/batch_job.py",
        "cli/export.py",
        "cli/network/pull.py",
        "cli/network/receive.py",
        "cli/network/route.py",
        "cli/watch.py",
    }
