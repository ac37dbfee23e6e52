"""Renders the report as one self-contained HTML page: totals, charts, failures, other files."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Self

from dicomtx.run_facts import RunFacts
from dicomtx.sizes import size
from dicomtx.storage.source import Spool
from dicomtx.transfer_syntaxes import by_uid
from dicomtx.workflows.convert.request import Outcome
from dicomtx.workflows.html_page import END, breakable, escaped, facts, head
from dicomtx.workflows.reports.totals import WRITTEN

MOST_FAILURES: Final = 10_000
MOST_OTHERS: Final = 1_000
MOST_BARS: Final = 20
BAR: Final = 420
HEAD: Final = ("File", "Status", "Syntax", "Size", "Codec", "Verified", "Remarks")


class Page:
    """The HTML page. Rows wait in two spools, because the page begins with the totals."""

    def __init__(self, folder: str) -> None:
        """Starts a page. Large spools become unnamed temporary files in ``folder``."""
        self._failures = _Rows(folder, MOST_FAILURES)
        self._others = _Rows(folder, MOST_OTHERS)

    def row(self, outcome: Outcome) -> bytes:
        """Stores one row. Returns no bytes, because nothing can be written yet."""
        (self._failures if outcome.error else self._others).add(outcome)
        return b""

    def end(self, totals: Mapping[str, Any], run: RunFacts | None) -> Iterator[bytes]:
        """Yields the page."""
        title = "dicomtx: report"
        yield f"{head(title)}<h1>{title}</h1>\n".encode()
        yield _totals(totals).encode()
        yield facts(run).encode()
        yield _picture("Sizes by modality", totals["by_modality"], "unknown").encode()
        before = {_syntax(uid): row for uid, row in totals["by_source_syntax"].items()}
        yield _picture("Sizes by syntax of the sources", before, "unknown").encode()
        after = {_syntax(uid): row for uid, row in totals["by_target_syntax"].items()}
        yield _picture("Sizes by syntax of the outputs", after, "unknown").encode()
        yield from self._failures.section("Failures", opened=True)
        yield from self._others.section("All other files", opened=False)
        yield END.encode()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._failures.spool.close()
        self._others.spool.close()


class _Rows:
    """The rows of one table, limited to what a browser can show."""

    def __init__(self, folder: str, most: int) -> None:
        self.spool = Spool(folder)
        self._most = most
        self._count = 0

    def add(self, outcome: Outcome) -> None:
        self._count += 1
        if self._count <= self._most:
            self.spool.write(_row(outcome).encode("utf-8", "backslashreplace"))

    def section(self, title: str, *, opened: bool) -> Iterator[bytes]:
        """Yields the heading and the table."""
        if not self._count:
            return
        shown = min(self._count, self._most)
        more = self._count - shown
        rest = f" (the first {shown}; {more} more are in a .jsonl or .csv report)" if more else ""
        yield f"<details{' open' * opened}><summary><h2 style='display:inline'>".encode()
        yield f"{title}: {self._count}{rest}</h2></summary>\n<table><thead><tr>".encode()
        yield "".join(f"<th>{name}</th>" for name in HEAD).encode()
        yield b"</tr></thead><tbody>\n"
        source = self.spool.source()
        yield from source.chunks(0, source.size)
        yield b"</tbody></table></details>\n"


def _row(outcome: Outcome) -> str:
    """Returns one row of the table."""
    route = f"{_syntax(outcome.source_syntax)} → {_syntax(outcome.target_syntax)}"
    known = outcome.source_syntax or outcome.target_syntax
    sizes = f"{size(outcome.bytes_in)} → {size(outcome.bytes_out)}"
    attempts = [f"{a.codec} could not {a.direction}: {a.reason}" for a in outcome.attempts]
    cells = (
        outcome.path,
        outcome.status,
        route if outcome.source_syntax and outcome.target_syntax else _syntax(known),
        sizes if outcome.status in WRITTEN else size(outcome.bytes_in),
        " → ".join(dict.fromkeys(name for name in (outcome.decoder, outcome.encoder) if name)),
        outcome.verification if outcome.status in WRITTEN else "",
    )
    told = (outcome.error, _loss(outcome), *attempts, *outcome.warnings)
    remarks = [text for text in told if text]
    shown = "".join(f"<td>{breakable(cell)}</td>" for cell in cells)
    shown += f"<td>{'<br>'.join(map(breakable, remarks))}</td>"
    return f'<tr class="{escaped(outcome.status)}">{shown}</tr>\n'


def _loss(outcome: Outcome) -> str:
    """Returns the measured loss of a lossy step; empty for other steps."""
    quality = outcome.quality
    if not quality:
        return ""
    psnr = "no sample differs" if quality.psnr is None else f"PSNR {quality.psnr:.1f} dB"
    worst = f", worst frame {quality.worst_frame}" if len(quality.frames) > 1 else ""
    return f"LOSSY: {psnr}, largest error {quality.largest_error}{worst}"


def _syntax(uid: str) -> str:
    return by_uid(uid).name if uid else ""


def _totals(totals: Mapping[str, Any]) -> str:
    """Returns the boxes with totals at the top of the page."""
    ratio = totals["ratio"]
    boxes = [(str(count), status) for status, count in totals["by_status"].items()]
    boxes.insert(0, (str(totals["files"]), "files"))
    if totals["lossy"]:
        boxes.append((str(totals["lossy"]), "LOSSY"))
    boxes.append((f"{size(totals['bytes_in'])} → {size(totals['bytes_out'])}", "written"))
    boxes.append((f"{ratio:.2f}:1" if ratio else "-", "ratio"))
    boxes.append((f"{totals['elapsed']:.1f} s", "elapsed"))
    shown = "".join(
        f'<div class="{escaped(name)}"><b>{escaped(value)}</b>{escaped(name)}</div>'
        for value, name in boxes
    )
    warned = f"<p>Files with warnings: {totals['warnings']}.</p>" if totals["warnings"] else ""
    cut = "" if totals["complete"] else "<p><b>Interrupted: some files were not processed.</b></p>"
    return f'<div class="totals">{shown}</div>{cut}{warned}\n'


def _picture(title: str, rows: Mapping[str, Mapping[str, Any]], unnamed: str) -> str:
    """Draws bars of bytes before and after, largest first. Empty if there are no rows."""
    by_size = sorted(rows.items(), key=lambda row: row[1]["bytes_in"], reverse=True)[:MOST_BARS]
    if not by_size:
        return ""
    most = max(max(row["bytes_in"], row["bytes_out"]) for _, row in by_size) or 1
    bars = []
    for at, (name, row) in enumerate(by_size):
        top = at * 44
        told = f"{escaped(name) or unnamed}: {row['files']} file{'s' * (row['files'] != 1)}"
        sizes = f"{size(row['bytes_in'])} → {size(row['bytes_out'])}"
        bars.append(
            f'<text x="0" y="{top + 16}">{told}</text>'
            + _bar(top + 3, row["bytes_in"] / most, "before")
            + _bar(top + 18, row["bytes_out"] / most, "after")
            + f'<text x="{320 + BAR + 10}" y="{top + 21}">{sizes}</text>'
        )
    height = len(by_size) * 44
    size_of = f'viewBox="0 0 960 {height}" width="960" height="{height}"'
    return (
        f"<h2>{title}</h2><p>Bytes before (grey) and after (blue).</p>"
        f'<svg {size_of} role="img">'
        f"<title>{title}: before and after</title>{''.join(bars)}</svg>\n"
    )


def _bar(top: int, share: float, kind: str) -> str:
    width = max(1, round(share * BAR))
    return f'<rect class="{kind}" x="320" y="{top}" width="{width}" height="13"/>'
