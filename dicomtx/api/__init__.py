"""The Python API: each module has one function of the command line, or a few that belong together.

Import the functions from ``dicomtx``. The settings are keyword arguments; the API reads no settings
files and no variables.
"""
