"""GREEN-API: what it sends, and what we ask of it."""
