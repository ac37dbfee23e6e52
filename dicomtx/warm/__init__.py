"""The client of the warm server. It imports little, as it runs before anything else."""
