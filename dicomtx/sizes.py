"""Formats sizes."""


def size(count: int) -> str:
    """Returns a size in bytes as readable text; 1 kB is 1000 bytes."""
    if count < 1000:
        return f"{count} B"
    if count < 999_950:
        return f"{count / 1e3:.1f} kB"
    return f"{count / 1e6:.1f} MB" if count < 999_950_000 else f"{count / 1e9:.1f} GB"
