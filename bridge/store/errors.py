"""What the store raises."""


class StoreUnavailable(Exception):
    """Nothing could be committed or read now. The message says what to do."""
