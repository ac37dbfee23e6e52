"""Directory trees, with a journal."""
