"""Wire formats and servers."""
