"""Codecs that fail, each in its own way, over Encapsulated Uncompressed: streams are samples."""
