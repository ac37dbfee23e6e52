"""A module of a package, imported without the rest of the package."""

import subprocess
import sys

import pytest

from dicomtx.codecs.package_module import module_alone

ALONE = """
import sys
from dicomtx.codecs.package_module import module_alone
package, _, last = sys.argv[1].partition(".")
module = module_alone(sys.argv[1])
assert package not in sys.modules and "importlib.metadata" not in sys.modules
whole = __import__(sys.argv[1])
assert module is module_alone(sys.argv[1]) is sys.modules[sys.argv[1]]
assert whole.__name__ == package and whole.__version__
"""


@pytest.mark.parametrize("name", ["rle.rle", "openjpeg.utils"])
def test_the_package_is_not_imported_and_can_be_imported_later(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ALONE, name], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["no_such_package.module", "rle.no_such_module"])
def test_a_module_that_is_not_there_is_an_import_error(name: str) -> None:
    with pytest.raises(ImportError, match="No module named"):
        module_alone(name)
    assert name not in sys.modules
