"""What the tests share: real services on loopback and the real console script."""
