"""Faces: commands that take the arguments of gdcmconv and of DCMTK's tools.

A table describes each tool. The parser, the help and docs/faces.md follow from it.
"""
