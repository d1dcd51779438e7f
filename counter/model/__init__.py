"""The words of the field: hits, figures, days and paths. Knows no store and no HTTP."""
