"""Prints outcomes, as text or JSON."""

from collections.abc import Iterator
from typing import NamedTuple

from dicomtx.cli.output.console import Console
from dicomtx.sizes import size
from dicomtx.transfer_syntaxes import by_uid
from dicomtx.workflows.boundary import TRACEBACK
from dicomtx.workflows.convert.request import Outcome

VERIFIED = {
    "independent": "verified",
    "same-code-base": "verified (same code base)",
    "same-codec": "verified (same codec)",
    "bytes-only": "verified (bytes)",
    "none": "not verified",
}

STYLES = {"LOSSY": "warning", "not verified": "warning"}
"""Words of a result line that have a colour."""


class Report(NamedTuple):
    """How much to print, and in which form.

    Attributes:
        as_json: print the outcome as a JSON object instead of the result line.
        verbose: also print the codecs used, failed attempts, and the output of libraries.
        quiet: print errors only.
        result_line: print the result line.
    """

    as_json: bool = False
    verbose: bool = False
    quiet: bool = False
    result_line: bool = True

    def tell(self, outcome: Outcome, console: Console) -> None:
        """Prints the outcome of one file; not on standard output if the file goes there."""
        piped = outcome.destination == "-"
        if self.as_json:
            import json  # noqa: PLC0415 - 5 ms that only --json needs

            (console.error if piped else console.result)(json.dumps(outcome.as_json()))
        elif self.result_line and not (outcome.error or self.quiet or piped):
            console.line(_result(outcome), STYLES)
        if not (self.as_json and piped):  # the JSON is on standard error then, alone
            for text, style in self._notes(outcome, console):
                console.note(f"{outcome.path}: {text}", style)

    def _notes(self, outcome: Outcome, console: Console) -> Iterator[tuple[str, str]]:
        """Yields what to print on standard error: texts and their styles."""
        if self.verbose:
            yield from ((text, "") for text in _how(outcome))
            yield from ((_message(text), "") for text in outcome.messages)
            yield from ((f"printed by a library: {line}", "") for line in console.captured())
        if not self.quiet and (self.verbose or not outcome.error):
            yield from ((f"warning: {text}", "warning") for text in _warnings(outcome))
        if outcome.error:
            yield outcome.error, "error"


def _message(line: str) -> str:
    """Returns a message for printing: a line of a traceback, or the output of a codec."""
    return line if line.startswith(TRACEBACK) else f"printed by {line}"


def _warnings(outcome: Outcome) -> tuple[str, ...]:
    """Returns the warnings, without the reason in the result line of a kept or skipped file."""
    return outcome.warnings[outcome.status in ("kept", "skipped") :]


def _result(outcome: Outcome) -> str:
    """Returns the result line of a file without an error."""
    if outcome.status == "skipped":
        return f"{outcome.path}: skipped: {outcome.warnings[0]}"
    route = f"{outcome.path} -> {outcome.destination}"
    if outcome.status == "kept":
        return f"{route}: kept unchanged: {outcome.warnings[0]}"
    source, target = by_uid(outcome.source_syntax), by_uid(outcome.target_syntax)
    ratio = f" ({outcome.bytes_in / outcome.bytes_out:.2f}:1)" if outcome.bytes_out else ""
    codecs = dict.fromkeys(name for name in (outcome.decoder, outcome.encoder) if name)
    facts = (
        f"{source.name} -> {target.name}",
        f"{size(outcome.bytes_in)} -> {size(outcome.bytes_out)}{ratio}",
        " -> ".join(codecs),
        f"LOSSY ({loss(outcome)})" if outcome.lossy else "",
        verified(outcome),
        f"{outcome.seconds:.2f} s",
    )
    return f"{route}: {', '.join(fact for fact in facts if fact)}"


def _how(outcome: Outcome) -> Iterator[str]:
    """Yields the failed attempts, the codecs used, and the measured loss."""
    yield from (f"{a.codec} could not {a.direction}: {a.reason}" for a in outcome.attempts)
    if outcome.action and not outcome.error:
        decoder = f", decoded by {outcome.decoder}" if outcome.decoder else ""
        encoder = f", encoded by {outcome.encoder}" if outcome.encoder else ""
        yield f"{outcome.action}{decoder}{encoder}, {verified(outcome)}"
    quality = outcome.quality
    if quality:
        yield (
            f"LOSSY: {loss(outcome)}, mean error {quality.mean_error:g},"
            f" ratio {quality.ratio:.2f}:1, peak {quality.peak}"
        )
        worst = quality.frames[quality.worst_frame - 1]
        if len(quality.frames) > 1 and worst.psnr is not None:
            yield f"worst frame: {quality.worst_frame}, with a PSNR of {worst.psnr:.1f} dB"
    if outcome.modified:
        yield f"modified {', '.join(outcome.modified)}"
    if outcome.new_sop_instance_uid:
        yield f"new SOP Instance UID {outcome.new_sop_instance_uid}"


def verified(outcome: Outcome) -> str:
    """Returns how the result was verified, and how many frames if not all."""
    word, checked = VERIFIED[outcome.verification], outcome.frames_verified
    if not 0 < checked < outcome.frames:
        return word
    return f"{word}, {checked} of {outcome.frames} frames"


def loss(outcome: Outcome) -> str:
    """Returns the measured loss of a lossy step; empty for other steps."""
    quality = outcome.quality
    if not quality:
        return ""
    if quality.psnr is None:
        return "no sample differs"
    return f"PSNR {quality.psnr:.1f} dB, largest error {quality.largest_error}"
