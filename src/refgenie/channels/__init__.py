"""Data channels: where asset classes and recipes are shared."""
