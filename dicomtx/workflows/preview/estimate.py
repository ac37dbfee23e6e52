"""Estimates the size of results: converts a sample of files and extrapolates to the others."""

import os
import random
from collections.abc import Iterable, Iterator
from dataclasses import replace
from tempfile import TemporaryDirectory

from dicomtx.engine.planning.plan import Action
from dicomtx.workflows.convert.convert import convert
from dicomtx.workflows.convert.request import Request
from dicomtx.workflows.inputs.arguments import Found, find
from dicomtx.workflows.preview.dry_run import Asked, planned_of
from dicomtx.workflows.preview.plan_record import Planned

Ratios = dict[tuple[str, ...], list[float]]


def estimated(asked: Asked, count: int) -> Iterator[Planned]:
    """Yields the plan for each file, with the estimated size of its result.

    Args:
        asked: the request for the dry run.
        count: how many files to convert. The random sample is the same in each run.
    """
    files = [found for found in find(asked.sources, asked.rules) if not found.skipped]
    ratios = _ratios(_sample(files, asked, count), asked)
    for planned in planned_of(iter(files), asked):
        yield _with_estimate(planned, ratios)


def _sample(files: Iterable[Found], asked: Asked, count: int) -> list[tuple[Found, Planned]]:
    """Returns a uniform random sample of the files whose bytes will change."""
    chance, chosen, seen = random.Random(0), list[tuple[Found, Planned]](), 0  # noqa: S311
    for found in files:
        for planned in planned_of(iter([found]), asked):
            if planned.action in ("", Action.REFUSE, Action.KEEP, Action.COPY):
                continue
            seen += 1
            if len(chosen) < count:
                chosen.append((found, planned))
            elif (place := chance.randrange(seen)) < count:
                chosen[place] = (found, planned)
    return chosen


def _ratios(sample: Iterable[tuple[Found, Planned]], asked: Asked) -> Ratios:
    """Returns the ratios of output to input size in the sample, by each key of ``_alike``."""
    found_ratios: Ratios = {}
    settings = asked.settings._replace(verify="none")
    with TemporaryDirectory() as folder:
        for number, (found, planned) in enumerate(sample):
            request = Request(
                found.source,
                os.path.join(folder, str(number)),
                settings=settings,
                policy=asked.policy,
                on_failure=asked.on_failure,
            )
            outcome = convert(request)
            if outcome.bytes_out:
                for key in _alike(planned):
                    ratio = outcome.bytes_out / outcome.bytes_in
                    found_ratios.setdefault(key, []).append(ratio)
                os.unlink(request.destination)
    return found_ratios


def _alike(planned: Planned) -> tuple[tuple[str, ...], ...]:
    """Returns the keys that group a file with similar files, closest match first."""
    syntaxes = (planned.source_syntax, planned.target_syntax)
    return ((*syntaxes, planned.modality), syntaxes, (planned.action,), ())


def _with_estimate(planned: Planned, ratios: Ratios) -> Planned:
    if planned.bytes_out is not None or not planned.target_syntax:
        return planned
    found = next((ratios[key] for key in _alike(planned) if key in ratios), None)
    if not found:
        return planned
    size, mean = planned.bytes_in, sum(found) / len(found)
    spread = (round(size * min(found)), round(size * max(found)))
    return replace(planned, bytes_out=round(size * mean), bytes_out_spread=spread)
