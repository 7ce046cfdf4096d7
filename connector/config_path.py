"""Which configuration file counts, and which language it asks for: known before anything heavy is loaded.

May import: the standard library.
"""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Final

from connector.core.toml import parsed_toml

CONFIG_VARIABLE = "KNTC_CONFIG"
DEFAULT_PATH = Path("/etc/kntc/config.toml")

DEFAULT_LANGUAGE: Final = "vi"
"""The language of a configuration that names none."""

_MAX_BYTES = 2**20
_LANGUAGE_LINE = re.compile(r"^\s*language\s*=\s*[\"'](\w+)[\"']", re.MULTILINE)


def find_config(given: Path | None) -> Path:
    """Return the configuration file that counts: given, else $KNTC_CONFIG, else /etc/kntc/config.toml."""
    if given is not None:
        return given
    named = os.environ.get(CONFIG_VARIABLE)
    return Path(named) if named else DEFAULT_PATH


def language_in(path: Path) -> str | None:
    """Return the language that a configuration file asks for, None if there is no file to be read.

    Of a file that is no TOML the line counts: what is wrong with it is told in its language."""
    try:
        with path.open("rb") as file:
            text = file.read(_MAX_BYTES).decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    try:
        section = parsed_toml(text).get("connector", {})
    except tomllib.TOMLDecodeError:
        line = _LANGUAGE_LINE.search(text)
        return line[1] if line else None
    return str(section.get("language", DEFAULT_LANGUAGE)) if isinstance(section, dict) else None
