"""The bytes that are put before, or into, what an encoder wrote."""

import struct

import pytest

from dicomtx.codecs import stream_repair
from dicomtx.errors import CodecError


def test_rle_segments_start_on_even_offsets() -> None:
    stream = stream_repair.rle([b"abc", b"defg", b"h"])
    assert struct.unpack_from("<16I", stream) == (3, 64, 68, 72, *[0] * 12)
    assert stream[64:] == b"abc\0defgh\0"


def test_rle_has_no_room_for_sixteen_segments() -> None:
    with pytest.raises(CodecError, match="15 segments, not 16"):
        stream_repair.rle([b""] * 16)


def test_rle_segments_hold_a_plane_each() -> None:
    whole = stream_repair.rle([b"\xfe\x07\x80\x01ab", b"\x04abcde\x00"])
    stream_repair.require_segments(whole, 5)
    for short in (whole[:-3], whole[:-4], stream_repair.rle([b"\xfe\x07\x00a"])):
        with pytest.raises(CodecError, match="fewer than 5 bytes"):
            stream_repair.require_segments(short, 5)


def test_a_stream_without_its_end_is_refused() -> None:
    stream_repair.require_end(b"\xff\xd8\xff\xd9\0")
    with pytest.raises(CodecError, match="truncated"):
        stream_repair.require_end(b"\xff\xd8\xff\x00\xd9")


def test_spiff_segments_go_and_the_rest_stays() -> None:
    spiff = b"\xff\xe8\x00\x08SPIFF\0" + b"\xff\xe8\x00\x08\0\0\0\1\xff\xd8"
    assert stream_repair.without_spiff(b"\xff\xd8" + spiff + b"\xff\xf7") == b"\xff\xd8\xff\xf7"
    assert stream_repair.without_spiff(b"\xff\xd8\xff\xf7") == b"\xff\xd8\xff\xf7"


def test_precision_and_sign_stand_in_each_component() -> None:
    stream = b"\xff\x4f\xff\x51" + bytes(36) + b"\0\3" + bytes.fromhex("8f0101") * 3
    plain = stream_repair.with_precision(stream, 3, 12, signed=False)
    assert plain[42:] == bytes.fromhex("0b0101") * 3
    signed = stream_repair.with_precision(stream, 1, 12, signed=True)
    assert signed[42:] == bytes.fromhex("8b0101" + "8f0101" * 2)
