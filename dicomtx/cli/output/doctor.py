"""Prints what ``dicomtx doctor`` found."""

from collections.abc import Iterator, Mapping, Sequence

from dicomtx.cli.output import tables
from dicomtx.cli.output.console import Console
from dicomtx.cli.output.terminal import Styled
from dicomtx.codecs.registry import AUDITORS, BrokenPlugin
from dicomtx.codecs.self_test import SelfTest

HEADER = ("Codec", "Seconds", "Self-test")
LABELS = {spec.name: ", ".join(spec.code_bases) for spec in AUDITORS}
"""What codecs that only verify are called here: the libraries, which people know."""


def show(
    console: Console,
    facts: Mapping[str, Mapping[str, str]],
    results: Sequence[SelfTest],
    broken: Sequence[BrokenPlugin],
) -> None:
    """Prints the facts, then the result of each codec."""
    for rows in facts.values():
        tables.show(console, list(rows.items()))
        console.result("")
    tested = [row for one in results for row in _rows(one)]
    plugins = [(plugin.name, "", _failed(plugin.reason)) for plugin in broken]
    tables.show(console, [*tested, *plugins], HEADER)


def _rows(one: SelfTest) -> Iterator[tuple[str, str, str]]:
    """Yields the result of one codec, with a row for each failure."""
    name = LABELS.get(one.codec, one.codec)
    if one.missing:
        yield name, "", f"not installed: {', '.join(one.missing)}"
        return
    seconds, count = f"{one.seconds:.2f}", len(one.syntaxes)
    if not one.failures:
        yield name, seconds, Styled(f"OK: {count} syntaxes", "good")
        return
    yield name, seconds, _failed(f"{len(one.failures)} of {count} syntaxes")
    yield from (("", "", text) for text in one.failures)


def _failed(text: str) -> Styled:
    return Styled(f"FAILED: {text}", "error")
