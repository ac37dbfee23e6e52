"""The table of settings. To add a setting, add a row here and the code that uses it."""

from typing import Annotated, Final, NamedTuple

from dicomtx.limits import Limits, limits_of
from dicomtx.settings import groups, output_form
from dicomtx.settings.field import fields_of
from dicomtx.settings.values import bytes_of, syntaxes_of, verify_of
from dicomtx.verification import Verify, plain, read

GOALS: Final = ("quality", "near", "ratio", "psnr", "max_error")  # at most one of them


class Settings(NamedTuple):
    """The settings of a run.

    Each field is a key of dicomtx.toml, an environment variable and an option. Its ``Field``
    defines the help, the allowed values and the scope.
    """

    order: Annotated[
        str,  # in Orthanc: plugins-first is After, builtin-first Before, plugins-only Disabled
        groups.codecs(
            "Which codecs to try first.",
            allowed=("builtin-first", "plugins-first", "plugins-only"),
        ),
    ] = "builtin-first"
    codecs: Annotated[
        tuple[str, ...],  # for decoding and encoding
        groups.codecs(
            "Use only this codec. Repeatable: codecs are tried in the order of the options.",
            option="--codec",
            metavar="NAME",
            shown="all",
            variable="DICOMTX_CODEC",
        ),
    ] = ()
    frame_timeout: Annotated[
        float,  # seconds
        groups.resources(
            "Longest time that an isolated codec can take per frame.",
            commands=(),
            metavar="SECONDS",
        ),
    ] = 120.0
    verify: Annotated[
        str,  # parsed by ``verifies``
        groups.verification(
            "How many frames of the result to decode and compare with the source: all, a share such"
            " as sample=5%, or none. With independent, all frames are compared, and a file fails if"
            " only the library that encoded it can decode it.",
            metavar="HOW",
            shortcut=("--no-verify", "none"),
            accepts=bool,
            parse=verify_of,
        ),
    ] = "all"
    strict: Annotated[
        bool,
        groups.verification(
            "Fail if a file would be kept unchanged, or written in a non-standard way.",
            commands=groups.PLANNING,
        ),
    ] = False
    threads: Annotated[
        int,  # 0 means one per CPU
        groups.resources(
            "Frames of one file to process at once.",
            metavar="N",
            shown="CPUs divided by jobs",
        ),
    ] = 0
    max_memory: Annotated[
        int,  # bytes; 0 means three quarters of the memory
        groups.resources(
            "Memory for the frames in progress and their codecs, such as 2G.",
            metavar="BYTES",
            shown="3/4 of the memory",
            accepts=str,
            parse=bytes_of,
        ),
    ] = 0
    fallback: Annotated[
        tuple[str, ...],
        groups.output(
            "If the target syntax cannot hold the image, use the first of these that can.",
            scope="file",
            metavar="SYNTAX[,SYNTAX]",
            parse=syntaxes_of,
        ),
    ] = ()
    only_if_smaller: Annotated[bool | float, output_form.ONLY_IF_SMALLER] = False
    keep_colour_space: Annotated[
        bool,
        groups.pixels(
            "Leave decoded lossy JPEG in YBR_FULL, or convert it to RGB.",
            option="--keep-colour-space/--to-rgb",
            marks_uid=True,
        ),
    ] = False
    assume_colour: Annotated[
        str,
        groups.pixels(
            "Colours of JPEG streams that do not declare them, instead of Photometric"
            " Interpretation. A stream that declares its colours is right.",
            allowed=("auto", "rgb", "ybr"),
            former="--assume-color",
            marks_uid=True,
        ),
    ] = "auto"
    overlays: Annotated[
        str,
        groups.pixels(
            "What to do with overlay planes in unused bits when encoding.",
            allowed=("extract", "keep", "drop"),
            marks_uid=True,
        ),
    ] = "extract"
    high_bits: Annotated[
        str,  # keep widens code streams to Bits Allocated if the high bits are used
        groups.pixels(
            "Keep or clear the bits above Bits Stored when decoding or encoding.",
            allowed=("keep", "mask"),
        ),
    ] = "keep"
    offset_table: Annotated[str, output_form.OFFSET_TABLE] = "auto"
    progression: Annotated[str, output_form.PROGRESSION] = "auto"
    tile_size: Annotated[tuple[int, int] | None, output_form.TILE_SIZE] = None  # columns, rows
    levels: Annotated[int | None, output_form.LEVELS] = None
    salvage: Annotated[
        bool,
        groups.pixels(
            "Recover what is readable of a damaged file. The result is never called verified.",
            scope="reading",
        ),
    ] = False
    force_native: Annotated[
        bool,
        groups.pixels(
            "Treat Pixel Data as uncompressed if the transfer syntax says so, even if it looks"
            " compressed.",
            commands=groups.READING,
        ),
    ] = False
    repair: Annotated[
        bool,  # also applies to files already in the target syntax
        groups.pixels(
            "Rewrite fragments, offset tables and labels; leave the code streams unchanged.",
        ),
    ] = False
    lossy: Annotated[
        bool,
        groups.lossy("Allow lossy compression without a goal, at quality 90."),
    ] = False
    quality: Annotated[
        int | None,
        groups.lossy(
            "Goal: quality as in JPEG. For other syntaxes, it means a PSNR of 30 + Q/5 dB.",
            kind=int,
            within=(1, 100),
            metavar="Q",
            shown="90 with --lossy",
        ),
    ] = None
    near: Annotated[
        int | None,
        groups.lossy(
            "Goal: largest error of a sample, for JPEG-LS.",
            kind=int,
            within=(0, 255),
            metavar="N",
        ),
    ] = None
    ratio: Annotated[
        float | None,  # size of the native frame divided by the size of its code stream
        groups.lossy(
            "Goal: frames at least R times smaller than uncompressed.",
            kind=float,
            within=(1, 10000),
            metavar="R",
        ),
    ] = None
    psnr: Annotated[
        float | None,  # the peak is the largest minus the smallest value of the file
        groups.lossy(
            "Goal: lowest PSNR of a frame, in dB. The peak is the range of the file's values.",
            kind=float,
            within=(1, 200),
            metavar="DB",
        ),
    ] = None
    max_error: Annotated[
        int | None,
        groups.lossy(
            "Goal: largest error of a sample, for any lossy syntax.",
            kind=int,
            within=(0, 65535),
            metavar="N",
        ),
    ] = None
    reversible: Annotated[
        bool,
        groups.lossy(
            "Encode without loss, although the syntax of --to allows loss. The result counts as"
            " lossless and keeps its UID.",
            option="--reversible/--irreversible",
        ),
    ] = False
    min_psnr: Annotated[
        float,
        groups.lossy(
            "Safety limit for every goal: a file fails if the PSNR of a frame is below it, in dB.",
            within=(0, 200),
            metavar="DB",
        ),
    ] = 30.0
    palette: Annotated[
        str,
        groups.lossy(
            "Refuse PALETTE COLOR for a lossy target (keep), or convert it to RGB (expand).",
            allowed=("keep", "expand"),
            marks_uid=True,
        ),
    ] = "keep"
    allow_generation_loss: Annotated[
        bool,
        groups.lossy(
            "Recompress images that are already lossy.",
            option="--allow-generation-loss/--no-generation-loss",
        ),
    ] = False
    allow_lossy_class: Annotated[
        bool,
        groups.lossy(
            "Allow lossy compression of segmentations, doses and parametric maps.",
            option="--allow-lossy-class/--no-lossy-class",
        ),
    ] = False
    allow_lossy_in_place: Annotated[
        bool,
        groups.lossy(
            "Allow --in-place to replace files with lossy ones, and watch to remove the originals.",
            scope="run",
            commands=("convert", "batch", "modify", "watch", "receive"),
            option="--allow-lossy-in-place/--no-lossy-in-place",
        ),
    ] = False
    uid: Annotated[
        str,
        groups.lossy(
            "SOP Instance UID of a lossy result: that of the source (keep), a new one in each run"
            " (new), or a new one that is the same in each run (derived). auto means new, or"
            " derived with export --reproducible. Lossless results keep the UID.",
            allowed=("auto", "keep", "new", "derived"),
        ),
    ] = "auto"
    limits: Annotated[
        Limits,  # a table in the file, ``ratio=1000,depth=50`` in the variable
        groups.resources(
            "What one file may cost to read.",
            commands=(),
            accepts=dict[str, int] | str,
            parse=limits_of,
        ),
    ] = Limits()

    @property
    def verifies(self) -> Verify:
        """The setting ``verify``, parsed."""
        return read(plain(self.verify))


FIELDS: Final = fields_of(Settings)
