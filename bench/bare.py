"""The floor: a Flask view that answers 200 and does nothing else, on the server that `ringbridge up` uses.

The server's settings are those of `bridge/web/server.py`.
"""

from __future__ import annotations

import sys

from flask import Flask, Response
from waitress.server import create_server

PATH = "/bare"
_THREADS = 16
_LARGEST_REQUEST = 64 * 1024 * 1024


def main() -> None:
    app = Flask("bench.bare")

    @app.post(PATH)
    def receive() -> Response:
        return Response("", 200)

    server = create_server(
        app,
        host="127.0.0.1",
        port=0,
        threads=_THREADS,
        ident="bare",
        max_request_body_size=_LARGEST_REQUEST,
        channel_request_lookahead=0,
    )
    sys.stdout.write(f"{server.effective_port}\n")
    sys.stdout.flush()
    server.run()


if __name__ == "__main__":
    main()
