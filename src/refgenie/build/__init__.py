"""Builds: recipes run on the host or in containers, their output checked and published."""
