"""A routes file is read whole or refused, and the message says where it is wrong."""

from pathlib import Path

import pytest

from dicomtx.dicom.inspection import read_file_info
from dicomtx.dicom.part10 import open_part10
from dicomtx.engine.planning.policy import Subject
from dicomtx.errors import SettingsError
from dicomtx.network.address import DicomAddress, WebAddress
from dicomtx.settings import Settings
from dicomtx.storage.source import Source
from dicomtx.workflows.route.explanation import lines
from dicomtx.workflows.route.routes import Association, Conversion, Routes
from dicomtx.workflows.route.routes_file import read_routes
from tests.dicom.builder import image, native, part10, text

URL = "dicom://A@a:104"


def read(folder: Path, content: str, settings: Settings | None = None) -> Routes:
    path = folder / "routes.toml"
    path.write_text(content)
    return read_routes(str(path), settings or Settings())


def route(*rows: str) -> str:
    return "\n".join(("[[route]]", *rows))


def test_a_destination_is_a_url_or_a_table_that_overrides_its_route(tmp_path: Path) -> None:
    (tmp_path / "password").touch()
    routes = read(
        tmp_path,
        route(
            'to = "jpeg2000"',
            "quality = 80",
            'retry = "3x1m"',
            'on_failure = "keep-original"',
            f'destination = ["{URL}", {{ name = "web", url = "https://b/dicom-web",'
            ' auth_file = "password", retry = "1x5s", to = "keep" },'
            ' { url = "dicoms://C@c", to = "jpeg-ls-lossless", on_failure = "error" }]',
        ),
    )
    first, web, third = routes.routes[0].destinations
    assert first.peer.address == DicomAddress("A", "a", 104)
    assert first.conversion == Conversion("jpeg2000", (("quality", 80),), "keep-original")
    assert (first.peer.name, first.peer.retry) == (URL, "3x1m")
    assert (web.peer.name, web.peer.retry, web.conversion.to) == ("web", "1x5s", "keep")
    assert web.peer.address == WebAddress("dicomweb", "https://b/dicom-web")
    assert web.peer.auth_file == str(tmp_path / "password")
    assert third.conversion == Conversion("jpeg-ls-lossless", (), "error")
    assert list(routes.peers) == [URL, "web", "dicoms://C@c:2762"]


@pytest.mark.parametrize(
    "conversion",
    [
        Conversion(),
        Conversion("rle-lossless"),
        Conversion("jpeg2000", (("psnr", 50.5),), "keep-original"),
        Conversion("htj2k-lossless", (("fallback", ["rle-lossless"]), ("tile_size", "64x64"))),
    ],
)
def test_a_conversion_survives_the_queue(conversion: Conversion) -> None:
    read_back = Conversion.read(conversion.as_text())
    assert read_back.as_text() == conversion.as_text()
    if conversion.to != "keep":
        assert read_back.policy == conversion.policy


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ((), "route 1: destination: it is missing"),
        ((f'destination = "{URL}"',), "route 1: to: is missing"),
        (('to = "mp3"', f'destination = "{URL}"'), "route 1: to: .*mp3"),
        (('to = "keep"', 'destination = "http"'), "route 1: destination: http: not an address"),
        (
            ('to = "keep"', 'destination = "dicom://u:p@a:1"'),
            "route 1: destination: .*the address has a password",
        ),
        (
            ('to = "keep"', f'destination = ["{URL}", "{URL}"]'),
            "route 1: destination: .* appears twice",
        ),
        (('to = "keep"', f'destination = "{URL}"', "quality = 90"), "route 1: quality: needs a"),
        (
            ('to = "keep"', f'destination = ["{URL}", {{ url = "dicom://B@b", near = 1 }}]'),
            "route 1, destination 2: near: needs a target",
        ),
        (('to = "keep"', f'destination = "{URL}"', 'modalty = "CT"'), "route 1: modalty: unknown"),
        (('to = "keep"', f'destination = "{URL}"', 'retri = "1x1m"'), "did you mean retry"),
        (('to = "keep"', f'destination = "{URL}"', 'retry = "soon"'), "route 1: retry: "),
        (('to = "keep"', f'destination = "{URL}"', 'on_failure = "drop"'), "route 1: on_failure"),
        (('to = "keep"', f'destination = "{URL}"', 'decompress = "yes"'), "route 1: decompress"),
        (('to = "keep"', f'destination = "{URL}"', 'ca_file = "no.pem"'), "ca_file: there is no"),
        (('to = "keep"', f'destination = "{URL}"', "calling_aet = 7"), "route 1: calling_aet: 7"),
        (('to = "jpeg2000"', f'destination = "{URL}"'), "route 1: to: jpeg2000 is lossy and needs"),
        (
            ('to = "jpeg2000"', f'destination = "{URL}"', "quality = 90", "ratio = 8"),
            "route 1: quality and ratio contradict",
        ),
        (
            ('to = "keep"', f'destination = {{ url = "{URL}", colour = "red" }}'),
            "route 1: colour: unknown key",
        ),
        (('to = "keep"', f'destination = "{URL}"', "threads = 4"), "route 1: threads: "),
    ],
)
def test_an_error_names_the_file_the_route_and_the_key(
    tmp_path: Path, rows: tuple[str, ...], message: str
) -> None:
    with pytest.raises(SettingsError, match=rf"routes\.toml: .*{message}"):
        read(tmp_path, route(*rows))


@pytest.mark.parametrize("content", ["", "[[policy.a.rule]]", "route = 1", "[route]", "a = "])
def test_a_file_without_routes_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(SettingsError, match=r"routes\.toml: "):
        read(tmp_path, content)


def test_one_name_is_one_destination(tmp_path: Path) -> None:
    one = 'destination = { name = "a", url = "dicom://A@a", retry = "1x1m" }'
    other = one.replace("1x1m", "2x1m")
    with pytest.raises(SettingsError, match="a differs from the destination of this name"):
        read(tmp_path, route('to = "keep"', one) + "\n" + route('to = "keep"', other))
    read(tmp_path, route('to = "keep"', one) + "\n" + route('to = "rle-lossless"', one))


def test_the_first_route_that_matches_decides(tmp_path: Path) -> None:
    routes = read(
        tmp_path,
        "\n".join(
            (
                route('modality = "MR"', 'to = "keep"', f'destination = "{URL}"'),
                route('calling_aet = ["X", "CT*"]', 'to = "keep"', f'destination = "{URL}"'),
                route('name = "rest"', "rows = 4", 'to = "keep"', f'destination = "{URL}"'),
            )
        ),
    )
    data = part10(
        "explicit",
        text(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.7"),
        text(0x00080018, "UI", "1.2.3"),
        text(0x00080060, "CS", "OT"),
        native(image(4, 4), bytes(16)),
    )
    with open_part10(Source(data)) as opened:
        subject = Subject(read_file_info(opened), opened.data_set, len(data))
        found = routes.find(subject, Association("CT3", "ME"))
        assert found
        assert found.name == "route 2"
        assert routes.explain(subject, Association("OTHER", "ME")) == [
            ("route 1", "modality is OT, not MR"),
            ("route 2", "calling_aet is OTHER, not X or CT*"),
            ("rest", "matches"),
        ]
    assert [row[:2] for row in lines(routes)] == [
        ("route 1", "modality = MR"),
        ("route 2", "calling_aet = X or CT*"),
        ("rest", "rows = 4"),
    ]
