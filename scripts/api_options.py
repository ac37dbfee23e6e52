"""Generates dicomtx/settings/options.py, the typed options of the Python API, from the settings.

``python -m scripts.api_options`` prints the module. ``--check FILE`` fails if the file differs,
``--write FILE`` updates it.
"""

from typing import Any, Final, get_type_hints

from dicomtx.settings import FIELDS, Field, Settings
from scripts.generated import command

HEAD: Final = '''\
"""The settings as typed keyword arguments of the Python API.

Generated from the table of settings by ``make generated``.
"""

from typing import Literal, TypedDict

from dicomtx.limits import Limits


class Options(TypedDict, total=False):
    """Keyword arguments of ``transcode``: the fields of ``Settings``. See docs/cli.md."""

'''


def module() -> str:
    """Returns the source of the module."""
    hints = get_type_hints(Settings)
    return HEAD + "".join(f"    {n}: {_type(FIELDS[n], hints[n])}\n" for n in Settings._fields)


def _type(field: Field, hint: Any) -> str:
    """Returns the types that a caller may give, as source code."""
    if field.allowed:
        words = ", ".join(f'"{word}"' for word in field.allowed)
        return f"Literal[{words}]"
    hint = hint | list[str] if hint == tuple[str, ...] else hint
    hint = hint | field.accepts if field.accepts else hint
    text = hint.__name__ if isinstance(hint, type) else str(hint)
    last = " | None" if " | None" in text else ""
    return text.replace(" | None", "").replace("dicomtx.limits.", "") + last


main = command(module, "scripts.api_options")

if __name__ == "__main__":
    main()
