"""What the rules of a tree leave out, and what memory a plan takes."""

from typing import Final

from dicomtx.codecs.registry import Codecs
from dicomtx.engine.planning.plan import Code, Copy, Keep, Plan, Recompress, loses
from dicomtx.errors import LeftOutError, UnsupportedError
from dicomtx.storage.local_file import LocalFile
from dicomtx.transfer_syntaxes import TransferSyntax
from dicomtx.workflows.convert.request import Request

AT_REST: Final = 96 << 20  # bytes of a worker with numpy and the codecs, and of its spools


def check_kind(syntax: TransferSyntax, request: Request) -> None:
    """Returns if files in this syntax are wanted at all, whatever a plan says of them.

    Raises:
        LeftOutError: ``--only`` leaves them out.
    """
    only = request.rules.only
    if only and syntax.encapsulated != (only == "compressed"):
        raise LeftOutError(f"{syntax.name} is not {only}")


def check_wanted(plan: Plan, request: Request) -> None:
    """Returns if the plan is carried out.

    Raises:
        LeftOutError: the file is in the target syntax already, or stays as it is.
    """
    rules, syntax = request.rules, plan.source
    in_place = request.in_place and isinstance(request.source, LocalFile)
    if isinstance(plan, Copy) and (rules.skip_same or in_place):
        raise LeftOutError(f"it is {syntax.name} already")
    if isinstance(plan, Keep) and in_place:
        raise LeftOutError(plan.reason)


def check_lossy_in_place(plan: Plan, request: Request) -> None:
    """Returns if the source need not stay, or is not replaced.

    Raises:
        UnsupportedError: a lossy result would replace it, and no option allows that.
    """
    if loses(plan) and request.in_place and not request.settings.allow_lossy_in_place:
        raise UnsupportedError(
            f"{plan.target.name} is lossy and would replace the source; use"
            " --allow-lossy-in-place, or write to another place"
        )


def memory_of(plan: Plan, codecs: Codecs) -> int:
    """Returns about how many bytes of memory a process takes to carry the plan out."""
    if not isinstance(plan, Recompress | Code):
        return AT_REST
    sides = ((plan.decoder, plan.source), (plan.encoder, plan.target))
    needs = (codecs.spec(name).memory_for(syntax, plan.working) for name, syntax in sides if name)
    need = max(needs, default=0)
    return AT_REST + need * min(max(codecs.budget.frames(need), 1), plan.working.number_of_frames)
