"""The client of the warm server. It runs before everything else, so it imports almost nothing.

``enum`` (through ``signal``), ``typing`` and ``contextlib`` take a quarter to a half of the time
that Python needs to start. These modules use the C modules behind ``signal`` and ``socket``. Names
that only type checkers need are imported under ``TYPE_CHECKING``.
"""
