"""`python -m counter` is the same as `visitor-counter`."""

from counter.cli import main

main()
