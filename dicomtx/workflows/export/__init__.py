"""Many files to one archive or File-set."""
