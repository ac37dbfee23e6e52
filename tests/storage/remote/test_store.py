"""Each scheme of a URL is routed to its package, and a missing one is named."""

import pytest
from fsspec.registry import known_implementations

from dicomtx.errors import DestinationError, ExitCode, UnsupportedError
from dicomtx.storage.location import locate
from dicomtx.storage.remote.remote_write import remote_write
from dicomtx.storage.remote.store import Store


@pytest.mark.parametrize(
    ("url", "package"),
    [
        ("gs://bucket/a.dcm", "gcsfs"),
        ("gcs://bucket/a.dcm", "gcsfs"),
        ("abfs://container/a.dcm", "adlfs"),
        ("az://container/a.dcm", "adlfs"),
        ("abfss://container@account.dfs.core.windows.net/a.dcm", "adlfs"),
    ],
)
def test_a_package_that_is_missing_is_named_with_the_command_that_installs_it(
    url: str, package: str
) -> None:
    scheme = url.partition("://")[0]
    if scheme != "abfss":  # fsspec knows it when adlfs is there
        assert known_implementations[scheme]["class"].startswith(f"{package}.")
    told = rf"{scheme}:// needs another package: pip install {package}$"
    for asks in (locate(url).stat, lambda: Store.of(url)):
        with pytest.raises(UnsupportedError, match=told) as said:
            asks()
        assert said.value.exit_code == ExitCode.UNSUPPORTED
    with pytest.raises(DestinationError, match=told), remote_write(url, overwrite=False):
        pass


def test_a_scheme_that_nobody_knows_is_an_error_that_names_it() -> None:
    with pytest.raises(UnsupportedError, match="nonsense:// needs another package: Protocol not"):
        Store.of("nonsense://a/b.dcm")
