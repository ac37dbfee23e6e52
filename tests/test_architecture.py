"""The layers of README.md: imports go downward only, and a heavy library has one room."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import dicomtx

PACKAGE = Path(dicomtx.__file__).parent
ROOT = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__", "__main__"} | {"code_stream"}
LOWER = {
    "": set[str](),
    "codecs": set[str](),
    "dicom": set[str](),
    "network": set[str](),
    "engine": {"codecs", "dicom", "network"},
    "workflows": {"engine", "codecs", "dicom", "network"},
    "cli": {"workflows", "engine", "codecs", "dicom", "network"},
}
"""What a folder may import beside itself and the root modules; "" are the root modules."""
ROOMS = {
    "click": {"cli"},
    "rich": {"cli"},
    "numpy": {"codecs", "engine"},
    "imagecodecs": {
        f"codecs/{n}.py"
        for n in ("imagecodecs", "lossy", "openjph", "packbits", "recompression", "second")
    },
    "rle": {"codecs/second.py"},
    "openjpeg": {"codecs/openjpeg.py", "codecs/subsampled.py"},
    "gdcm": {"codecs/gdcm.py"},
    "av": {"codecs/ffmpeg.py"},
    "_gdcm": {"codecs/gdcm.py"},
    "json5": {"workflows/orthanc.py"},
    "pydicom": {"dicom"},
    "skimage": {"engine/similarity.py"},
    "pynetdicom": {"network"},
}
"""Where a library of others may be imported; one that is not here may be nowhere."""
FORBIDDEN = {"utils", "util", "helpers", "common", "core", "base", "misc", "shared"}

FILES = sorted(PACKAGE.rglob("*.py"))
INNER = [path for path in FILES if path.name not in ("__init__.py", "__main__.py")] + [
    path for path in FILES if path.name == "__init__.py" and path.parent != PACKAGE
]


def _name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def _layer(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return "" if path.parent == PACKAGE or first in ROOT else first


def _modules(node: ast.AST) -> Iterator[str]:
    """Yields the modules that one statement imports, ``from dicomtx import x`` as dicomtx.x."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports are absolute"
        assert node.module
        if node.module == "dicomtx":
            yield from (f"dicomtx.{alias.name}" for alias in node.names)
        else:
            yield node.module


def _imports(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for module in _modules(node):
                yield node.lineno, module


def _allowed(module: str, path: Path) -> bool:
    top, *rest = module.split(".")
    if top == "dicomtx":
        layer = _layer(path)
        return rest[0] in LOWER[layer] | ROOT | {"__version__"} or (rest[0] == layer != "")
    if top in sys.stdlib_module_names:
        return True
    return bool(ROOMS.get(top, set()) & {_layer(path), _name(path)})


@pytest.mark.parametrize("path", INNER, ids=_name)
def test_imports_go_downward_and_heavy_libraries_stay_in_their_room(path: Path) -> None:
    wrong = [f"{path}:{line} {module}" for line, module in _imports(path)]
    assert not [text for text in wrong if not _allowed(text.rpartition(" ")[2], path)]


@pytest.mark.parametrize("name", ["__init__.py", "__main__.py"])
def test_importing_the_package_imports_nothing_heavy(name: str) -> None:
    top_level = ast.parse((PACKAGE / name).read_text()).body
    modules = [module for node in top_level for module in _modules(node)]
    assert all(module.split(".")[0] in sys.stdlib_module_names | {"dicomtx"} for module in modules)
    assert name == "__main__.py" or not [m for m in modules if m.startswith("dicomtx")]


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_no_file_is_longer_than_300_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 300


def test_files_are_named_for_their_noun_or_verb() -> None:
    assert not [path for path in FILES if path.stem in FORBIDDEN or path.parent.stem in FORBIDDEN]


def test_every_folder_is_a_layer() -> None:
    assert {_layer(path) for path in FILES} <= LOWER.keys()


@pytest.mark.parametrize(
    ("module", "name", "allowed"),
    [
        ("dicomtx.errors", "codecs/gdcm.py", True),
        ("dicomtx.codecs.codec", "engine/plan.py", True),
        ("dicomtx.engine.plan", "codecs/gdcm.py", False),
        ("dicomtx.dicom.part10", "codecs/gdcm.py", False),
        ("dicomtx.codecs.codec", "dicom/part10.py", False),
        ("dicomtx.cli.console", "workflows/convert.py", False),
        ("dicomtx.codecs.codec", "errors.py", False),
        ("dicomtx.transcode", "engine/plan.py", False),
        ("gdcm", "codecs/gdcm.py", True),
        ("gdcm", "codecs/openjpeg.py", False),
        ("pydicom.dataset", "engine/plan.py", False),
        ("numpy", "files.py", False),
        ("requests", "cli/convert.py", False),
    ],
)
def test_the_rule_tells_right_from_wrong(module: str, name: str, *, allowed: bool) -> None:
    assert _allowed(module, PACKAGE / name) is allowed
