"""Reads what other counters and web servers have written, as figures of ours.

A format turns a file into rows (`rows.py`), one after the other, in constant memory; `formats.py`
lists them. Nothing is written here: whoever reads the rows adds them to a site.
"""
