"""The Python API of ``plan``: what a conversion would do."""

from dataclasses import replace
from typing import Unpack

from dicomtx.api.options import PolicyOptions, policy_of, settings_of, target_of
from dicomtx.api.places import Place, name_of, to_read
from dicomtx.engine.planning.policy import OneTarget
from dicomtx.workflows.inputs.arguments import Found
from dicomtx.workflows.preview.dry_run import Asked, planned_of
from dicomtx.workflows.preview.plan_record import Planned


def plan(src: Place, *, to: str | None = None, **options: Unpack[PolicyOptions]) -> Planned:
    """Returns what ``transcode`` would do with a source, and why. Reads headers only.

    Args:
        src: a path, or a binary stream that is read from its current position to the end.
        to: a transfer syntax, by name, alias, PS3.6 keyword or UID; None is Explicit VR Little
            Endian.
        options: settings for the conversion, and a policy, see ``dicomtx.api.options``.

    Returns:
        The plan. If the source cannot be read or converted, its ``exit_code`` is not 0, and
        ``error`` or ``reason`` says why.

    Raises:
        UsageError: the transfer syntax is unknown, or a lossless one cannot have a given goal.
        SettingsError: an option is unknown, or its value is not allowed.

    >>> from pydicom.data import get_testdata_file
    >>> planned = plan(get_testdata_file("CT_small.dcm"), to="jpeg-ls-lossless")
    >>> planned.action, planned.encoder, planned.lossy
    ('encode', 'imagecodecs', False)
    >>> plan(get_testdata_file("rtdose.dcm"), to="jpeg-ls-lossless").exit_code
    4
    """
    policy = policy_of(options)
    settings, target = settings_of(options, policy=policy), target_of(to, options, policy)
    decider = policy or OneTarget(target, f"to={target.name!r}")
    asked = Asked((), decider, settings, on_failure=options.get("on_failure", "error"))
    with to_read(src) as source:
        (planned,) = planned_of(iter([Found(source, "", source.name)]), asked)
        return replace(planned, path=name_of(src, planned.path))
