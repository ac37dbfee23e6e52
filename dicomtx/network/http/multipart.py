"""Reads multipart answers as they arrive, with flat memory (RFC 2046 5.1)."""

from collections.abc import Iterator, Mapping
from email.message import Message
from typing import Final, NamedTuple

from dicomtx.errors import NetworkError

LARGEST_HEAD: Final = 1 << 16  # bytes of the header fields of a part, or before the first part
LONGEST_BOUNDARY: Final = 256
CUT_OFF: Final = "the answer is cut off"


class MultipartError(NetworkError):
    """The body is cut off, or is not multipart. The message does not name the server."""


class Part(NamedTuple):
    """One part: its header fields with names in lower case, and its content."""

    headers: Mapping[str, str]
    content: Iterator[bytes]


def media_type(content_type: str) -> tuple[str, str]:
    """Returns the type and the boundary of a Content-Type, both empty if there are none."""
    message = Message()
    message["content-type"] = content_type.replace("\n", " ").replace("\r", " ")
    boundary = message.get_param("boundary")
    kind = content_type.partition(";")[0].strip().lower()
    return kind, boundary if isinstance(boundary, str) else ""


def parts(boundary: str, chunks: Iterator[bytes]) -> Iterator[Part]:
    """Yields the parts of a body in order. The rest of a part is skipped when the next one begins.

    Args:
        boundary: what separates the parts.
        chunks: the body.

    Raises:
        MultipartError: the body is cut off, or is not multipart. The content raises it, too, if it
            is cut off, or has another length than its part says.
    """
    if not 0 < len(boundary) <= LONGEST_BOUNDARY or not boundary.isascii():
        raise MultipartError("the answer has no valid boundary between its parts")
    delimiter = b"\r\n--" + boundary.encode()
    stream = _Stream(chunks)
    stream.prepend(b"\r\n")  # the first delimiter may be at the start
    stream.head(delimiter)
    while not stream.ends():
        stream.prepend(b"\r\n")  # a part may have no header fields
        headers = _headers(stream.head(b"\r\n\r\n"))
        content = _measured(stream.until(delimiter), headers.get("content-length", ""))
        yield Part(headers, content)
        for _ in content:
            pass


class _Stream:
    """The bytes that arrived and are not used yet."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._data = b""

    def prepend(self, data: bytes) -> None:
        """Puts bytes before those that come next."""
        self._data = data + self._data

    def until(self, end: bytes) -> Iterator[bytes]:
        """Yields the bytes before ``end``, and skips it."""
        while True:
            at = self._data.find(end)
            if at >= 0:
                found, self._data = self._data[:at], self._data[at + len(end) :]
                if found:
                    yield found
                return
            sure = len(self._data) - len(end) + 1  # the rest can be the start of the end
            if sure > 0:
                found, self._data = self._data[:sure], self._data[sure:]
                yield found
            self._more()

    def head(self, end: bytes) -> bytes:
        """Returns the bytes before ``end``, which are few, and skips it."""
        found = b""
        for data in self.until(end):
            found += data
            if len(found) > LARGEST_HEAD:
                raise MultipartError("the answer is not multipart")
        return found

    def ends(self) -> bool:
        """Whether the delimiter just read was the last one. Skips the rest of its line."""
        while len(self._data) < 2:
            self._more()
        if self._data[:2] == b"--":
            return True
        if self.head(b"\r\n").strip(b" \t"):
            raise MultipartError("the answer is not multipart")
        return False

    def _more(self) -> None:
        chunk = next(self._chunks, None)
        if chunk is None:
            raise MultipartError(CUT_OFF)
        self._data += chunk


def _headers(head: bytes) -> dict[str, str]:
    lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines if line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _measured(content: Iterator[bytes], length: str) -> Iterator[bytes]:
    """Yields the content of a part, and checks its length if the part says it."""
    size = 0
    for data in content:
        size += len(data)
        yield data
    if length and (not length.isdecimal() or int(length[:20]) != size):
        raise MultipartError(f"a part of the answer has {size} bytes, not {length[:20]}")
