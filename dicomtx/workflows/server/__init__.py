"""The warm server: a process that has imported everything and forks a child for each command."""
