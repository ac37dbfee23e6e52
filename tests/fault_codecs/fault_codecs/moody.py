"""A codec that does what it should, but for frames whose first byte says how it is to fail."""

import os
import signal
import time

from dicomtx.codecs.codec import EncodeOptions
from dicomtx.image_pixel import Frame, ImagePixel
from dicomtx.transfer_syntaxes import TransferSyntax

LIE = 252


def decode(stream: bytes, syntax: TransferSyntax, image: ImagePixel) -> Frame:
    """Returns the frame."""
    return Frame(stream[: image.frame_bytes], image)


def encode(frame: Frame, syntax: TransferSyntax, options: EncodeOptions) -> bytes:
    """Returns the stream, or fails; what it was asked is noted in the file that MOODY_LOG names."""
    data = bytes(frame.data)
    if "MOODY_LOG" in os.environ:
        with open(os.environ["MOODY_LOG"], "ab", buffering=0) as log:
            log.write(data[:8].hex().encode() + b"\n")
    _act(data[0])
    return data[:-1] + bytes([data[-1] ^ 1]) if data[0] == LIE else data


def _act(mood: int) -> None:
    match mood:
        case 255:
            os.abort()
        case 254:
            time.sleep(1000)
        case 253:
            bytearray(1 << 62)
        case 251:  # once only, if there is where to note it
            if _is_first():
                os.kill(os.getppid(), signal.SIGKILL)
                os._exit(0)
        case 250:
            time.sleep(0.1)
        case 249:  # fails unless it is the only one of its kind meanwhile
            with open(os.environ["MOODY_ALONE"], "xb"):
                time.sleep(0.3)
            os.unlink(os.environ["MOODY_ALONE"])


def _is_first() -> bool:
    try:
        os.close(os.open(os.environ["MOODY_ONCE"], os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    except KeyError:
        return True
    return True
