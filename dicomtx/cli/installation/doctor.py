"""``dicomtx doctor``: shows what a bug report needs, and tests each codec."""

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import click

from dicomtx.cli.options.headings import Command, option
from dicomtx.cli.output.console import Console
from dicomtx.errors import ExitCode, SettingsError
from dicomtx.limits import Limits
from dicomtx.settings import Settings, load, settings_file

if TYPE_CHECKING:
    from dicomtx.codecs.registry import BrokenPlugin
    from dicomtx.codecs.self_test import SelfTest

LONGEST: Final = 60.0  # seconds for one image of 32 x 32, even on a busy machine


@click.command(cls=Command, short_help="Test the codecs; show what a bug report needs.")
@option("Options", "--config", metavar="FILE", help="Settings file, instead of the user's own.")
@option("Reports", "--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def doctor(console: Console, /, config: str | None, *, as_json: bool) -> int:
    """Test each codec with a tiny image; show versions, paths and limits.

    The output is meant for bug reports. It has no patient data and no host name, and paths in the
    home folder begin with '~'. Exit code 1: a codec failed its test. 9: the settings are invalid.
    """
    from dicomtx.codecs.registry import AUDITORS, Codecs  # noqa: PLC0415 - a command imports its work
    from dicomtx.codecs.self_test import self_tests  # noqa: PLC0415

    settings, wrong = _settings(config)
    facts = {
        "versions": dict(_versions()),
        "paths": dict(_paths(config, wrong)),
        "limits": dict(_limits(settings)),
    }
    with Codecs(Settings(frame_timeout=LONGEST)) as codecs:
        results = list(self_tests(codecs, (*codecs, *AUDITORS)))
        broken = codecs.broken()
    if as_json:
        import json  # noqa: PLC0415 - 5 ms that only --json needs

        plugins = [plugin._asdict() for plugin in broken]
        told = {"codecs": [one._asdict() for one in results], "broken": plugins}
        console.result(json.dumps({**facts, **told}))
    else:
        from dicomtx.cli.output.doctor import show  # noqa: PLC0415 - wraps text

        show(console, facts, results, broken)
    if wrong:
        return ExitCode.SETTINGS
    return ExitCode.SOME_FAILED if has_failed(results, broken) else ExitCode.DONE


def has_failed(results: "Sequence[SelfTest]", broken: "Sequence[BrokenPlugin]") -> bool:
    """Returns whether a codec failed its test. One that is not installed did not."""
    return bool(broken) or any(one.failures for one in results)


def _settings(config: str | None) -> tuple[Settings, str]:
    """Returns the settings; the defaults and the error if they are invalid."""
    try:
        return load(config, os.environ), ""
    except SettingsError as error:
        return Settings(), str(error)


def _versions() -> Iterator[tuple[str, str]]:
    """Yields the versions of dicomtx, Python, the system and the libraries."""
    import platform  # noqa: PLC0415 - a command imports its work

    from dicomtx.codecs.versions import installed  # noqa: PLC0415
    from dicomtx.version import __version__  # noqa: PLC0415

    yield "dicomtx", __version__
    yield "Python", f"{platform.python_implementation()} {platform.python_version()}"
    libc = " ".join(platform.libc_ver())
    system = (platform.system(), platform.release(), platform.machine(), libc)
    yield "System", " ".join(filter(None, system))
    yield from ((name, found or "not installed") for name, found in installed().items())


def _paths(config: str | None, wrong: str) -> Iterator[tuple[str, str]]:
    """Yields the files and folders that dicomtx uses."""
    from dicomtx.storage.source import temporary_folder  # noqa: PLC0415 - a command imports its work
    from dicomtx.warm.address import VARIABLE, chosen_socket, default_socket  # noqa: PLC0415
    from dicomtx.workflows.batch.job import state_folder  # noqa: PLC0415

    file = settings_file(config, os.environ)
    yield "Settings file", _short(file) or "none"
    if wrong:
        yield "Settings", _short(wrong)
    variables = sorted(name for name in os.environ if name.startswith("DICOMTX_"))
    yield "Variables", ", ".join(variables) or "none"
    yield "Journals of --in-place", _short(state_folder())
    socket = chosen_socket(os.environ) or default_socket(os.environ)
    yield "Server socket", f"{_short(socket)} ({'running' if _answers(socket) else 'not running'})"
    yield VARIABLE, _short(os.environ.get(VARIABLE, "")) or "not set"
    yield "Temporary files", _short(temporary_folder())


def _answers(socket: str) -> bool:
    """Returns whether a server of this user answers on a socket."""
    from dicomtx.warm import protocol  # noqa: PLC0415 - a command imports its work
    from dicomtx.warm.client import call  # noqa: PLC0415

    try:
        return bool(call(socket, protocol.STATUS))
    except OSError:
        return False


def _limits(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yields the limits of the machine and of the settings."""
    from dicomtx.resources import Budget  # noqa: PLC0415 - a command imports its work
    from dicomtx.sizes import size  # noqa: PLC0415

    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    budget = Budget.of(settings)
    yield "CPUs", f"{os.cpu_count()}, used: {budget.cpus}"
    yield "Memory", f"{size(whole)}, for frames: {size(budget.memory)}"
    usual, here = Limits()._asdict(), settings.limits._asdict()
    changed = (f"{name}={value}" for name, value in here.items() if value != usual[name])
    yield "Limits of a file", ", ".join(changed) or "the defaults"


def _short(path: str) -> str:
    """Returns a text with the home folder as ``~``, because its name can be a person's."""
    home = os.path.expanduser("~")
    return path.replace(home, "~") if len(home) > 1 else path
