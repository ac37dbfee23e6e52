"""Prints the dry run of convert, batch or export: one line for each file, then the totals."""

import json
from collections.abc import Iterable, Iterator, Mapping

from dicomtx.cli.output.console import Console
from dicomtx.cli.output.outcome import Report
from dicomtx.errors import ExitCode
from dicomtx.sizes import size
from dicomtx.transfer_syntaxes import by_uid
from dicomtx.workflows.preview.plan_record import SKIP, Planned, Sums

STYLES = {"LOSSY": "warning", "warning:": "warning"}
TOTALS = {"LOSSY": "warning", "refuse": "error", "would fail": "error"}
"""Words of a line that have a colour."""


def show(console: Console, plans: Iterable[Planned], report: Report) -> Sums:
    """Prints what would be done with each file; files that would fail go to standard error."""
    sums = Sums()
    for planned in plans:
        sums.add(planned)
        show_one(console, planned, report)
    if not report.quiet:
        line = f"dry run: {_totals(sums)}; nothing was written"
        console.line(line, TOTALS, to_errors=report.as_json)
    return sums


def show_one(console: Console, planned: Planned, report: Report) -> None:
    """Prints what would be done with one file."""
    if report.as_json:
        console.result(json.dumps(planned.as_json()))
    elif planned.exit_code:
        console.note(f"{planned.path}: {'; '.join(_failure(planned))}", "error")
    elif not report.quiet:
        console.line(_line(planned), STYLES)


def wrong(sums: Sums, *, refusals: bool) -> bool:
    """Returns whether a file would fail; ``refusals`` by a policy can count, too."""
    right = {ExitCode.DONE} if refusals else {ExitCode.DONE, ExitCode.POLICY}
    return bool(sums.codes.keys() - right)


def counts(actions: Mapping[str, int], sums: Sums) -> Iterator[str]:
    """Yields how many files have each action, and how many of them are lossy."""
    for action, count in actions.items():
        lossy = f" ({sums.lossy[action]} LOSSY)" if sums.lossy[action] else ""
        yield f"{count} {action}{lossy}"


def _totals(sums: Sums) -> str:
    actions = sums.actions()
    failing = actions.pop("unreadable", 0)
    told = list(counts(actions, sums))
    told += [f"{failing} would fail"] if failing else []
    return f"{', '.join(told) or 'no files'}, {size(sum(sums.bytes_in.values()))}"


def _failure(planned: Planned) -> Iterator[str]:
    """Yields why the file would fail, and what would be done about it."""
    if planned.error:
        yield planned.error
    elif planned.exit_code == ExitCode.POLICY:
        yield f"refused by {planned.rule}: {planned.reason}"
    else:
        yield f"cannot be converted: {planned.reason}"
    yield from planned.warnings


def _line(planned: Planned) -> str:
    if planned.action == SKIP:
        return f"{planned.path}: skip: {planned.reason}"
    route = f"{planned.path} -> {planned.destination}"
    return f"{route}: {', '.join(filter(None, _facts(planned)))}"


def _facts(planned: Planned) -> Iterator[str]:
    """Yields the action, the syntaxes, the codecs, what could happen instead, and warnings."""
    yield planned.action
    source, target = planned.source_syntax, planned.target_syntax
    if source and target and source != target:
        yield f"{by_uid(source).name} -> {by_uid(target).name}"
    elif target:
        yield by_uid(target).name
    codecs = dict.fromkeys(name for name in (planned.decoder, planned.encoder) if name)
    yield " -> ".join(codecs)
    yield "LOSSY" if planned.lossy else ""
    yield "new SOP Instance UID" if planned.new_sop_instance_uid else ""
    rule = "" if planned.rule.startswith("--to ") else planned.rule
    yield ": ".join(filter(None, (rule, planned.reason)))
    yield from planned.otherwise
    yield from (f"warning: {text}" for text in planned.warnings)
