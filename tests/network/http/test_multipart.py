import random
from collections.abc import Iterator

import pytest

from dicomtx.errors import NetworkError
from dicomtx.network.http.multipart import media_type, parts

BODY = (
    b"preamble\r\n--b\r\nContent-Type: application/dicom\r\nContent-Length: 5\r\n\r\none\r\n"
    b"\r\n--b \t\r\n\r\n\r\n--b\r\nX: y\r\n\r\n--b\r\n-\r\n--\r\n--b--\r\nepilogue"
)
FOUND = [
    ({"content-type": "application/dicom", "content-length": "5"}, b"one\r\n"),
    ({}, b""),
    ({"x": "y"}, b"--b\r\n-\r\n--"),
]


def pieces(body: bytes, size: int) -> Iterator[bytes]:
    return (body[at : at + size] for at in range(0, len(body), size))


def read(body: bytes, size: int) -> list[tuple[dict[str, str], bytes]]:
    return [(dict(p.headers), b"".join(p.content)) for p in parts("b", pieces(body, size))]


@pytest.mark.parametrize("size", range(1, 30))
def test_parts_are_the_same_however_they_arrive(size: int) -> None:
    assert read(BODY, size) == FOUND


@pytest.mark.parametrize("size", [1, 7, 100])
def test_a_part_that_nobody_reads_is_skipped(size: int) -> None:
    found = [dict(part.headers) for part in parts("b", pieces(BODY, size))]
    assert found == [headers for headers, _ in FOUND]


def test_a_body_can_begin_with_the_first_part() -> None:
    assert read(b"--b\r\n\r\none\r\n--b--", 3) == [({}, b"one")]


@pytest.mark.parametrize("end", range(len(BODY) - len(b"--\r\nepilogue")))
def test_a_body_that_is_cut_off_anywhere_is_an_error(end: int) -> None:
    with pytest.raises(NetworkError, match="the answer is cut off"):
        read(BODY[:end], 8)


@pytest.mark.parametrize("length", ["4", "6", "-5", "5 ", "x", "5" * 5000])
def test_a_part_of_another_length_than_it_says_is_an_error(length: str) -> None:
    body = BODY.replace(b"Content-Length: 5", b"Content-Length: " + length.encode())
    if length.strip() == "5":
        assert read(body, 8) == FOUND
    else:
        with pytest.raises(NetworkError, match="a part of the answer has 5 bytes, not"):
            read(body, 8)


@pytest.mark.parametrize(
    "body", [b"x" * (1 << 17), b"--b\r\n" + b"X: y\r\n" * 20_000, b"--bc\r\n\r\n\r\n--b--"]
)
def test_what_is_not_multipart_is_an_error_before_it_fills_the_memory(body: bytes) -> None:
    with pytest.raises(NetworkError, match="the answer is not multipart"):
        read(body, 1 << 12)


@pytest.mark.parametrize("boundary", ["", "b" * 257, "bü"])
def test_a_boundary_must_be_valid(boundary: str) -> None:
    with pytest.raises(NetworkError, match="no valid boundary"):
        list(parts(boundary, iter(())))


def test_content_with_pieces_of_the_delimiter_arrives_whole() -> None:
    chance = random.Random(1)
    content = b"".join(chance.choice([b"\r", b"\n", b"-", b"b", b"x"]) for _ in range(20_000))
    content = content.replace(b"\r\n--b", b"")
    body = b"--b\r\n\r\n" + content + b"\r\n--b--"
    for size in (1, 2, 3, 5, 1000):
        assert read(body, size) == [({}, content)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            'multipart/related; type="application/dicom"; boundary="a b"',
            ("multipart/related", "a b"),
        ),
        ("Multipart/Related;boundary=x--y", ("multipart/related", "x--y")),
        ("application/dicom", ("application/dicom", "")),
        ("", ("", "")),
        ("a/b; boundary*=utf-8''x", ("a/b", "")),
        ("a/b\r\n c; boundary=d", ("a/b\r\n c", "d")),
    ],
)
def test_a_content_type_has_a_type_and_a_boundary(text: str, found: tuple[str, str]) -> None:
    assert media_type(text) == found
