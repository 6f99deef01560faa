"""The registry as the server shows it: which records are served, and their fields."""
