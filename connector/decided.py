"""The texts that decisions are made with, as they lie on disk: the configuration, and all that a mapping is made of.

May import: config, loading, resources, core, store.kept.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from connector import __version__, resources
from connector.config import AgencySection, Config
from connector.core import transforms
from connector.core.chain import canonical, digest
from connector.core.mapping import CompiledMapping
from connector.core.toml import parsed_toml
from connector.errors import ConfigError
from connector.loading import compiled_schemas, mapping_at, mapping_folder, texts_of
from connector.store.kept import Texts

MAPPING, BASES = "mapping", "bases"


def digests_in_force(config: Config, mapping: CompiledMapping) -> list[str]:
    """Return the digests of the same, for which no file is read."""
    return [config.digest, *(part.digest for part in mapping.sources)]


def texts_in_force(config: Config, section: AgencySection, mapping: CompiledMapping) -> list[Texts]:
    """Return what decides for an agency: the configuration, and the mapping of each of its sources.

    What has been edited since the program read it is left out: the next run, which uses it, keeps it."""
    parts = zip(section.every_source, mapping.sources, strict=True)
    found = [_config(config), *(_mapping(config, source.mapping, part) for source, part in parts)]
    return [one for one in found if one is not None]


def _config(config: Config) -> Texts | None:
    try:
        text = config.path.read_text(encoding="utf-8")
        same = digest(canonical(parsed_toml(text))) == config.digest
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return None
    return Texts("config", config.digest, {"config.toml": text}) if same else None


def _mapping(config: Config, named: str, mapping: CompiledMapping) -> Texts | None:
    folder = mapping_folder(config.folder, named)
    try:
        if folder is None or mapping_at(folder, *compiled_schemas()).digest != mapping.digest:
            return None
        own, base_name, base = texts_of(folder)
    except ConfigError:
        return None
    files = {f"{MAPPING}/{name}": text for name, text in own.items()}
    files |= {f"{base_name}/{name}": text for name, text in base.items()}
    for place, documents in (("canonical", resources.schema_documents()), ("codes", resources.code_list_documents())):
        files |= {f"schemas/{place}/{name}.json": _json(document) for name, document in documents.items()}
    if any("places" in parsed_toml(texts.get("mapping.toml", "")) for texts in (own, base)):
        head, tables = resources.unit_tables()
        files["schemas/units/units.json"] = _json(head)
        files |= {f"schemas/units/{name}": table.decode() for name, table in tables.items()}
    files["program.json"] = _json({"program": __version__, "transforms": transforms.VERSION})
    return Texts("mapping", mapping.digest, files)


def _json(document: Any) -> str:
    return canonical(document).decode()


def write(texts: Texts, folder: Path) -> None:
    """Write the texts into a new folder. Raises OSError, and ValueError for a name that would lie outside of it."""
    folder.mkdir()
    for name, text in texts.files.items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise ValueError("a name that leads out of the folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
        path.chmod(0o600)
