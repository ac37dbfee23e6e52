"""The warm server over HTTP: a thin process that hands each request to the zygote."""
