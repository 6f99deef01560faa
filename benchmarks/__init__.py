"""Measurements of refgenie beside yardsticks, on the same machine and the same work."""
