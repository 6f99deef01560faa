"""Builds: plan, run, runners, provenance."""
