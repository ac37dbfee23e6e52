"""The process of an isolated codec: ``python -m dicomtx.codecs.isolation.worker NAME TIMEOUT``.

It answers questions on descriptor 0 until its parent closes the pipe. The head of a question is a
pickled tuple ("decode" | "encode" | "describe", ...); its body is the stream or the samples. The
head of an answer is a pickled (error or "", value), followed by a body. Native code can print
freely, as descriptor 1 is redirected to descriptor 2, a file of the parent. The option -u disables
buffering, also that of C code.
"""

import pickle
import pkgutil
import resource
import signal
import sys
from importlib import import_module
from typing import Any, Final

from dicomtx.codecs.codec import CodecSpec
from dicomtx.errors import CodecError
from dicomtx.image_pixel import Frame, ImagePixel
from dicomtx.processes.child_process import take_descriptors
from dicomtx.processes.framing import Data, receive, send
from dicomtx.resources import keep_freed_memory

PRINTED_LIMIT: Final = 1 << 30  # bytes: endless output of a codec must not fill the disk


def main() -> None:
    """Answers questions until the parent closes its end."""
    name, timeout = sys.argv[1], float(sys.argv[2])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles interrupts
    questions, answers = take_descriptors()
    keep_freed_memory()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (PRINTED_LIMIT, PRINTED_LIMIT))
    try:
        while True:
            head, body = receive(questions)
            # a hang must end even if the parent was killed and cannot end it sooner
            signal.setitimer(signal.ITIMER_REAL, timeout + 5)
            reply, data = _attempt(name, pickle.loads(head), body)  # noqa: S301 - our parent's own
            signal.setitimer(signal.ITIMER_REAL, 0)
            send(answers, pickle.dumps(reply, 5), data)
    except (EOFError, BrokenPipeError):
        return


def _attempt(name: str, question: Any, body: bytearray) -> tuple[tuple[str, Any], memoryview]:
    """Returns the answer; any exception of the codec becomes an error text."""
    try:
        value, data = _answer(question, body)
        return ("", value), memoryview(data).cast("B")
    except CodecError as error:
        return (str(error) or f"{name} failed without a reason", None), memoryview(b"")
    except BaseException as error:  # noqa: BLE001 - panics of Rust and SystemExit are among them
        return (f"{name} raised {type(error).__name__}: {error}", None), memoryview(b"")


def _answer(question: Any, body: bytearray) -> tuple[Any, Data]:
    match question:
        case "decode", module, syntax, image:
            frame = import_module(module).decode(bytes(body), syntax, image)
            if not isinstance(frame, Frame):
                raise TypeError(f"decode returned {type(frame).__name__}, not a Frame")
            return _plain_image(frame.image), frame.data
        case "encode", module, syntax, image, options:
            return None, import_module(module).encode(Frame(body, image), syntax, options)
        case "describe", value:
            return _describe(value), b""
        case _:
            raise ValueError(f"unknown question {question!r}")


def _plain_image(image: ImagePixel) -> ImagePixel:
    """Returns the image with Python's own types, as codecs often use those of numpy."""
    fields = image._asdict().items()
    plain: dict[str, Any] = {n: str(v) if isinstance(v, str) else int(v) for n, v in fields}
    return ImagePixel(**plain)


def _describe(value: str) -> CodecSpec:
    """Returns the spec that an entry point's value names, as plain data."""
    found = pkgutil.resolve_name(value)
    spec = found() if callable(found) else found
    if not isinstance(spec, CodecSpec):
        raise TypeError(f"{value} is a {type(spec).__name__}, not a CodecSpec")
    return CodecSpec(
        name=str(spec.name),
        module=str(spec.module),
        requires=tuple(map(str, spec.requires)),
        install=str(spec.install),
        decodes={str(uid): str(by) for uid, by in spec.decodes.items()},
        encodes={str(uid): str(by) for uid, by in spec.encodes.items()},
        memory={str(uid): float(need) for uid, need in spec.memory.items()},
    )


if __name__ == "__main__":
    main()
