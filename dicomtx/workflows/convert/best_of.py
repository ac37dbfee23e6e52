"""Tries several targets for one file and keeps the smallest result (``--best-of``)."""

import os
from contextlib import suppress

from dicomtx.codecs.registry import Codecs
from dicomtx.storage.staging import staging_folder
from dicomtx.transfer_syntaxes import TransferSyntax
from dicomtx.workflows.convert.conversion_record import Allow
from dicomtx.workflows.convert.convert import convert
from dicomtx.workflows.convert.destination import make_folder, publish
from dicomtx.workflows.convert.request import Outcome, Request
from dicomtx.workflows.convert.source_stamp import stamp_of


def smallest(request: Request, codecs: Codecs, allow: Allow) -> Outcome:
    """Converts to each target in turn, and keeps and returns the smallest result."""
    targets = request.rules.best_of
    if not targets:
        return convert(request, codecs=codecs, allow=allow)
    before = stamp_of(request)
    best: Outcome | None = None
    make_folder(request)
    with staging_folder(request.destination) as folder:
        kept, tried = os.path.join(folder, "best"), os.path.join(folder, "tried")
        for target in targets:
            outcome = convert(_trial(request, target, tried), codecs=codecs, allow=allow)
            if outcome.status == "skipped":
                return outcome._replace(destination=request.destination)
            if best is None or _better(outcome, best):
                best = outcome
                with suppress(FileNotFoundError):
                    os.replace(tried, kept)
        assert best
        if best.target_syntax:
            publish(request, kept, before)
        return best._replace(destination=request.destination)


def _trial(request: Request, target: TransferSyntax, part: str) -> Request:
    """Returns the request for one of the targets, with a temporary destination."""
    return request._replace(
        target=target, destination=part, overwrite=True, in_place=False, below=""
    )


def _better(outcome: Outcome, best: Outcome) -> bool:
    """Whether an outcome is smaller than the best, or the first one with a result."""
    if not outcome.target_syntax or not best.target_syntax:
        return bool(outcome.target_syntax)
    return outcome.bytes_out < best.bytes_out
