"""One router per file; what they answer is made in `catalog` and the modules beside it."""
