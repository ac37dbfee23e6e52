"""Codecs in subprocesses, where a crash or a hang becomes a CodecError."""
