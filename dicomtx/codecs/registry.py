"""The codecs that the settings allow, in order, and how to open them."""

from collections.abc import Iterator
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from types import TracebackType
from typing import TYPE_CHECKING, Final, NamedTuple, Self, cast

from dicomtx.codecs.codec import Codec, CodecSpec, Direction
from dicomtx.codecs.shipped import FFMPEG, GDCM, IMAGECODECS, LJ92, OPENJPEG, OPENJPH, SECOND
from dicomtx.errors import CodecError, UsageError
from dicomtx.resources import Budget
from dicomtx.settings import Settings
from dicomtx.transfer_syntaxes import TransferSyntax

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from dicomtx.codecs.isolation.worker_group import WorkerGroup

GROUP: Final = "dicomtx.codecs"
BUILTIN: Final = (IMAGECODECS, OPENJPEG)
SHIPPED: Final = {spec.name: spec for spec in (*BUILTIN, GDCM)}
NAMED: Final = {**SHIPPED, FFMPEG.name: FFMPEG}
"""The names that ``--codec`` accepts without a plugin. FFmpeg is used only if it is named."""
AUDITORS: Final = (SECOND, OPENJPH, FFMPEG)
"""Code bases that only verify. They are slower than the builtin codecs."""
RESERVED: Final = {*NAMED, LJ92.name, *(spec.name for spec in AUDITORS)}


class BrokenPlugin(NamedTuple):
    """A plugin of another package that cannot be used."""

    name: str
    reason: str


def missing(spec: CodecSpec) -> tuple[str, ...]:
    """Returns the required modules that are not installed, without importing any."""
    tops = dict.fromkeys(module.partition(".")[0] for module in spec.requires)
    return tuple(top for top in tops if not find_spec(top))


class Codecs:
    """The codecs that the settings allow, and the subprocesses of the isolated ones.

    Packages register codecs under the entry point group ``dicomtx.codecs``. Reading entry points
    takes time, so they are read only when iteration reaches them. Their modules are imported only
    in a subprocess. Each conversion or batch has one ``Codecs``, used as a context manager.
    """

    def __init__(self, settings: Settings) -> None:
        """Checks the names in the settings.

        Raises:
            UsageError: a codec name is unknown.
        """
        self._settings = settings
        self._groups: dict[str, WorkerGroup] = {}
        self._described: dict[str, CodecSpec | BrokenPlugin] = {}
        self._missing: dict[str, bool] = {}
        for name in settings.codecs:
            if name not in NAMED and name not in self._entry_points:
                known = ", ".join([*NAMED, *self._entry_points])
                raise UsageError(f"unknown codec {name!r}: use one of {known}")

    def __iter__(self) -> Iterator[CodecSpec]:
        """Yields the codecs in order; plugins are looked up only when their turn comes.

        Raises:
            CodecError: a plugin that the settings name cannot be used.
        """
        if self._settings.codecs:
            yield from map(self.spec, self._settings.codecs)
        elif self._settings.order == "builtin-first":
            yield from (*BUILTIN, GDCM)
            yield from self._third_party()
        else:
            yield from self._third_party()
            yield GDCM
            if self._settings.order == "plugins-first":
                yield from BUILTIN

    def able(self, syntax: TransferSyntax, direction: Direction) -> Iterator[CodecSpec]:
        """Yields, in order, the installed codecs that support this syntax and direction."""
        for spec in self:
            if syntax.uid in spec.does(direction) and not self._lacks(spec):
                yield spec

    def builtins(self, syntax: TransferSyntax, direction: Direction) -> Iterator[CodecSpec]:
        """Yields the builtin codecs of ``able``, without looking up plugins."""
        settings = self._settings
        if settings.order == "plugins-only" and not settings.codecs:
            return
        for spec in BUILTIN:
            allowed = not settings.codecs or spec.name in settings.codecs
            if allowed and syntax.uid in spec.does(direction) and not self._lacks(spec):
                yield spec

    def verifiers(self, syntax: TransferSyntax) -> Iterator[CodecSpec]:
        """Yields the codecs that can verify a frame that was just encoded, the fastest first.

        Plugins are not looked up. OpenJPH is left out: it encodes, and OpenJPEG verifies it. If
        verification must be independent, ``--codec`` does not restrict the verifiers.
        """
        if self._settings.verifies.independent:
            yield from (s for s in BUILTIN if syntax.uid in s.decodes and not self._lacks(s))
        else:
            yield from self.builtins(syntax, "decode")
        others = [spec for spec in self.auditors(syntax) if spec is not OPENJPH]
        if others and syntax.uid in LJ92.decodes:
            yield LJ92
        yield from others

    def auditors(self, syntax: TransferSyntax) -> Iterator[CodecSpec]:
        """Yields the code bases that only verify, if the settings allow them."""
        settings = self._settings
        chosen = settings.codecs or settings.order == "plugins-only"
        if chosen and not settings.verifies.independent:
            return
        for spec in AUDITORS:
            if syntax.uid in spec.decodes and not self._lacks(spec):
                yield spec

    def shipped(self, syntax: TransferSyntax) -> Iterator[CodecSpec]:
        """Yields the shipped codecs that decode this syntax, including GDCM, if allowed."""
        settings = self._settings
        for spec in SHIPPED.values():
            named = spec.name in settings.codecs
            free = not settings.codecs and (settings.order != "plugins-only" or not spec.builtin)
            if (named or free) and syntax.uid in spec.decodes and not self._lacks(spec):
                yield spec

    def broken(self) -> tuple[BrokenPlugin, ...]:
        """Returns the plugins that cannot be used; starts each of them to find out."""
        found = map(self._describe, self._entry_points)
        return tuple(plugin for plugin in found if isinstance(plugin, BrokenPlugin))

    def open(self, spec: CodecSpec, frames: int = 1, *, apart: bool = False) -> Codec:
        """Returns the codec: its module, or subprocesses for a plugin.

        A builtin that holds the GIL also runs in subprocesses if there are several ``frames`` and
        several CPUs.

        Args:
            spec: the codec to open.
            frames: the number of frames that it will process.
            apart: run even a builtin in subprocesses, as it is not safe with these streams.

        Raises:
            CodecError: the module of a builtin cannot be imported.
        """
        apart |= spec.holds_gil and frames > 1 and self.budget.cpus > 1
        if apart or not spec.builtin:
            return self._isolated(spec)
        try:
            return cast("Codec", import_module(spec.module))
        except ImportError as error:
            raise CodecError(f"{spec.name} cannot be imported: {error}") from error

    def _isolated(self, spec: CodecSpec) -> Codec:
        """Returns the codec running in subprocesses."""
        from dicomtx.codecs.isolation.worker_group import Isolated  # noqa: PLC0415 - mostly not needed

        isolated = Isolated(self._group(spec.name), spec.module)
        if spec is not FFMPEG:
            return isolated
        from dicomtx.codecs.ffmpeg_trust import Trusted  # noqa: PLC0415 - mostly not needed

        return Trusted(isolated)

    def printed(self) -> list[str]:
        """Returns what isolated codecs printed since the last call, as "name: line"."""
        return [
            f"{name}: {line}"
            for name, team in list(self._groups.items())
            for line in team.printed()
        ]

    def close(self) -> None:
        """Ends the subprocesses of the isolated codecs."""
        for team in list(self._groups.values()):
            team.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _lacks(self, spec: CodecSpec) -> bool:
        """Returns whether a required module is missing; cached, as a batch has many files."""
        if spec.name not in self._missing:
            self._missing[spec.name] = bool(missing(spec))
        return self._missing[spec.name]

    @cached_property
    def budget(self) -> Budget:
        """The memory and CPU limits for frames processed in parallel."""
        return Budget.of(self._settings)

    @cached_property
    def _entry_points(self) -> dict[str, list["EntryPoint"]]:
        """The registered entry points by name; reading them imports no plugin."""
        from importlib.metadata import entry_points  # noqa: PLC0415 - 35 ms, mostly not needed

        found: dict[str, list[EntryPoint]] = {}
        for point in entry_points(group=GROUP):
            found.setdefault(point.name, []).append(point)
        return dict(sorted(found.items()))

    def _third_party(self) -> Iterator[CodecSpec]:
        for name in self._entry_points:
            found = self._describe(name)
            if isinstance(found, CodecSpec):
                yield found

    def spec(self, name: str) -> CodecSpec:
        """Returns the codec of this name.

        Raises:
            CodecError: the plugin cannot be used.
        """
        found = NAMED.get(name) or self._describe(name)
        if isinstance(found, BrokenPlugin):
            raise CodecError(f"plugin {name!r} cannot be used: {found.reason}")
        return found

    def _describe(self, name: str) -> CodecSpec | BrokenPlugin:
        if name not in self._described:
            self._described[name] = self._look_at(name, self._entry_points[name])
        return self._described[name]

    def _look_at(self, name: str, points: list["EntryPoint"]) -> CodecSpec | BrokenPlugin:
        """Returns the spec that an entry point names, or the reason why it cannot be used."""
        if name in RESERVED:
            return BrokenPlugin(name, "the name is reserved for a codec of dicomtx")
        if len(points) > 1:
            return BrokenPlugin(name, f"{len(points)} packages register this name")
        from dicomtx.codecs.isolation.worker_group import describe  # noqa: PLC0415 - mostly not needed

        try:
            spec = describe(self._group(name), points[0].value)
        except CodecError as error:
            return BrokenPlugin(name, str(error))
        if spec.name != name:
            return BrokenPlugin(name, f"its CodecSpec has another name, {spec.name!r}")
        return spec

    def _group(self, name: str) -> "WorkerGroup":
        from dicomtx.codecs.isolation.worker_group import WorkerGroup  # noqa: PLC0415 - processes: mostly not needed

        if name not in self._groups:
            self._groups[name] = WorkerGroup(name, self._settings.frame_timeout, self.budget.cpus)
        return self._groups[name]
