"""What the benchmarks make of their measurements: no test here measures anything."""

from math import nan
from pathlib import Path

import pytest

from benchmarks import batch, bench, profile


def test_the_total_is_the_sum_of_what_the_tables_say() -> None:
    tables = {name: f"| a |\n\n{bench.TOOK.format(n + 0.4)}" for n, name in enumerate("abc", 59)}
    assert bench.seconds_of({**tables, "older": "without a time"}) == 59 + 60 + 61


def test_a_table_that_is_measured_again_leaves_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "RESULTS", tmp_path / "RESULTS.md")
    titles = [title for title, _ in bench.TABLES.values()]
    bench.write({title: f"about {title}\n\n{bench.TOOK.format(60)}" for title in titles})
    found = bench.written()
    bench.write({**found, titles[1]: "new"})
    assert bench.written() == {**found, titles[1]: "new"}
    took = f"All tables together took {len(titles) - 1} minutes."
    assert took in bench.RESULTS.read_text()


def test_above_one_is_faster_than_the_best_peer() -> None:
    seconds = {"gdcmconv": 3.0, "DCMTK": nan, "--no-verify": 1.5, "verified": 4.0}
    (row,) = batch.against_peers("files", {"rle-lossless": seconds})
    assert row == ("| files | rle-lossless | 3.00 s (1.00) | - | 1.50 s (2.00) | 4.00 s (0.75) |")


def test_below_one_is_less_than_the_time_of_the_first() -> None:
    *_, row = batch.shares({"rle-lossless": {"loop": 2.0, "batch": 1.0}}, ("loop", "batch"))
    assert row == "| rle-lossless | 2.00 s (1.00) | 1.00 s (0.50) |"
    *_, row = batch.shares({"jpeg-lossless-sv1": {"loop": nan, "batch": 1.0}}, ("loop", "batch"))
    assert row == "| jpeg-lossless-sv1 | - | 1.00 s (-) |"


@pytest.mark.parametrize(
    ("place", "part"),
    [
        ("libcharls-715d4a91.so.2.4.3;[.] encode_scan", "codecs"),
        ("_jpegsof3.cpython-311-x86_64-linux-gnu.so;[.] decode", "codecs"),
        ("[kernel.kallsyms];[k] clear_page_erms", "kernel: page faults"),
        ("[kernel.kallsyms];[k] _copy_to_iter", "kernel: reading and writing"),
        ("[kernel.kallsyms];[k] schedule", "kernel: other"),
        ("libc.so.6;[.] __memmove_avx_unaligned_erms", "copies and memory (libc)"),
        ("libpython3.11.so.1.0;[.] _PyEval_EvalFrameDefault", "Python"),
    ],
)
def test_a_sample_belongs_to_a_part(place: str, part: str) -> None:
    assert profile.part_of(place) == part
