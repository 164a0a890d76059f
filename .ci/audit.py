"""Is a vulnerability known in what is locked? Exit 1 where there is one, and where our own question was wrong.

A network that does not let us ask is no reason to fail: that is said in a line, and CI goes on. pip-audit by itself
would end with a traceback there, or skip every package, find nothing in the rest and call that a success.
Options are handed on to pip-audit: `--ignore-vuln ID` for one that was judged and does not concern us.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LOCKED = ROOT / "requirements-dev.lock"  # holds what requirements.lock does, in the same versions
_UNREACHABLE = ("ConnectionError", "Could not connect", "Timeout", "ServiceError")


def main(options: list[str]) -> int:
    """Audit, print what was found, and return the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "found.json"
        command = [
            sys.executable,
            "-m",
            "pip_audit",
            "--vulnerability-service",
            "osv",
            "--disable-pip",
            "--require-hashes",
        ]
        command += ["-r", str(LOCKED), "--format", "json", "--output", str(found), *options]
        run = subprocess.run([*command, "--progress-spinner", "off"], capture_output=True, text=True, check=False)
        if found.exists():
            return _judge(json.loads(found.read_text())["dependencies"])
    last = (run.stderr.strip().splitlines() or ["pip-audit said nothing."])[-1]
    if any(word in run.stderr for word in _UNREACHABLE):
        print(f"Not audited: the advisory service cannot be reached ({last[:120]}).")
        return 0
    print(f"The audit failed: {last}")
    return 1


def _judge(packages: list[dict[str, Any]]) -> int:
    audited = [package for package in packages if "skip_reason" not in package]
    faults = [(package, fault) for package in audited for fault in package["vulns"]]
    for package, fault in faults:
        fixed = ", ".join(fault["fix_versions"]) or "no version yet"
        print(f"{package['name']} {package['version']}: {fault['id']}, mended in {fixed}")
    skipped = len(packages) - len(audited)
    print(f"{len(audited)} packages audited, {skipped} unknown to the service, {len(faults)} vulnerabilities.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
