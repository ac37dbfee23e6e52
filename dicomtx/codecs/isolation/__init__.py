"""Codecs in processes of their own: a crash or a hang is a CodecError."""
