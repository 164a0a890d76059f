"""The service, in nouns: what GREEN-API sends is written down, and what is owed for it is kept until it is paid."""
