"""Makes the batch that the options of a command ask for."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

from dicomtx.cli.options.many_files import FINDING, PLACING
from dicomtx.cli.options.places import check_in_place, sources_and_output

if TYPE_CHECKING:
    from dicomtx.dicom.modification.modification import Modification
    from dicomtx.engine.planning.policy import Policy
    from dicomtx.processes.fork_server import ForkServer
    from dicomtx.workflows.batch.job import Batch
    from dicomtx.workflows.inputs.layout import Layout

NAMES: Final = {"null": "-0", "jobs": "-j"}
RULES: Final = ("skip_same", "best_of", "copy_others", "preserve")


def batch_of(
    paths: tuple[str, ...], options: dict[str, Any], modification: "Modification | None" = None
) -> "Batch":
    """Returns the batch to run.

    Args:
        paths: the arguments.
        options: the options of the command.
        modification: what to change in each data set; None for a conversion only.

    Raises:
        click.UsageError: arguments are missing, or contradict each other.
    """
    server = _workers(options)  # first, as it starts while this process plans

    from dicomtx.transfer_syntaxes import DEFAULT_TARGET  # noqa: PLC0415
    from dicomtx.workflows.batch.job import Batch  # noqa: PLC0415
    from dicomtx.workflows.batch.resume import Choice  # noqa: PLC0415
    from dicomtx.workflows.convert.request import FileRules  # noqa: PLC0415
    from dicomtx.workflows.inputs.arguments import Selection  # noqa: PLC0415
    from dicomtx.workflows.workers.pool import ProcessPool  # noqa: PLC0415

    if options["verbose"] and options["quiet"]:
        raise click.UsageError("-v and -q contradict each other")
    sources, destination = _places(paths, options)
    _check(options)
    best_of = options["best_of"]
    rules = {name: options[name] for name in RULES}
    find = {name: options[name] for name in (*FINDING, *PLACING)}
    timeout = options["file_timeout"]
    return Batch(
        sources,
        destination,
        options["target"] or DEFAULT_TARGET,
        options["settings"],
        FileRules(only=options["only"] or "", skip_others=True, **rules),
        Selection(**find),
        _layout(options["layout"]),
        options["journal"],
        Choice(options["overwrite"], options["skip_existing"], options["retry_failed"]),
        options["fail_fast"],
        options["remap"],
        executor=ProcessPool(
            options["jobs"], options["settings"].max_memory, timeout, server, grouped=True
        ),
        policy=None if best_of or options["from_plan"] else _policy(options),
        on_failure=options["on_failure"],
        from_plan=options["from_plan"],
        rejected=options["rejected"],
        modification=modification,
    )


def _workers(options: dict[str, Any]) -> "ForkServer | None":
    """Returns the server of the worker processes, which ends with the command.

    None: the command starts no workers, or the system cannot start it. The pool then tries again.
    """
    if options["dry_run"] or options.get("cluster"):
        return None
    from dicomtx.workflows.workers.server import worker_server  # noqa: PLC0415

    target = None if options["policy"] else options["target"]
    with suppress(OSError):
        return click.get_current_context().with_resource(worker_server(target))
    return None


def _policy(options: dict[str, Any]) -> "Policy | None":
    """Returns what decides for each file; None if --to does. Without --to, the syntax stays."""
    if options["policy"] or options["target"]:
        found: Policy | None = options["policy"]
        return found
    from dicomtx.engine.planning.policy import OwnSyntax  # noqa: PLC0415

    return OwnSyntax()


def _places(paths: tuple[str, ...], options: dict[str, Any]) -> tuple[tuple[str, ...], str]:
    """Returns the sources and the destination, which is empty with --in-place.

    Raises:
        click.UsageError: SRC or DST is missing, or is not allowed.
    """
    output = options["output"]
    if options["in_place"]:
        check_in_place(paths, output)
        sources, destination = paths, ""
    else:
        sources, destination = sources_and_output(paths, output)
    if not (destination or options["in_place"]):
        raise click.UsageError("SRC and DST are missing")
    if options["from_plan"] and sources:
        raise click.UsageError(f"{sources[0]}: --from-plan names the files, so SRC is not allowed")
    if not (options["from_plan"] or sources):
        raise click.UsageError(
            "DST is missing: add it, or overwrite the sources with --in-place. For a list of paths"
            f" on standard input, add '-': dicomtx batch - {destination}"
        )
    return sources, destination


def _check(options: dict[str, Any]) -> None:
    """Checks that no two options contradict each other.

    Raises:
        click.UsageError: two do.
    """
    from dicomtx.workflows.batch.contradictions import PLANNED, contradiction  # noqa: PLC0415

    context = click.get_current_context()
    params = {"policy": context.params["named"], "report": options["reports"]}
    given = {name for name, value in (options | params).items() if value}
    given |= {"orthanc"} & {name for name, value in context.params.items() if value}
    given |= {n for n in PLANNED if context.params[n] is not None}  # --no-repair contradicts, too
    if context.get_parameter_source("target") is ParameterSource.COMMANDLINE:
        given.add("to")
    if two := contradiction(given):
        first, second = (NAMES.get(name, f"--{name.replace('_', '-')}") for name in two)
        raise click.UsageError(f"{first} and {second} contradict each other")


def _layout(template: str | None) -> "Layout | None":
    if not template:
        return None
    from dicomtx.workflows.inputs.layout import Layout  # noqa: PLC0415 - brings pydicom

    return Layout.parse(template)
