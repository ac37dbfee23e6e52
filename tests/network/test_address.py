import pytest

from dicomtx.errors import UsageError
from dicomtx.network.address import Address, DicomAddress, WebAddress, address_of


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("dicom://ARCHIVE@pacs:11112", DicomAddress("ARCHIVE", "pacs", 11112)),
        ("dicom://ARCHIVE@pacs", DicomAddress("ARCHIVE", "pacs", 104)),
        ("dicoms://ARCHIVE@pacs", DicomAddress("ARCHIVE", "pacs", 2762, tls=True)),
        ("dicom://MY%20PACS@[::1]:4242", DicomAddress("MY PACS", "::1", 4242)),
        ("https://pacs/dicom-web/", WebAddress("dicomweb", "https://pacs/dicom-web")),
        ("http://pacs:8042/a/b", WebAddress("dicomweb", "http://pacs:8042/a/b")),
        ("orthanc+http://[::1]:8042", WebAddress("orthanc", "http://[::1]:8042")),
        ("orthanc+https://pacs/orthanc/", WebAddress("orthanc", "https://pacs/orthanc")),
    ],
)
def test_a_url_names_what_to_speak_and_where(url: str, address: Address) -> None:
    assert address_of(url) == address


@pytest.mark.parametrize("url", ["dicom://A@pacs:104", "dicoms://A@[::1]:2762", "orthanc+http://p"])
def test_an_address_prints_as_the_url_that_names_it(url: str) -> None:
    assert str(address_of(url)) == url


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("pacs:104", "not an address"),
        ("ftp://pacs", "not an address"),
        ("dicom://ARCHIVE@pacs:port", "not an address"),
        ("dicom://ARCHIVE@pacs:70000", "not an address"),
        ("dicom://pacs:104", "the AE title is missing"),
        ("dicom://@pacs:104", "the AE title is missing"),
        ("dicom://ARCHIVE@:104", "the host is missing"),
        ("dicom://SEVENTEEN-LETTERS@pacs", "1 to 16 characters"),
        ("dicom://A%5CB@pacs", "without backslash"),
        ("dicom://A%00B@pacs", "use ASCII"),
        ("dicom://A@pacs:104/path", "ends with the port"),
        ("https://user@pacs/dicom-web", "has no user"),
        ("https://pacs/dicom-web?token=1", "has no user, query"),
    ],
)
def test_what_is_not_an_address_is_refused_with_the_reason(url: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        address_of(url)


@pytest.mark.parametrize("url", ["https://me:secret@pacs/x", "dicom://A:secret@pacs"])
def test_an_address_with_a_password_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(UsageError, match="has a password") as caught:
        address_of(url)
    assert "secret" not in str(caught.value)
