"""Asset classes and recipes."""
