"""One widget draws one thing."""
