"""One module per system that Ringbridge can tell of a call, and the kit they are made of."""
