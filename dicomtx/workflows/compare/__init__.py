"""Two files, compared."""
