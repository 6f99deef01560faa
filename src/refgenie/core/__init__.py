"""Pure values and rules: registry paths, names, digests, layout, seek keys. No registry, no network."""
