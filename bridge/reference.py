"""Writes the settings table of each page in docs/connectors from the connector's own settings model.

`python -m bridge.reference` writes, `--check` only says which pages are not current. Everything outside the two
markers is written by hand.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from connectors.kit import Field, Registry, fields

PAGES = Path("docs/connectors")
_TABLE = re.compile(r"(<!-- settings of (?P<name>[\w-]+) -->\n).*?(<!-- end of settings -->)", re.DOTALL)


def rendered(page: str, registry: Registry) -> str:
    """The page with its tables made anew. Raises UnknownConnector."""
    return _TABLE.sub(lambda found: found[1] + _table(fields(registry.load(found["name"]).Settings)) + found[3], page)


def _table(settings: list[Field]) -> str:
    head = "| Setting | | Kind | Default |\n|---|---|---|---|\n"
    return head + "".join(map(_row, settings))


def _row(field: Field) -> str:
    kind = field.kind if not field.choices else " · ".join(f"`{choice}`" for choice in field.choices)
    if field.minimum is not None or field.maximum is not None:
        kind += f", {_bound(field.minimum)} to {_bound(field.maximum)}"
    default = "required" if field.required else "none" if field.default is None else f"`{field.default}`"
    return f"| `{field.name}` | **{field.title}.** {field.help} | {kind} | {default} |\n"


def _bound(value: float | None) -> str:
    return "any" if value is None else f"{value:g}"


def main(arguments: list[str]) -> int:
    """Write or check every page; 1 if a check found something."""
    registry, stale = Registry(), []
    for page in sorted(PAGES.glob("*.md")):
        written = page.read_text("utf-8")
        current = rendered(written, registry)
        if current == written:
            continue
        stale.append(page)
        if "--check" not in arguments:
            page.write_text(current, "utf-8")
    missing = [name for name in registry.names() if not (PAGES / f"{name}.md").exists()]
    for page in stale:
        sys.stdout.write(f"{page}: {'not current; run make docs' if '--check' in arguments else 'written'}\n")
    for name in missing:
        sys.stdout.write(f"{PAGES}/{name}.md: missing; each connector has a page\n")
    return 1 if missing or (stale and "--check" in arguments) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
