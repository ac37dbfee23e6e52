"""One data set: what to do with it, and doing it."""
