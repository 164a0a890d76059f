"""What a connection keeps by itself between two calls: a token that its system changes with each use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

Remembered = Mapping[str, str]


class Memory(Protocol):
    """A few texts of one connection, the same for all threads and processes, encrypted where they are stored.

    Empty at first. It belongs to the connector: no file, export or page holds it, and it goes with the connection.
    Each of the texts is taken for a secret, and cut out of whatever is logged or shown.
    """

    def read(self) -> Remembered:
        """What is kept now. Raises Retryable where it cannot be read."""
        ...

    def renew(self, seen: Remembered, fn: Callable[[Remembered], Remembered]) -> Remembered:
        """What is kept, once it is not `seen` any more. Raises Retryable, and whatever `fn` raises.

        Where somebody has renewed it already, that is returned at once. Else `fn(seen)` is asked for what to keep
        instead; it may make one request. Nobody else runs theirs meanwhile, in any process: they wait for this one a
        few seconds at most. What `fn` returns is on the disk before anybody sees it.
        """
        ...
