"""Packages of other authors, as pip would have left them: a module beside the entry points that name its connectors."""

from __future__ import annotations

import sys
from pathlib import Path

from connectors.kit.registry import GROUP


def install(folder: Path, monkeypatch, name: str, source: str, connector: str = "") -> None:
    """Install a package of one module, which brings the connector `name` as the class `Theirs`."""
    site = folder / f"site-{name}"
    metadata = site / f"{name}-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[{GROUP}]\n{connector or name} = theirs_{name}:Theirs\n")
    (site / f"theirs_{name}.py").write_text(source)
    monkeypatch.syspath_prepend(site)
    monkeypatch.delitem(sys.modules, f"theirs_{name}", raising=False)
