"""The files that decided matches go into: code maps beside the configuration, and our own lists of national codes.

Everything is read, edited and compiled before the first file is written, and each file is replaced as a whole.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector.core.code_map_text import with_entries
from connector.core.toml import parsed_toml
from connector.errors import DataError

if TYPE_CHECKING:
    from connector.app import App


@dataclass(frozen=True, slots=True)
class Edit:
    """One file as it will be."""

    path: Path
    text: str
    entries: Mapping[str, str]

    def write(self) -> None:
        """Replace the file; whoever reads meanwhile sees the old or the new one."""
        draft = self.path.with_name(f".{self.path.name}.{os.getpid()}.tmp")
        try:
            with draft.open("w", encoding="utf-8", newline="\n") as file:
                file.write(self.text)
                file.flush()
                os.fsync(file.fileno())
            if self.path.exists():
                draft.chmod(self.path.stat().st_mode)
            draft.replace(self.path)
        finally:
            draft.unlink(missing_ok=True)


def edits(app: App, agency: str, decided: Mapping[str, Mapping[str, str]], remark: str) -> list[Edit]:
    """Return the files that these decisions change: name of a map or list -> local code -> code.

    Raises DataError where a file came with the program, is not there, or is written in a way that nobody can add to."""
    translated = bool(app.agency(agency).national.translations)
    make = _list_edit if translated else _map_edit
    return [make(app, agency, name, entries, remark) for name, entries in decided.items()]


def _map_edit(app: App, agency: str, name: str, entries: Mapping[str, str], remark: str) -> Edit:
    from connector.core.codes import compile_code_map
    from connector.core.joined import home_of
    from connector.loading import compiled_schemas, mapping_folder
    from connector.resources import shipped

    home, name = home_of(app.agency(agency).mapping, name)
    named = app.agency(agency).configured(home).mapping
    folder = mapping_folder(app.config.folder, named)
    if folder is None or folder == shipped("mappings", named):
        own = app.config.folder / "mappings" / named
        raise DataError("E-MAP-FILE-SHIPPED", map=name, folder=str(folder), own=str(own))
    path = next((path for path in sorted((folder / "codes").glob("*.toml")) if _name_of(path) == name), None)
    if path is None:
        raise DataError("E-MAP-FILE-ELSEWHERE", map=name, folder=str(folder))
    text = with_entries(path.read_text(encoding="utf-8"), entries, remark)
    if text is None or compile_code_map(path.name, parsed_toml(text), compiled_schemas()[1])[1]:
        raise DataError("E-MAP-FILE-FORM", map=name, file=str(path))
    return Edit(path, text, entries)


def _name_of(path: Path) -> str:
    return str(parsed_toml(path.read_text(encoding="utf-8")).get("name", ""))


def _list_edit(app: App, _agency: str, name: str, entries: Mapping[str, str], remark: str) -> Edit:
    from connector.resources import ttcp2018_code_documents

    configured = app.config.national.ttcp2018.codes
    if configured is None:
        raise DataError("E-WIRE-CODES-SHIPPED", list=name)
    path = app.config.resolve(configured) / f"{name}.json"
    document: dict[str, Any] = json.loads(
        path.read_bytes() if path.exists() else json.dumps(ttcp2018_code_documents()[name])
    )
    known = {entry["code"]: entry for entry in document["codes"]}
    for code, national in entries.items():
        known[code] = {**known.get(code, {}), "code": code, "national": national, "source": remark}
    document["codes"] = list(known.values())
    return Edit(path, json.dumps(document, ensure_ascii=False, indent=2) + "\n", entries)
