"""The quality goals that a policy sets for its lossy targets."""

from dicomtx.engine.orthanc.policy import JPEG, OrthancPolicy
from dicomtx.engine.planning.policy import Policy, RuleBook
from dicomtx.settings import Settings, goal_text, overridden


def goals_of(policy: Policy) -> tuple[str, ...]:
    """Returns the goals that a policy sets for its lossy targets, each once.

    The goal is empty where the policy sets none, so that of an option applies. There are no goals
    if there are no lossy targets.
    """
    if isinstance(policy, OrthancPolicy):
        target = policy.ingest
        own = f"DicomLossyTranscodingQuality {policy.quality}"
        goals = [own if target.uid in JPEG else ""] if target and target.lossy else []
    else:
        rules = policy.rules if isinstance(policy, RuleBook) else ()
        lossy = [rule for rule in rules if rule.target and rule.target.lossy]
        settings = [overridden(Settings(), rule.options) for rule in lossy]
        goals = [goal_text(own) or "--reversible" * own.reversible for own in settings]
    return tuple(dict.fromkeys(goals))
