"""The world around the bridge in the demo: a GREEN-API and a CRM, in a process of their own.

Run as `python -m tasks.demo.outside FOLDER`. Prints one line of JSON with both addresses, keeps its logs in FOLDER,
and leaves when its standard input is closed, as it is when the demo ends in whatever way.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bridge.greenapi.standin import GreenApi
from tasks.demo.crm import Crm

SENDER_LOG = "green-api.log"
RECEIVER_LOG = "crm.log"
HOOK = "crm"
SECRET = "whsec_cmluZ2JyaWRnZS1kZW1vLXNlY3JldA=="  # noqa: S105  both ends of the demo know it


def main(folder: Path) -> None:
    """Serve until standard input ends."""
    green_api = GreenApi(pause=1.0, log=folder / SENDER_LOG)
    with green_api, Crm({HOOK: SECRET}, log=folder / RECEIVER_LOG) as crm:
        sys.stdout.write(json.dumps({"green_api": green_api.url, "crm": crm.url}) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
