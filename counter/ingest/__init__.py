"""The way in: from a request to a counted view."""
