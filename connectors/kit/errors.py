"""What can go wrong on the other side, in four words. What follows from each, the bridge decides."""

from __future__ import annotations

from connectors.kit.call import Receipt


class ConnectorError(Exception):
    """One sentence that an administrator can act on, holding no secret and no URL.

    `receipt` names what had been made before the error, so that the next attempt goes on from there.
    """

    def __init__(self, reason: str, *, receipt: Receipt | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.receipt = receipt


class Retryable(ConnectorError):
    """It may work later: no connection, a timeout, 408, 5xx.

    `sent`: the request may have taken effect although we did not hear so. `look_after`: the number of seconds
    after which a search can be trusted to find what such a request made.
    """

    def __init__(
        self, reason: str, *, sent: bool = False, look_after: float = 0.0, receipt: Receipt | None = None
    ) -> None:
        super().__init__(reason, receipt=receipt)
        self.sent = sent
        self.look_after = look_after


class RateLimited(Retryable):
    """The system asks for a pause: nothing was done. `retry_after` is in seconds, None if it did not say.

    Nothing is told to the system meanwhile; where it answers everything else, such as when it has locked a single
    record, the call waits `alone`.
    """

    def __init__(
        self, reason: str, *, retry_after: float | None = None, alone: bool = False, receipt: Receipt | None = None
    ) -> None:
        super().__init__(reason, receipt=receipt)
        self.retry_after = retry_after
        self.alone = alone


class Rejected(ConnectorError):
    """Refused for good: 400, 404, 422, a redirect, a refusal inside a 200."""


class Unauthorized(ConnectorError):
    """The credentials are refused: 401, 403, a revoked grant. `gone` means that asking again is pointless."""

    def __init__(self, reason: str, *, gone: bool = False, receipt: Receipt | None = None) -> None:
        super().__init__(reason, receipt=receipt)
        self.gone = gone
