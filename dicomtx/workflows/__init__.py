"""Files and trees of files; nothing here prints."""
