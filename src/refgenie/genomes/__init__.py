"""Genomes: identity, names, comparison and sequence retrieval."""
