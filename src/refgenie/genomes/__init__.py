"""Genomes, aliases, comparison."""
