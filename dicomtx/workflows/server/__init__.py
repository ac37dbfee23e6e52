"""The warm server: one process with everything imported forks a child for each command."""
