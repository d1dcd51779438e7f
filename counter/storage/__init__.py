"""The figures in Redis. Nothing outside this package knows that it is Redis."""
