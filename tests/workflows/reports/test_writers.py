"""Reports: a row a file, totals, whole at the end, and harmless to whoever opens them."""

import csv
import json
import os
import re
import subprocess
import sys
from html import unescape
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from referencing import Registry, Resource

from dicomtx.codecs.codec import Attempt
from dicomtx.errors import DestinationError, UsageError
from dicomtx.quality_figures import FrameQuality, Quality
from dicomtx.run_facts import RunFacts
from dicomtx.transfer_syntaxes import by_uid
from dicomtx.workflows.convert.request import Outcome
from dicomtx.workflows.reports.totals import Totals
from dicomtx.workflows.reports.writers import COLUMNS, MEASURED, check_report, open_report
from tests.converter import Converter, grey
from tests.sampling import sampled

IMPLICIT, RLE = "1.2.840.10008.1.2", "1.2.840.10008.1.2.5"
DONE = Outcome(
    path="a.dcm",
    destination="out/a.dcm",
    status="done",
    action="encode",
    source_syntax=IMPLICIT,
    target_syntax=RLE,
    decoder="imagecodecs",
    encoder="imagecodecs",
    bytes_in=3000,
    bytes_out=1000,
    seconds=0.5,
    verification="independent",
    modality="CT",
)
KEPT = Outcome(
    path="b.dcm",
    destination="out/b.dcm",
    status="kept",
    action="keep",
    source_syntax=RLE,
    target_syntax=RLE,
    bytes_in=100,
    bytes_out=100,
    warnings=("it is kept",),
)
FAILED = Outcome(
    path="c.dcm",
    destination="out/c.dcm",
    status="failed",
    action="encode",
    source_syntax=IMPLICIT,
    attempts=(Attempt("gdcm", "encode", "crashed"),),
    bytes_in=70,
    error="no codec could encode",
    exit_code=5,
    modality="MR",
)
SCHEMAS = {
    name: json.loads(files("dicomtx.cli").joinpath("schemas", name).read_text())
    for name in ("outcome.schema.json", "report.schema.json")
}
REGISTRY = Registry().with_resources(
    (name, Resource.from_contents(schema)) for name, schema in SCHEMAS.items()
)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMAS["report.schema.json"], registry=REGISTRY)


def reported(path: Path, *outcomes: Outcome) -> str:
    with open_report(str(path)) as report:
        for outcome in outcomes:
            report.add(outcome)
    return path.read_text()


def lines(path: Path, *outcomes: Outcome) -> list[dict[str, Any]]:
    return [json.loads(line) for line in reported(path, *outcomes).splitlines()]


def table(path: Path, *outcomes: Outcome) -> list[dict[str, str]]:
    reported(path, *outcomes)
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


class Elements(HTMLParser):
    """The elements of a page, and those that were never closed."""

    VOID = ("meta", "br", "rect", "wbr")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.opened: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.opened.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.opened.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("ending", ["jsonl", "csv", "html"])
def test_a_report_names_its_run(tmp_path: Path, ending: str) -> None:
    run = RunFacts(
        "2030-01-02T03:04:05+00:00", "dicomtx batch 'a b' out", "9.9", "here", ("a b",), "out"
    )
    path = tmp_path / f"r.{ending}"
    with open_report(str(path), run) as report:
        report.add(DONE)
    text = unescape(path.read_text().replace("<wbr>", ""))
    assert all(str(value) in text for value in (*run[:4], run.sources[0], run.destination))
    if ending == "jsonl":
        last = json.loads(text.splitlines()[-1])
        VALIDATOR.validate(last)
        assert last["run"]["sources"] == ["a b"]


# ------------------------------------------------------------------------------ JSON Lines


def test_a_line_for_each_file_and_then_the_totals(tmp_path: Path) -> None:
    *rows, last = lines(tmp_path / "r.jsonl", DONE, KEPT, FAILED)
    assert [row["path"] for row in rows] == ["a.dcm", "b.dcm", "c.dcm"]
    assert rows[0] == json.loads(json.dumps(DONE.as_json()))
    assert rows[0]["size_ratio"] == 3.0
    assert rows[2]["attempts"] == [{"codec": "gdcm", "direction": "encode", "reason": "crashed"}]
    totals = last["totals"]
    assert totals["files"] == 3
    assert totals["by_status"] == {"done": 1, "kept": 1, "failed": 1}
    assert (totals["bytes_in"], totals["bytes_out"], totals["ratio"]) == (3100, 1100, 2.8182)
    assert totals["by_modality"].keys() == {"CT", ""}
    assert totals["by_source_syntax"][IMPLICIT]["files"] == 1
    assert totals["by_target_syntax"][RLE]["bytes_out"] == 1100
    assert totals["complete"] is True


def test_every_line_is_what_the_schema_says(tmp_path: Path, converter: Converter) -> None:
    for schema in SCHEMAS.values():
        VALIDATOR.check_schema(schema)
    done = converter.convert(grey(), "rle")
    failed = converter.convert(b"no DICOM" * 99)
    for line in lines(tmp_path / "r.jsonl", done, failed, DONE, KEPT, FAILED):
        VALIDATOR.validate(line)
    for line in lines(tmp_path / "r.jsonl"):
        VALIDATOR.validate(line)


@pytest.mark.parametrize("wrong", [{}, {"totals": {}}, {"totals": {"files": 1}}, {"path": "a"}])
def test_what_is_not_complete_is_not_what_the_schema_says(wrong: dict[str, Any]) -> None:
    assert not VALIDATOR.is_valid(wrong)


def test_names_that_are_no_text_come_back_as_they_were(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff\n\xe4.dcm")
    row, _ = lines(tmp_path / "r.jsonl", DONE._replace(path=name))
    assert os.fsencode(row["path"]) == b"\xff\n\xe4.dcm"


# ------------------------------------------------------------------------------------- CSV


def test_a_table_has_a_row_for_each_file_and_one_of_totals(tmp_path: Path) -> None:
    *rows, last = table(tmp_path / "r.csv", DONE, KEPT, FAILED)
    assert tuple(rows[0]) == COLUMNS
    assert set(COLUMNS) - set(MEASURED) == DONE.as_json().keys() - {"quality"}
    assert [(r["path"], r["status"], r["size_ratio"]) for r in rows] == [
        ("a.dcm", "done", "3.0"),
        ("b.dcm", "kept", "1.0"),
        ("c.dcm", "failed", ""),
    ]
    assert rows[2]["attempts"] == "gdcm encode: crashed"
    assert last["path"] == "totals of 3 files"
    assert (last["bytes_in"], last["bytes_out"]) == ("3100", "1100")
    assert last["warnings"] == "1 done; 1 kept; 1 failed"


@pytest.mark.parametrize(
    ("psnr", "error", "cells", "text"),
    [
        (48.26, 7, ("48.26", "7"), "LOSSY: PSNR 48.3 dB, largest error 7"),
        (61.0, 1, ("61.0", "1"), "LOSSY: PSNR 61.0 dB, largest error 1"),
        (None, 0, ("", "0"), "LOSSY: no sample differs, largest error 0"),
    ],
)
def test_tables_and_pages_show_the_measured_loss(
    tmp_path: Path, psnr: float | None, error: int, cells: tuple[str, str], text: str
) -> None:
    frame = FrameQuality(psnr, 0.5, error, 9.0)
    quality = Quality(psnr, 0.5, error, 9.0, 4095, 1, (frame,))
    row, other, _ = table(tmp_path / "r.csv", DONE._replace(quality=quality), DONE)
    assert (row["psnr"], row["largest_error"]) == cells
    assert (row["mean_error"], row["worst_frame"]) == ("0.5", "1")
    assert {other[name] for name in MEASURED} == {""}
    reported(tmp_path / "r.html", DONE._replace(quality=quality))
    assert text in (tmp_path / "r.html").read_text()


def test_a_table_without_files_has_its_head(tmp_path: Path) -> None:
    assert [row["path"] for row in table(tmp_path / "r.csv")] == ["totals of 0 files"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", " =", "\n=", "|", "%"])
def test_no_cell_is_a_formula(tmp_path: Path, start: str) -> None:
    bad = f"{start}cmd|' /C calc'!A0"
    outcome = FAILED._replace(path=bad, error=bad, modality=bad, warnings=(bad,))
    row, _ = table(tmp_path / "r.csv", outcome)
    for column in ("path", "error", "modality", "warnings"):
        assert row[column].lstrip()[0] in ("'", "c"), row[column]


def test_a_name_with_lines_and_quotes_stays_one_row(tmp_path: Path) -> None:
    name = 'a\r\nb",c\u2028d\x85e;' + os.fsdecode(b"\xff")
    reported(tmp_path / "r.csv", DONE._replace(path=name))
    raw = (tmp_path / "r.csv").read_bytes()
    assert raw.count(b"\r\n") == 3
    assert raw.count(b"\n") == 3
    row, _ = table(tmp_path / "r.csv", DONE._replace(path=name))
    assert row["path"] == 'a b",c d e;\\udcff'


# ------------------------------------------------------------------------------------ HTML


def test_a_page_has_totals_then_pictures_then_failures_then_the_rest(tmp_path: Path) -> None:
    page = reported(tmp_path / "r.html", DONE, KEPT, FAILED)
    marks = [">files<", "Sizes by modality", "Sizes by syntax of the s", "Failures: 1", "All other"]
    places = [page.index(mark) for mark in marks]
    assert places == sorted(places)
    assert page.index("c.dcm") < page.index("a.dcm") < page.index("b.dcm")
    text = Elements(page).text
    assert "gdcm could not encode: crashed" in text
    assert "no codec could encode" in text
    assert f"{by_uid(IMPLICIT).name} → {by_uid(RLE).name}" in text
    assert "3.0 kB → 1.0 kB" in text


def test_a_page_needs_nothing_else_and_runs_nothing(tmp_path: Path) -> None:
    page = Elements(reported(tmp_path / "r.html", DONE, FAILED))
    assert page.opened == []
    assert not {tag for tag, _ in page.found} & {"script", "link", "img", "iframe", "a", "base"}
    assert not [a for _, a in page.found if {"src", "href"} & a.keys()]
    assert not re.search(r"url\(|@import", (tmp_path / "r.html").read_text())


def test_pictures_are_svg_with_bars_to_scale(tmp_path: Path) -> None:
    page = reported(tmp_path / "r.html", DONE, KEPT)
    pictures = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(pictures) == 3
    bars = list(ET.fromstring(pictures[0]).iter("rect"))
    assert [int(bar.get("width", "")) for bar in bars] == [420, 140, 14, 14]


@pytest.mark.parametrize("field", ["path", "error", "modality", "decoder", "warnings"])
def test_nothing_in_a_page_is_taken_for_markup(tmp_path: Path, field: str) -> None:
    bad = "<script>alert(1)</script>\"'><img src=x onerror=y>&\x00\u202e"
    value: Any = (bad,) if field == "warnings" else bad
    for outcome in (DONE, FAILED):
        page = reported(tmp_path / "r.html", outcome._replace(**{field: value}))
        found = Elements(page)
        assert not {tag for tag, _ in found.found} & {"script", "img"}
        assert "\x00" not in page
        assert "\u202e" not in page


def test_a_page_of_many_files_shows_the_failures_and_some_of_the_rest(tmp_path: Path) -> None:
    outcomes = [DONE] * 1500 + [FAILED] * 1500
    page = reported(tmp_path / "r.html", *outcomes)
    assert page.count("c.dcm") == 1500
    assert page.count("a.dcm") == 1000
    assert "All other files: 1500 (the first 1000; 500 more are in a .jsonl" in page


# ------------------------------------------------------------------------------- appearing


@pytest.mark.parametrize("name", ["r.jsonl", "r.csv", "r.html", "R.HTML"])
def test_a_report_appears_whole_at_the_end(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("the last one")
    with open_report(str(path)) as report:
        report.add(DONE)
        assert path.read_text() == "the last one"
    assert "a.dcm" in path.read_text()
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("name", ["r.jsonl", "r.csv", "r.html"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ValueError, DestinationError])
def test_what_is_there_is_reported_when_the_run_is_interrupted(
    tmp_path: Path, name: str, error: type[BaseException]
) -> None:
    path = tmp_path / name
    with pytest.raises(error), open_report(str(path)) as report:  # noqa: PT012 - the error is ours
        report.add(DONE)
        raise error
    text = path.read_text()
    assert "a.dcm" in text
    assert '"complete": false' in text or "not complete" in text or "Interrupted" in text
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("name", ["r.txt", "r", "-", "jsonl"])
def test_other_endings_are_told_before_any_work(tmp_path: Path, name: str) -> None:
    for check in (check_report, lambda path: open_report(path).__enter__()):
        with pytest.raises(UsageError, match=r"\.jsonl, \.csv, \.html"):
            check(str(tmp_path / name))
    assert os.listdir(tmp_path) == []


def test_a_place_that_cannot_be_written_is_told_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(DestinationError), open_report(str(tmp_path / "no/r.csv")):
        pytest.fail("never entered")


@pytest.mark.parametrize("ending", sampled(["jsonl", "csv", "html"], 3))
def test_memory_does_not_grow_with_the_number_of_rows(tmp_path: Path, ending: str) -> None:
    script = """
import resource, sys
from dicomtx.transfer_syntaxes import by_uid
from dicomtx.workflows.reports.writers import open_report
from tests.workflows.reports.test_writers import DONE, FAILED
with open_report(sys.argv[1]) as report:
    for n in range(15_000):
        outcome = FAILED if n % 3 == 0 else DONE
        name = f"{n:0200}"
        report.add(outcome._replace(path=name, modality=name, source_syntax=f"1.2.{n}"))
        if n in (5_000, 14_999):
            print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / f"r.{ending}")],
        capture_output=True,
        text=True,
        check=True,
    )
    first, last = map(int, done.stdout.split())
    assert last - first < 3_000, "kB"


# ---------------------------------------------------------------------------------- totals


def test_totals_count_what_was_written_and_what_was_not() -> None:
    totals = Totals()
    for outcome in (DONE, DONE, FAILED):
        totals.add(outcome)
    assert totals.by_status == {"done": 2, "failed": 1}
    assert (totals.written.bytes_in, totals.written.bytes_out) == (6000, 2000)
    assert totals.written.ratio == 3.0
    assert Totals().as_json()["ratio"] is None


def test_names_that_files_make_up_do_not_fill_the_memory() -> None:
    totals = Totals()
    for n in range(1000):
        totals.add(DONE._replace(modality=f"{n}" + "x" * 10_000))
    assert len(totals.by_modality) == 101
    assert totals.by_modality["others"].files == 900
    assert max(map(len, totals.by_modality)) <= 64


@pytest.mark.parametrize("ending", [".jsonl", ".csv", ".html"])
def test_a_link_at_the_name_of_a_report_is_replaced(tmp_path: Path, ending: str) -> None:
    theirs, path = tmp_path / "theirs", tmp_path / f"report{ending}"
    theirs.write_bytes(b"precious")
    path.symlink_to(theirs)
    with open_report(str(path)):
        pass
    assert theirs.read_bytes() == b"precious"
    assert not path.is_symlink()
    assert path.stat().st_size
