"""The codecs of the imagecodecs package."""
