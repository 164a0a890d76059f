"""A connector to begin with: the package of a stranger's own that `ringbridge connector new` writes.

The templates stand beside this module. What they make passes its own tests as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from string import Template

from bridge.descriptions import ConfigError

LONGEST_NAME = 30  # letters; longer ones would break the lines of the templates

_FOLDER = resources.files("bridge") / "scaffold"
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_PATHS = {
    "pyproject.toml": "pyproject.toml",
    "README.md": "README.md",
    "gitignore": ".gitignore",
    "connector.py": "$module.py",
    "test_connector.py": "tests/test_$snake.py",
    "new_ticket.json": "tests/fixtures/new_ticket.json",
    "lost_answer.json": "tests/fixtures/lost_answer.json",
}


def write(name: str, taken: Iterable[str], folder: Path | None = None) -> Path:
    """Write the package of a connector of this name, and return its folder: `ringbridge-<name>` unless one is given.

    Raises ConfigError for a name that cannot be used or is `taken`, and for a folder that is there already.
    """
    files = _filled(name)
    if name in set(taken):
        raise ConfigError(f"There is a connector named {name} already; choose another name.")
    folder = folder or Path(f"ringbridge-{name}")
    try:
        folder.mkdir(parents=True)
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, "utf-8")
    except FileExistsError:
        raise ConfigError(f"{folder} is there already, and stays as it is; choose another with --into.") from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigError(f"{folder} cannot be written ({reason}); choose another with --into.") from None
    return folder


def _filled(name: str) -> dict[str, str]:
    """The text of each file, by its path in the package."""
    if not _NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise ConfigError(
            f"{name!r} cannot name a connector: use lower case letters, digits and single hyphens, such as acme-desk, "
            f"beginning with a letter and at most {LONGEST_NAME} long."
        )
    words = [word.capitalize() for word in name.split("-")]
    snake = name.replace("-", "_")
    values = {
        "name": name,
        "snake": snake,
        "module": f"ringbridge_{snake}",
        "cls": "".join(words),
        "title": " ".join(words),
    }
    templates = {file: (_FOLDER / f"{file}.template").read_text("utf-8") for file in _PATHS}
    code = "\n".join(text for file, text in templates.items() if file.endswith(".py"))
    if re.search(rf"\b{values['cls']}(Settings)?\b", code):
        raise ConfigError(f"{values['cls']} is a word of the code already; add to the name, such as {name}-desk.")
    return {
        Template(path).substitute(values): Template(templates[file]).substitute(values) for file, path in _PATHS.items()
    }
