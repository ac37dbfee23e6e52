"""The commands that offer settings, and what the settings of a group have in common."""

from functools import partial
from typing import Final

from dicomtx.settings.field import Field

CONVERTING: Final = ("convert", "batch", "modify", "watch", "export", "send", "pull", "receive")
PLANNING: Final = (*CONVERTING, "plan")
READING: Final = (*PLANNING, "compare")
EVERY: Final = (*READING, "codecs", "negotiate")
ROUTING: Final = ("route",)
"""Its routes have the settings that concern a file."""

codecs = partial(Field, scope="run", commands=EVERY + ROUTING, heading="Codecs")
resources = partial(
    Field, scope="run", commands=CONVERTING + ROUTING, heading="Resources", shapes_result=False
)
verification = partial(Field, scope="checking", commands=PLANNING + ROUTING, heading="Verification")
pixels = partial(Field, scope="file", commands=PLANNING, heading="Pixel data")
lossy = partial(Field, scope="file", commands=PLANNING, heading="Lossy")
output = partial(Field, commands=PLANNING, heading="Output")
