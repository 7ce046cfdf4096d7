"""Where `mappings/` and `schemas/` lie: beside the package in a clone, inside it in an installed wheel."""

from __future__ import annotations

import json
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).resolve().parent


def shipped(*parts: str) -> Path:
    """Return the path of a shipped file or folder, such as `shipped("schemas", "codes")`."""
    inside = _PACKAGE.joinpath(*parts)
    return inside if inside.exists() else _PACKAGE.parent.joinpath(*parts)


@lru_cache(maxsize=1)
def schema_documents() -> dict[str, Any]:
    """Return the canonical JSON Schemas by file stem: common, reception, petition, …"""
    return _json_by_stem(shipped("schemas", "canonical"))


@lru_cache(maxsize=1)
def code_list_documents() -> dict[str, Any]:
    """Return the code lists by name."""
    return _json_by_stem(shipped("schemas", "codes"))


@lru_cache(maxsize=1)
def ttcp2018_code_documents() -> dict[str, Any]:
    """Return the national values of our codes on the interface `ttcp2018`, by list."""
    return _json_by_stem(shipped("schemas", "wire", "ttcp2018", "codes"))


@lru_cache(maxsize=1)
def form_documents() -> dict[str, Any]:
    """Return the forms that the law asks for, by the circular or decree they belong to."""
    return _json_by_stem(shipped("schemas", "forms"))


@lru_cache(maxsize=1)
def unit_tables() -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return the parsed `schemas/units/units.json`, and the bytes of the tables beside it by file name."""
    folder = shipped("schemas", "units")
    tables = {path.name: path.read_bytes() for path in sorted(folder.glob("*.csv"))}
    return json.loads((folder / "units.json").read_bytes()), tables


@lru_cache(maxsize=1)
def field_names() -> dict[str, Any]:
    """Return the parsed `field_names.toml`: what agencies call tables and fields."""
    return tomllib.loads((_PACKAGE / "field_names.toml").read_text(encoding="utf-8"))


def _json_by_stem(folder: Path) -> dict[str, Any]:
    return {path.stem: json.loads(path.read_bytes()) for path in sorted(folder.glob("*.json"))}
