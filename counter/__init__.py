"""An exact, private visitor counter for web sites, on Redis."""

__version__ = "0.1.0"
