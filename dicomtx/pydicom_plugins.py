"""Codecs of dicomtx for pydicom: ``Dataset.compress()`` and ``pixel_array`` gain what they lack.

>>> from pydicom import dcmread
>>> from pydicom.data import get_testdata_file
>>> from dicomtx import pydicom_plugins
>>> pydicom_plugins.register()
>>> ct = dcmread(get_testdata_file("CT_small.dcm"))
>>> before = ct.pixel_array
>>> ct.compress("1.2.840.10008.1.2.4.70", encoding_plugin="dicomtx", generate_instance_uid=False)
>>> bool((ct.pixel_array == before).all())
True
>>> pydicom_plugins.unregister()
"""

from typing import TYPE_CHECKING, Any, Final

from pydicom._uid_dict import UID_dictionary
from pydicom.pixels.decoders.base import _PIXEL_DATA_DECODERS, DecodeRunner
from pydicom.pixels.decoders.base import Decoder as PydicomDecoder
from pydicom.pixels.encoders.base import _PIXEL_DATA_ENCODERS, Encoder, EncodeRunner
from pydicom.uid import UID

from dicomtx.codecs.codec import EncodeOptions
from dicomtx.codecs.registry import Codecs
from dicomtx.dicom.pixel_data.frames import by_pixel
from dicomtx.engine.decoding.decoder import Decoder
from dicomtx.engine.pixels import words
from dicomtx.engine.pixels.stored_values import same
from dicomtx.engine.pixels.values import array
from dicomtx.errors import UnsupportedError, VerificationError
from dicomtx.image_pixel import Frame, ImagePixel
from dicomtx.settings import Settings
from dicomtx.transfer_syntaxes import TransferSyntax, by_uid

if TYPE_CHECKING:
    from pydicom.pixels.common import RunnerBase

LABEL: Final = "dicomtx"
"""The name for ``decoding_plugin`` and ``encoding_plugin``."""
_ROOT: Final = "1.2.840.10008.1.2"
_LIKE_JPEG: Final = tuple(f"{_ROOT}.4.{number}" for number in (50, 51, 57, 70, 80, 81, 90, 91))
_NEWER: Final = tuple(f"{_ROOT}.4.{number}" for number in (201, 202, 203, 110, 111, 112))
_WAVELET: Final = (*_LIKE_JPEG[-2:], *_NEWER[:3])
_DECODED: Final = (f"{_ROOT}.5", *_LIKE_JPEG, *_NEWER)
_ENCODED: Final = tuple(uid for uid in _DECODED if not uid.endswith(".111"))
DECODER_DEPENDENCIES: Final = {UID(uid): ("dicomtx",) for uid in _DECODED}
"""pydicom asks for this."""
ENCODER_DEPENDENCIES: Final = {UID(uid): ("dicomtx",) for uid in _ENCODED}
"""pydicom asks for this."""
_GOALS: Final = {
    f"{_ROOT}.4.50": ("quality", "quality"),
    f"{_ROOT}.4.51": ("quality", "quality"),
    f"{_ROOT}.4.81": ("near", "jls_error"),
    f"{_ROOT}.4.91": ("psnr", "j2k_psnr"),
    f"{_ROOT}.4.203": ("step", "step"),
    f"{_ROOT}.4.112": ("distance", "distance"),
}
"""The field of ``EncodeOptions`` for a lossy syntax, and the argument of ``Dataset.compress``."""
_CODECS: Final = Codecs(Settings())


def register() -> None:
    """Makes the codecs of dicomtx known to pydicom, as the plugin ``dicomtx``.

    pydicom decodes with them first: a guard checks each code stream before a codec sees it. For
    encoding, they come after the plugins that pydicom has. Lossless code streams are decoded
    again and compared. Repeated calls do nothing.
    """
    for uid in map(UID, _DECODED):
        syntax = by_uid(uid)  # JPEG XL is newer than the dictionary of pydicom
        UID_dictionary.setdefault(uid, (syntax.name, "Transfer Syntax", "", "", syntax.keyword))
        decoder = _PIXEL_DATA_DECODERS.setdefault(uid, (PydicomDecoder(uid), ""))[0]
        if LABEL not in decoder.available_plugins:
            plugins = decoder._available  # noqa: SLF001 - nothing else sets their order
            others = dict(plugins)
            plugins.clear()
            decoder.add_plugin(LABEL, (__name__, "decode_frame"))
            plugins.update(others)
    for uid in map(UID, _ENCODED):
        encoder = _PIXEL_DATA_ENCODERS.setdefault(uid, (Encoder(uid), ""))[0]
        if LABEL not in encoder.available_plugins:
            encoder.add_plugin(LABEL, (__name__, "encode_frame"))


def unregister() -> None:
    """Makes pydicom forget the codecs of dicomtx."""
    tables: tuple[dict[Any, Any], ...] = (_PIXEL_DATA_DECODERS, _PIXEL_DATA_ENCODERS)
    for table in tables:
        for uid, (coder, _) in [*table.items()]:
            if LABEL in coder.available_plugins:
                coder.remove_plugin(LABEL)
                if not (coder.available_plugins or coder.missing_dependencies):
                    del table[uid]  # pydicom has no plugins for it


def is_available(uid: str) -> bool:
    """Returns whether the plugin has a codec for a transfer syntax; pydicom calls this."""
    return uid in _DECODED


def decode_frame(stream: bytes, runner: DecodeRunner) -> bytes | bytearray:
    """Returns a native frame, colour-by-pixel, for pydicom. One-bit samples have a byte each.

    Raises:
        DamagedError: the stream is damaged, or does not match the data set.
        CodecError: the codec cannot decode it.
    """
    image = _image(runner, runner.bits_allocated)
    frame = _decoded(stream, by_uid(runner.transfer_syntax), image)
    runner.set_option("planar_configuration", 0)
    runner.set_option("photometric_interpretation", frame.image.photometric_interpretation)
    return array(frame).tobytes() if image.bits_allocated == 1 else bytes(frame.data)


def encode_frame(samples: bytes, runner: EncodeRunner) -> bytes:
    """Returns the code stream of a native frame for pydicom.

    A lossy syntax needs its goal as an argument of ``Dataset.compress``: ``quality`` for JPEG,
    ``jls_error``, ``j2k_psnr``, ``step`` for HTJ2K, or ``distance`` for JPEG XL
    (``codecs.codec.EncodeOptions``).

    Raises:
        UnsupportedError: there is no encoder, or a lossy syntax has no goal.
        CodecError: the encoder does not support the frame.
        VerificationError: a lossless stream does not decode to the same values.
    """
    syntax = by_uid(runner.transfer_syntax)
    frame = _native(samples, runner)
    spec = next(_CODECS.builtins(syntax, "encode"), None)
    if spec is None:
        raise UnsupportedError(f"no codec encodes {syntax.name}")
    stream = bytes(_CODECS.open(spec).encode(frame, syntax, _options(syntax, runner)))
    if not syntax.lossy and not same(_decoded(stream, syntax, frame.image), frame):
        raise VerificationError(f"{spec.name} changed values of this frame")
    return stream


def _decoded(stream: bytes, syntax: TransferSyntax, image: ImagePixel) -> Frame:
    spec = next(_CODECS.builtins(syntax, "decode"), None)
    if spec is None:
        raise UnsupportedError(f"no codec decodes {syntax.name}")
    return Decoder(spec, _CODECS.open(spec), syntax, image).decode(stream)


def _image(runner: "RunnerBase", allocated: int) -> ImagePixel:
    return ImagePixel(
        rows=runner.rows,
        columns=runner.columns,
        samples_per_pixel=runner.samples_per_pixel,
        photometric_interpretation=str(runner.photometric_interpretation),
        bits_allocated=allocated,
        bits_stored=runner.bits_stored,
        high_bit=runner.bits_stored - 1,
        pixel_representation=runner.pixel_representation,
    )


def _native(samples: bytes, runner: EncodeRunner) -> Frame:
    """Returns the frame, colour-by-pixel, without bits above Bits Stored.

    pydicom passes words that are as narrow as Bits Stored allows. With a label such
    as YBR_RCT the samples are RGB, and the encoder transforms them. With the label RGB, it does
    not.
    """
    count = runner.rows * runner.columns * runner.samples_per_pixel
    image = _image(runner, len(samples) // count * 8)
    if _is_by_plane(runner):
        samples = by_pixel(samples, image.samples_per_pixel, image.bits_allocated)
    if image.photometric_interpretation in ("YBR_RCT", "YBR_ICT"):
        image = image._replace(photometric_interpretation="RGB")
    elif image.photometric_interpretation == "RGB" and runner.transfer_syntax in _WAVELET:
        image = image._replace(photometric_interpretation="YBR_FULL")
    return words.without_bits_above(Frame(samples, image))


def _is_by_plane(runner: EncodeRunner) -> bool:
    """Whether the samples are colour-by-plane; pydicom makes arrays so for JPEG-LS only."""
    planes = runner.samples_per_pixel > 1 and runner.planar_configuration == 1
    return planes and (not runner.is_array or by_uid(runner.transfer_syntax).family == "JPEG-LS")


def _options(syntax: TransferSyntax, runner: EncodeRunner) -> EncodeOptions:
    """Returns the options of the encoder.

    Raises:
        UnsupportedError: a lossy syntax has no goal.
    """
    if not syntax.lossy:
        return EncodeOptions()
    field, argument = _GOALS[syntax.uid]
    goal = runner.get_option(argument, None)
    if goal is None:
        raise UnsupportedError(f"{syntax.name} is lossy and needs a goal: {argument}=...")
    value = max(goal) if argument == "j2k_psnr" else goal  # one layer, of the best quality
    given: dict[str, Any] = {field: value}
    return EncodeOptions(**given)
