"""The client of the warm server. It imports little because it runs before everything else."""
