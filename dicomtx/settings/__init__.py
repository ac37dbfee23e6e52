"""The settings: defaults, then dicomtx.toml, then DICOMTX_* variables, then options."""

from dicomtx.settings.field import Field, Scope, fields_of
from dicomtx.settings.goals import goal_text, is_exact, lacks_goal
from dicomtx.settings.loading import POLICY, load, settings_file, user_file
from dicomtx.settings.overriding import overridden
from dicomtx.settings.table import FIELDS, GOALS, Settings

__all__ = [
    "FIELDS",
    "GOALS",
    "POLICY",
    "Field",
    "Scope",
    "Settings",
    "fields_of",
    "goal_text",
    "is_exact",
    "lacks_goal",
    "load",
    "overridden",
    "settings_file",
    "user_file",
]
