"""Assets: publishing, the alias tree, seek, add, remove, verify, doctor."""
