"""Prints the dry run of convert, batch or export: one line for each file, then the totals."""

import json
from collections.abc import Iterable, Iterator
from typing import Final

from dicomtx.cli.output.console import Console
from dicomtx.cli.output.outcome import Report
from dicomtx.errors import ExitCode
from dicomtx.sizes import size
from dicomtx.transfer_syntaxes import by_uid
from dicomtx.workflows.convert.request import Status
from dicomtx.workflows.preview.plan_record import SKIP, Planned, Sums

STYLES = {"LOSSY": "warning", "warning:": "warning"}
"""Words of a line that have a colour."""
BAD: Final[tuple[Status, ...]] = ("refused", "failed")
STATUSES: Final[tuple[Status, ...]] = ("done", "kept", "refused", "failed", "skipped")


def show(console: Console, plans: Iterable[Planned], report: Report) -> Sums:
    """Prints what would be done with each file; files that would fail go to standard error."""
    sums = Sums()
    for planned in plans:
        sums.add(planned)
        show_one(console, planned, report)
    if not report.quiet:
        line = f"dry run: {counts(sums)}, {size(sums.bytes)}; nothing was written"
        console.line(line, styles(sums), to_errors=report.as_json)
    return sums


def show_one(console: Console, planned: Planned, report: Report) -> None:
    """Prints what would be done with one file."""
    if report.as_json:
        console.result(json.dumps(planned.as_json()))
    elif planned.exit_code:
        console.note(f"{planned.path}: {'; '.join((planned.error, *planned.warnings))}", "error")
    elif not report.quiet:
        console.line(_line(planned), STYLES)


def wrong(sums: Sums, *, refusals: bool) -> bool:
    """Returns whether a file would fail; ``refusals`` by a policy can count, too."""
    right = {ExitCode.DONE} if refusals else {ExitCode.DONE, ExitCode.POLICY}
    return bool(sums.codes.keys() - right)


def counts(sums: Sums) -> str:
    """Returns how many files would have each status, in the words of the summary of a run."""
    lossy = f" ({sums.lossy} LOSSY)" if sums.lossy else ""
    found = [(sums.by_status[status], status) for status in STATUSES if sums.by_status[status]]
    told = [f"{count} {status}{lossy if status == 'done' else ''}" for count, status in found]
    return ", ".join(told).replace(" ", " would be ", 1) or "no files"


def styles(sums: Sums) -> dict[str, str]:
    """Returns the words of the totals that have a colour, with their styles."""
    return {"LOSSY": "warning"} | {word: "error" for word in BAD if sums.by_status[word]}


def _line(planned: Planned) -> str:
    if planned.action == SKIP:
        return f"{planned.path}: skip: {planned.reason}"
    route = f"{planned.path} -> {planned.destination}"
    return f"{route}: {', '.join(filter(None, _facts(planned)))}"


def _facts(planned: Planned) -> Iterator[str]:
    """Yields the action, the syntaxes, the codecs, what could happen instead, and warnings."""
    yield "keep unchanged" if planned.status == "kept" else planned.action
    source, target = planned.source_syntax, planned.target_syntax
    if source and target and source != target:
        yield f"{by_uid(source).name} -> {by_uid(target).name}"
    elif target:
        yield by_uid(target).name
    codecs = dict.fromkeys(name for name in (planned.decoder, planned.encoder) if name)
    yield " -> ".join(codecs)
    yield "LOSSY" if planned.lossy else ""
    yield f"modifies {', '.join(planned.modified)}" if planned.modified else ""
    yield "new SOP Instance UID" if planned.new_sop_instance_uid else ""
    rule = "" if planned.rule.startswith("--to ") else planned.rule
    yield ": ".join(filter(None, (rule, planned.reason)))
    yield from planned.otherwise
    yield from (f"warning: {text}" for text in planned.warnings)
