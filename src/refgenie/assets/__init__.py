"""Assets: content and alias trees, seek, add, remove, verify, doctor."""
