"""From the arguments of a command to files."""
