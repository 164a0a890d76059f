"""The head of a request, as a server that a test wrote itself reads it."""


def take(connection):
    """Read until the end of a request's head."""
    received = b""
    while b"\r\n\r\n" not in received:
        more = connection.recv(65536)
        if not more:
            raise ConnectionError
        received += more
    return received
