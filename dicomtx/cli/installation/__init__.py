"""Commands about this installation: its codecs, settings, shells and health."""
