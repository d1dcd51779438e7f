"""The way out: figures for those who read and do not count."""
