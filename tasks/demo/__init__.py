"""The demo: the bridge between a GREEN-API and a CRM of our own, and a count of what became of it all."""
