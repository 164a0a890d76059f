"""Looks for bodies that the intake cannot take, by the code that they reach (atheris, https://github.com/google/atheris).

    .venv/bin/pip install 'atheris>=3'       the group `fuzz`, which nothing else needs; not for Python 3.12 and newer
    .venv/bin/python tests/faults/fuzz_intake.py -runs=1000000   and any option of libFuzzer; -seed=7 for the same again
    .venv/bin/python tests/faults/fuzz_intake.py FOLDER          begins with what it holds, and keeps there what is new

A body that is answered with a 5xx or later than a second ends it, and is left in a file `crash-…`.
"""

from __future__ import annotations

import json
import logging
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import atheris

ROOT = Path(__file__).parents[2]
LONGEST_ANSWER = 1.0  # seconds
CLEAR_EVERY = 2000

sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]
with atheris.instrument_imports(include=["bridge", "connectors.kit"]):
    from door import Door
    from oddities import REAL

    from bridge.settings import Settings
    from bridge.store import migrate, open_store


def opened(folder: Path) -> Door:
    store = open_store(Settings(data_dir=folder))
    migrate.migrate(store)
    return Door(store, datetime.now(UTC))


def main() -> None:
    logging.disable()
    with tempfile.TemporaryDirectory(prefix="ringbridge-fuzz-") as folder:
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        for number, document in enumerate(REAL):
            (corpus / f"real-{number}").write_bytes(json.dumps(document).encode())
        door = opened(Path(folder) / "data")

        def bring(body: bytes) -> None:
            status, took = door.knock(body)
            if took > LONGEST_ANSWER:  # a body that is slow is slow each time; a machine that was busy is not
                _, took = door.knock(body)
            assert status in (200, 401), f"answered {status}"
            assert took <= LONGEST_ANSWER, f"answered after {took:.1f} s"
            if sum(door.answers.values()) % CLEAR_EVERY == 0:
                door.knock_sanely()
                assert door.clear() == 0, "a call without any fault was not written down"

        # What is new goes to the first folder, so one that was named comes first.
        named = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
        options = [argument for argument in sys.argv[1:] if argument.startswith("-")]
        atheris.Setup([sys.argv[0], *named, str(corpus), *options], bring)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
