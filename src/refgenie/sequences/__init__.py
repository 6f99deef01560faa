"""Sequences: the only room that imports gtars and refget."""
