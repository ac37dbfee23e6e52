"""The frame of every HTML page that dicomtx writes: style, security policy and escaping."""

import re
from html import escape
from typing import Final

from dicomtx.run_facts import RunFacts

STYLE: Final = """
body{font:15px/1.5 system-ui,sans-serif;margin:2em auto;max-width:80em;padding:0 1em;
color:#1b2733;background:#fff}
h1{font-size:1.5em}h2{font-size:1.15em;margin-top:2em}
.same{color:#17641f}.differ,.failed,.refused{color:#a40e26}
table{border-collapse:collapse;width:100%}
th,td{border-bottom:1px solid #d8dee4;padding:.3em .6em;text-align:left;vertical-align:top}
td{min-width:4em}th{background:#f3f5f7;position:sticky;top:0}
.totals{display:flex;flex-wrap:wrap;gap:1em}.totals div{background:#f3f5f7;padding:.6em 1.1em}
.totals b{display:block;font-size:1.4em}
details{margin-top:2em}summary{cursor:pointer}
.run{width:auto}
.pictures{display:flex;flex-wrap:wrap;gap:1.5em}figure{margin:0;max-width:100%}
figure img{max-width:100%;background:#000;display:block}.enlarged{image-rendering:pixelated}
figcaption{max-width:24em}
figcaption{color:#4f5b66;font-size:.9em}
svg{display:block;max-width:100%;height:auto}svg text{font:13px system-ui,sans-serif;fill:#1b2733}
.before{fill:#b4c2d0}.after{fill:#1f6fb2}
"""
POLICY: Final = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
END: Final = "</body></html>\n"
LONGEST: Final = 2_000
LONG_WORD: Final = re.compile(r"\S{21,}")
PART: Final = re.compile(r"(?:[A-Z]*[^A-Z/\\_.,=]{1,32}|[A-Z]{1,32})[/\\_.,=]*|[/\\_.,=]{1,32}")
"""A part of a long word, such as a path, UID or keyword: it ends with a separator, before a capital
letter, or after 32 characters."""


def head(title: str) -> str:
    """Returns the beginning of a page, up to and including ``<body>``.

    The page needs nothing else: browsers load nothing from elsewhere, and run no scripts.

    Args:
        title: the title as plain text.
    """
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escaped(title)}</title><style>{STYLE}</style></head><body>\n"
    )


def facts(run: RunFacts | None) -> str:
    """Returns a table of when, where and how the page was made; empty if it is not known."""
    if not run:
        return ""
    rows = (f"<tr><td>{name}</td><td>{breakable(value)}</td></tr>" for name, value in run.rows())
    return f"<table class='run'>{''.join(rows)}</table>\n"


def escaped(text: str) -> str:
    """Escapes text for HTML, including control characters. Truncates long text."""
    return _safe(_truncated(text))


def breakable(text: str) -> str:
    """Returns escaped text whose long words, such as paths and UIDs, break at separators."""
    pieces, end = [], 0
    text = _truncated(text)
    for word in LONG_WORD.finditer(text):
        pieces.append(_safe(text[end : word.start()]))
        pieces.append("<wbr>".join(map(_safe, PART.findall(word[0]))))
        end = word.end()
    return "".join(pieces) + _safe(text[end:])


def _truncated(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _safe(text: str) -> str:
    return escape("".join(c if c.isprintable() else repr(c)[1:-1] for c in text))
