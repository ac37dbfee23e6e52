"""Prints a dry run as a table, JSON lines or CSV."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from dicomtx.cli.output import tables
from dicomtx.cli.output.console import Console
from dicomtx.cli.output.dry_run import counts, styles
from dicomtx.cli.output.terminal import Styled
from dicomtx.printable import csv_cell
from dicomtx.sizes import size
from dicomtx.transfer_syntaxes import by_uid
from dicomtx.workflows.preview.plan_record import NAMES, PlanGroup, Planned, Sums

HEADER: Final = ("File", "Action", "From", "To", "Why")


def show(console: Console, told: Iterable[Planned], form: str | None) -> None:
    """Prints the plan of each file: as a table, JSON lines or CSV."""
    if form is None:
        rows = [_row(planned) for planned in told]
        if rows:
            tables.show(console, rows, HEADER)
            console.result("")
        return
    if form == "csv":
        console.result(_csv(list(NAMES)))
    for planned in told:
        values = planned.as_json()
        console.result(json.dumps(values) if form == "json" else _csv(list(values.values())))


def _row(planned: Planned) -> tuple[str, str, str, str, str]:
    if planned.status == "failed":
        return planned.path, Styled("fail", "error"), "-", "-", planned.error
    source, target = planned.source_syntax, planned.target_syntax
    return (
        planned.path,
        Styled(planned.action, "error") if planned.action == "refuse" else planned.action,
        by_uid(source).name,
        by_uid(target).name if target else "-",
        "; ".join(_why(planned)),
    )


def _why(planned: Planned) -> Iterator[str]:
    """Yields the rule that decided and its reason, the codecs, and the warnings."""
    rule = "" if planned.rule.startswith("--to ") else planned.rule  # that says nothing new
    if rule or planned.reason:
        yield ": ".join(filter(None, (rule, planned.reason)))
    codecs = dict.fromkeys(name for name in (planned.decoder, planned.encoder) if name)
    if codecs:
        yield f"by {' and '.join(codecs)}"
    if planned.lossy:
        yield "LOSSY"
    if planned.modified:
        yield f"modifies {', '.join(planned.modified)}"
    if planned.new_sop_instance_uid:
        yield "new SOP Instance UID"
    yield from (f"warning: {text}" for text in planned.warnings)


def _csv(values: list[object]) -> str:
    """Returns one CSV line; cells are escaped against formulas and line breaks."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(map(csv_cell, values))
    return line.getvalue()


def totals(console: Console, sums: Sums, form: str | None, *, estimated: bool) -> None:
    """Prints the totals: on standard error if the files are printed as JSON or CSV."""
    if form is None:
        tables.show(console, list(_total_rows(sums)), ("Totals", "Files", "Bytes"))
    line = f"plan: {counts(sums)}, {size(sums.bytes)}{_after(sums, estimated=estimated)}"
    if form is None:
        console.result("")
        console.line(line, styles(sums))
    else:
        console.note(line)


def _after(sums: Sums, *, estimated: bool) -> str:
    """Returns the estimated size of the output; empty if it was not ``estimated``."""
    if not estimated:
        return ""
    limits = f"between {size(sums.low)} and {size(sums.high)}" if sums.low < sums.high else ""
    single = f"no range for {_files(sums.without_range)}" if sums.without_range else ""
    missing = f"{_files(sums.unknown)} not estimated" if sums.unknown else ""
    remarks = "; ".join(filter(None, (limits, single, missing)))
    sizes = f"{size(sums.estimated_in)} -> {size(sum(sums.bytes_out.values()))}"
    return f"; estimated output: {sizes}" + f" ({remarks})" * bool(remarks)


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def _total_rows(sums: Sums) -> Iterator[tuple[str, str, str]]:
    for name in ("action", "target_syntax", "modality"):
        sizes = _by(sums.bytes_in, name)
        for key, count in _by(sums.files, name).items():
            if name == "target_syntax":
                label = f"in {by_uid(key).name}" if key else "no output"
            else:
                label = key or "no modality"
            yield label, str(count), size(sizes[key])


def _by(counts: Counter[PlanGroup], name: str) -> Counter[str]:
    summed: Counter[str] = Counter()
    for kind, count in counts.items():
        summed[getattr(kind, name)] += count
    return Counter(dict(sorted(summed.items())))
