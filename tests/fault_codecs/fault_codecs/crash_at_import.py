"""A plugin that kills whoever imports it."""

import os

os.write(2, b"libfault.so: wrong version\n")
os.abort()
