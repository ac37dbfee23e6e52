"""One file to one file."""
