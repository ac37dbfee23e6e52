"""Prints what peers accept, how files would leave, and what became of them."""

import json
from collections.abc import Iterable, Sequence

from dicomtx.cli.output.console import Console
from dicomtx.cli.output.outcome import Report
from dicomtx.cli.output.progress import STATUSES, counts
from dicomtx.errors import ExitCode
from dicomtx.sizes import size
from dicomtx.transfer_syntaxes import BY_UID, by_uid
from dicomtx.workflows.reports.totals import Totals
from dicomtx.workflows.send.preview import Preview

STYLES = {"warning:": "warning"}


def summary(totals: Totals, seconds: float) -> str:
    """Returns the last line of a run."""
    sent = size(totals.written.bytes_out)
    return f"send: {counts(totals, STATUSES)}, {sent} in {seconds:.1f} s"


def show(console: Console, previews: Iterable[Preview], report: Report) -> ExitCode:
    """Prints how each file would leave; before the first of a SOP class, what the peer accepts."""
    asked: set[str] = set()
    files = failed = 0
    for one in previews:
        files, failed = files + 1, failed + bool(one.exit_code)
        if report.as_json:
            console.result(json.dumps(one._asdict()))
            continue
        if one.accepts is not None and one.sop_class_uid not in asked and not report.quiet:
            asked.add(one.sop_class_uid)
            console.line(f"{_name(one.sop_class_uid)}: the peer accepts {_names(one.accepts)}")
        _show_one(console, one, report)
    if not report.quiet:
        line = f"dry run: {files - failed} of {files} files can be sent; nothing was sent"
        console.line(line, to_errors=report.as_json)
    return ExitCode.SOME_FAILED if failed else ExitCode.DONE


def _show_one(console: Console, one: Preview, report: Report) -> None:
    if one.exit_code:
        console.note(f"{one.path}: {one.reason}", "error")
        return
    if report.quiet:
        return
    source, target = by_uid(one.source_syntax).name, by_uid(one.target_syntax).name
    route = f"{source}, unchanged" if one.action in ("copy", "keep") else f"{source} -> {target}"
    facts = [f"{one.path}: {route}, rule {one.rule}"]
    facts += ["new SOP Instance UID"] if one.new_sop_instance_uid else []
    facts += [f"warning: not sent as asked: {one.reason}"] if one.reason else []
    console.line("; ".join(facts), STYLES)
    if report.verbose:
        for text in one.warnings:
            console.note(f"{one.path}: warning: {text}", "warning")


def _names(accepted: Sequence[str]) -> str:
    """Returns the syntaxes that dicomtx can write, by name, and the number of the others."""
    if len(accepted) == len(BY_UID):
        return f"all {len(accepted)} transfer syntaxes"
    names = [syntax.name for syntax in map(by_uid, accepted) if syntax.slug]
    others = len(accepted) - len(names)
    return ", ".join([*names, *([f"{others} more"] if others else [])]) or "nothing"


def _name(sop_class_uid: str) -> str:
    """Returns the name of a SOP class in PS3.6; its UID if it is private."""
    from dicomtx.dicom.values.sop_classes import name_of  # noqa: PLC0415 - brings pydicom

    return name_of(sop_class_uid)
