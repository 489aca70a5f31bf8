"""Documents and charts of digests: what a page says, as values, and its typesetting."""
