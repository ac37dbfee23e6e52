"""``dicomtx queue``: list, retry and drop the deliveries of a spool."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import click

from dicomtx.cli.options.commands import Group
from dicomtx.cli.options.headings import Command, argument, option
from dicomtx.cli.options.many_files import add
from dicomtx.cli.output.console import Console
from dicomtx.errors import ExitCode, SourceError

if TYPE_CHECKING:
    from dicomtx.workflows.route.administration import Selection
    from dicomtx.workflows.route.queue import Queue
    from dicomtx.workflows.route.records import Delivery
    from dicomtx.workflows.route.spool import Spool

STATES: Final = ("waiting", "sending", "delivered", "dead", "dropped")
UNFINISHED: Final = ("waiting", "sending", "dead")
HEADER: Final = ("ID", "State", "Destination", "Attempts", "SOP Instance UID", "Next", "Reason")
SELECTION: Final = (
    option("Options", "--spool", metavar="DIR", required=True, help="Folder of the spool."),
    option(
        *("Selection", "--state", "states"),
        metavar="STATE",
        type=click.Choice(STATES),
        multiple=True,
        help="Only deliveries in this state. Repeatable.",
    ),
    option(
        *("Selection", "--destination"),
        metavar="NAME",
        default="",
        help="Only deliveries to this destination.",
    ),
    option(
        *("Selection", "--instance"),
        metavar="UID",
        default="",
        help="Only deliveries of this SOP Instance UID.",
    ),
)
AS_JSON: Final = option("Reports", "--json", "as_json", is_flag=True, help="Print JSON.")
ALL: Final = option("Selection", "--all", "everything", is_flag=True, help="Select all of them.")


@click.group(
    cls=Group,
    short_help="List, retry or drop the deliveries of a spool.",
    for_path="Use 'dicomtx queue list --spool {path}'",
)
def queue() -> None:
    """List, retry or drop the deliveries of the spool of 'dicomtx route'.

    It works whether or not route is running.
    """


def _selecting(*more: Any) -> Callable[[Any], Any]:
    return lambda command: add((*SELECTION, *more, AS_JSON), command)


@queue.command("list", cls=Command, short_help="List deliveries: the queue, and the audit.")
@argument("ids", metavar="[ID]...", nargs=-1, type=int, required=False)
@_selecting(option("Selection", "--all", "everything", is_flag=True, help="List ended ones, too."))
@click.pass_obj
def list_(console: Console, /, **options: Any) -> int:
    """List the deliveries that have not ended: waiting, sending or dead.

    With --all or --state also those that are delivered or dropped. --json prints one object per
    line, with the syntaxes, hashes, verification and times of each delivery.
    """
    from dicomtx.cli.output import tables  # noqa: PLC0415 - a command imports its work when run
    from dicomtx.workflows.route.administration import listed  # noqa: PLC0415

    chosen = _selection(options)
    if not (chosen.states or chosen.ids or options["everything"]):
        chosen = chosen._replace(states=UNFINISHED)
    with _opened(options["spool"]) as (_spool, opened):
        if options["as_json"]:
            for delivery in listed(opened, chosen):
                console.result(json.dumps(delivery.as_json()))
        else:
            tables.show(console, [_row(one) for one in listed(opened, chosen)], HEADER)
    return ExitCode.DONE


@queue.command(cls=Command, short_help="Try deliveries again now, dead ones too.")
@argument("ids", metavar="[ID]...", nargs=-1, type=int, required=False)
@_selecting(ALL)
@click.pass_obj
def retry(console: Console, /, **options: Any) -> int:
    """Try deliveries again now. A dead one gets a new retry window."""
    from dicomtx.workflows.route.administration import retried  # noqa: PLC0415

    chosen = _chosen(options)
    with _opened(options["spool"]) as (_spool, opened):
        _tell(console, options, "retried", retried(opened, chosen))
    return ExitCode.DONE


@queue.command(cls=Command, short_help="End deliveries without sending them.")
@argument("ids", metavar="[ID]...", nargs=-1, type=int, required=False)
@_selecting(ALL)
@click.pass_obj
def drop(console: Console, /, **options: Any) -> int:
    """End waiting or dead deliveries without sending them. This cannot be undone.

    The files of an instance are removed when its last delivery has ended.
    """
    from dicomtx.workflows.route.administration import dropped  # noqa: PLC0415

    chosen = _chosen(options)
    with _opened(options["spool"]) as (spool, opened):
        count, instances = dropped(opened, chosen)
        for instance in instances:
            spool.finish(opened, instance)
        _tell(console, options, "dropped", count)
    return ExitCode.DONE


def _chosen(options: dict[str, Any]) -> "Selection":
    """Returns the selection of a change, which is never everything by accident.

    Raises:
        click.UsageError: nothing is selected.
    """
    chosen = _selection(options)
    if not (any(chosen) or options["everything"]):
        raise click.UsageError(
            "name deliveries by ID, --state, --destination or --instance; or --all"
        )
    return chosen


def _selection(options: dict[str, Any]) -> "Selection":
    from dicomtx.workflows.route.administration import Selection  # noqa: PLC0415

    states, ids = options["states"], options["ids"]
    return Selection(states, options["destination"], ids, options["instance"])


@contextmanager
def _opened(folder: str) -> "Iterator[tuple[Spool, Queue]]":
    """Yields a spool and its queue. If no run uses it, what a killed run left is put right."""
    from dicomtx.workflows.route.queue import open_queue  # noqa: PLC0415
    from dicomtx.workflows.route.spool import ORIGINALS, Spool, recovered  # noqa: PLC0415

    spool = Spool(folder, os.path.isdir(os.path.join(folder, ORIGINALS)))
    with open_queue(spool.database, make=False) as opened:
        recovered(spool, opened)
        yield spool, opened


def _row(one: "Delivery") -> tuple[str, ...]:
    due = datetime.fromtimestamp(one.due).astimezone().isoformat(" ", "seconds")
    tries = due if one.state == "waiting" and one.attempts else ""
    place = (str(one.id), one.state, one.destination, str(one.attempts))
    return (*place, one.sop_instance_uid, tries, one.reason)


def _tell(console: Console, options: dict[str, Any], done: str, count: int) -> None:
    """Prints how many deliveries were changed.

    Raises:
        SourceError: none of those that were named can be changed.
    """
    if options["ids"] and not count:
        named = ", ".join(map(str, options["ids"]))
        raise SourceError(f"{options['spool']}: {named}: not {done}: no waiting or dead delivery")
    if options["as_json"]:
        console.result(json.dumps({done: count}))
    else:
        deliveries = "delivery" if count == 1 else "deliveries"
        console.line(f"{done} {count} {deliveries}")
