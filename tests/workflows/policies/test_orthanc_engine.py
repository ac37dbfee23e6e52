"""The engine that an Orthanc configuration describes."""

from pathlib import Path

import pytest

from dicomtx.engine.orthanc.policy import OrthancPolicy
from dicomtx.workflows.policies.orthanc_engine import engine_of


def policy(*plugins: Path | str, section: bool = False, enabled: bool = True) -> OrthancPolicy:
    return OrthancPolicy(
        "o.json", plugins=tuple(map(str, plugins)), gdcm=enabled, gdcm_section=section
    )


@pytest.mark.parametrize("name", ["libOrthancGdcm.so", "OrthancGdcm.dll", "libOrthancGdcm.dylib"])
def test_a_library_or_a_folder_with_it_is_the_plugin(tmp_path: Path, name: str) -> None:
    assert engine_of(policy(tmp_path)) == ("orthanc-builtin", "")
    (tmp_path / name).touch()
    assert engine_of(policy(tmp_path)) == ("orthanc-gdcm", "")
    assert engine_of(policy("/not/here/" + name)) == ("orthanc-gdcm", "")
    assert engine_of(policy(tmp_path, enabled=False)) == ("orthanc-builtin", "")


@pytest.mark.parametrize("name", ["libOrthancDicomWeb.so", "libServeFolders.so", "x.dll"])
def test_other_plugins_do_not_transcode(name: str) -> None:
    assert engine_of(policy("/not/here/" + name)) == ("orthanc-builtin", "")
    assert engine_of(policy("/not/here/" + name, section=True)) == ("orthanc-builtin", "")


@pytest.mark.parametrize("section", [True, False])
def test_a_folder_of_another_computer_is_a_guess(*, section: bool) -> None:
    engine, warning = engine_of(policy("/not/here", section=section))
    assert engine == ("orthanc-gdcm" if section else "orthanc-builtin")
    assert warning == f"Plugins: /not/here cannot be read here; assuming --engine {engine}"
