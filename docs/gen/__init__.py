"""The generated pages of the reference: one module each, whose ``page()`` returns the text."""
