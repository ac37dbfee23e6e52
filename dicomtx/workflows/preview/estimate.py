"""Estimates the size of results: converts a sample of files and extrapolates to the others."""

import os
import random
from collections.abc import Iterable, Iterator
from dataclasses import replace
from tempfile import TemporaryDirectory
from typing import NamedTuple

from dicomtx.engine.planning.plan import Action
from dicomtx.workflows.convert.convert import convert
from dicomtx.workflows.convert.request import Request
from dicomtx.workflows.inputs.arguments import Found, find
from dicomtx.workflows.preview.dry_run import Asked, ignore, planned_of
from dicomtx.workflows.preview.plan_record import Planned


class Results(NamedTuple):
    """What the conversion of a sample gave.

    Attributes:
        sizes: the size of each result, by the path of its source.
        ratios: the ratios of output to input size, by each key of ``_alike``.
    """

    sizes: dict[str, int]
    ratios: dict[tuple[str, ...], list[float]]


def estimated(asked: Asked, count: int) -> Iterator[Planned]:
    """Yields the plan for each file, with the estimated size of its result.

    Args:
        asked: the request for the dry run.
        count: how many files to convert. The random sample is the same in each run.
    """
    files = [found for found in find(asked.sources, asked.rules) if not found.skipped]
    results = _results(_sample(files, asked._replace(left_out=ignore), count), asked)
    for planned in planned_of(iter(files), asked):
        yield _with_estimate(planned, results)


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


def _results(sample: Iterable[tuple[Found, Planned]], asked: Asked) -> Results:
    """Converts the sample to a temporary folder."""
    results = Results({}, {})
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
                results.sizes[planned.path] = outcome.bytes_out
                for key in _alike(planned):
                    ratio = outcome.bytes_out / outcome.bytes_in
                    results.ratios.setdefault(key, []).append(ratio)
                os.unlink(request.destination)
    return results


def _alike(planned: Planned) -> tuple[tuple[str, ...], ...]:
    """Returns the keys that group a file with similar files, closest match first."""
    syntaxes = (planned.source_syntax, planned.target_syntax)
    return ((*syntaxes, planned.modality), syntaxes)


def _with_estimate(planned: Planned, results: Results) -> Planned:
    """Returns the plan with the size of the result: that of the sample, or of similar files.

    A single similar file gives a size without a range. Without one, the size is not estimated.
    """
    if planned.bytes_out is not None or not planned.target_syntax:
        return planned
    if exact := results.sizes.get(planned.path):
        return replace(planned, bytes_out=exact, bytes_out_spread=(exact, exact))
    ratios = results.ratios
    found = next((ratios[key] for key in _alike(planned) if key in ratios), None)
    if not found:
        return planned
    size, mean = planned.bytes_in, sum(found) / len(found)
    spread = (round(size * min(found)), round(size * max(found))) if len(found) > 1 else None
    return replace(planned, bytes_out=round(size * mean), bytes_out_spread=spread)
