"""Splits the lists of values that options, settings and variables take."""


def comma_list(text: str) -> tuple[str, ...]:
    """Splits text at commas. Strips the parts and drops empty ones."""
    return tuple(part.strip() for part in text.split(",") if part.strip())
