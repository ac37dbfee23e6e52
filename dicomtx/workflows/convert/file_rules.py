"""Applies the rules of a batch to one file, and estimates the memory that a plan needs."""

from dicomtx.codecs.registry import Codecs
from dicomtx.engine.planning.plan import Code, Copy, Keep, Plan, Recompress, loses
from dicomtx.errors import LeftOutError, UnsupportedError
from dicomtx.resources import AT_REST
from dicomtx.settings import Settings
from dicomtx.storage.local_file import LocalFile
from dicomtx.transfer_syntaxes import TransferSyntax
from dicomtx.workflows.convert.request import Request


def check_kind(syntax: TransferSyntax, request: Request) -> None:
    """Checks that ``--only`` includes files in this syntax, before any plan is made.

    Raises:
        LeftOutError: ``--only`` excludes them.
    """
    only = request.rules.only
    if only and syntax.encapsulated != (only == "compressed"):
        raise LeftOutError(f"{syntax.name} is not {only}")


def check_wanted(plan: Plan, request: Request) -> None:
    """Checks that there is something to write.

    Raises:
        LeftOutError: the file is already in the target syntax, or is kept in place.
    """
    rules, syntax = request.rules, plan.source
    in_place = request.in_place and isinstance(request.source, LocalFile)
    if isinstance(plan, Copy) and (rules.skip_same or in_place):
        raise LeftOutError(f"it is already {syntax.name}")
    if isinstance(plan, Keep) and in_place:
        raise LeftOutError(plan.reason)


def check_lossy_in_place(plan: Plan, request: Request) -> None:
    """Checks that no lossy result takes the place of the source, unless an option allows it.

    Raises:
        UnsupportedError: a lossy result would overwrite the source, or the source be removed.
    """
    if not loses(plan) or request.settings.allow_lossy_in_place:
        return
    if request.rules.consumes:
        raise UnsupportedError(
            f"{plan.target.name} is lossy and the source would be removed; use --done DIR, --keep,"
            " or --allow-lossy-in-place"
        )
    if request.in_place:
        raise UnsupportedError(
            f"{plan.target.name} is lossy and would overwrite the source; use"
            " --allow-lossy-in-place, or write to a DST"
        )


def too_large(size: int, before: int, settings: Settings) -> str:
    """Returns how a result misses ``--only-if-smaller``; empty if it does not.

    Args:
        size: of the result.
        before: the size of the source.
        settings: the settings of the file.
    """
    wanted = settings.only_if_smaller
    if wanted is False:
        return ""
    if size >= before:
        return "not be smaller"
    gain = 100 * (before - size) / before
    if wanted is True or gain >= wanted:
        return ""
    return f"be only {gain:.2f} % smaller, not {wanted:g} %"


def memory_of(plan: Plan, codecs: Codecs) -> int:
    """Returns an estimate of the bytes of memory that a process needs to carry out the plan."""
    if not isinstance(plan, Recompress | Code):
        return AT_REST
    sides = ((plan.decoder, plan.source), (plan.encoder, plan.target))
    needs = (codecs.spec(name).memory_for(syntax, plan.working) for name, syntax in sides if name)
    need = max(needs, default=0)
    return AT_REST + need * min(max(codecs.budget.frames(need), 1), plan.working.number_of_frames)
