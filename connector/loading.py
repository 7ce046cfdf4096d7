"""Mappings, schemas and code lists, read from disk and compiled: what the pure core is given as data.

May import: core, config, resources, errors.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from connector import resources
from connector.config import Config
from connector.core.codes import CodeList
from connector.core.mapping import CompiledMapping, compile_mapping
from connector.core.schema import Schemas
from connector.errors import ConfigError, ConfigProblem


def compile_mappings(config: Config) -> dict[str, CompiledMapping]:
    """Return the compiled mapping of each agency. Raises ConfigError with every problem of every mapping."""
    schemas, code_lists = compiled_schemas()
    compiled: dict[str, CompiledMapping] = {}
    by_folder: dict[Path, CompiledMapping] = {}
    problems: list[ConfigProblem] = []
    for index, agency in enumerate(config.agency):
        folder = mapping_folder(config, agency.mapping)
        if folder is None:
            problems.append(_no_mapping(config, index, agency.mapping))
            continue
        try:
            if folder not in by_folder:
                by_folder[folder] = compile_mapping(read_mapping(folder), code_lists, schemas)
            compiled[agency.code] = by_folder[folder]
        except ConfigError as error:
            problems += error.problems
    problems += _overlaps(config, compiled)
    if problems:
        raise ConfigError(problems=problems)
    return compiled


def _overlaps(config: Config, compiled: dict[str, CompiledMapping]) -> list[ConfigProblem]:
    """Two agencies may read one database only if every query says whose rows it means: else each sends all of them."""
    problems = []
    first: dict[tuple[str, str], str] = {}
    for index, agency in enumerate(config.agency):
        mapping = compiled.get(agency.code)
        if mapping is None:
            continue
        shared = first.setdefault((agency.source.url, mapping.digest), agency.code)
        selects = (mapping.kind(kind).select.sql for kind in mapping.kinds)
        if shared != agency.code and not all(":agency_code" in sql for sql in selects):
            problems.append(
                ConfigProblem(
                    "E-CFG-SHARED-SOURCE",
                    file=config.path.name,
                    key=f"agency.{index}.source",
                    found=shared,
                    expected=":agency_code",
                )
            )
    return problems


def _no_mapping(config: Config, index: int, named: str) -> ConfigProblem:
    return ConfigProblem(
        "E-CFG-NO-MAPPING", file=config.path.name, key=f"agency.{index}.mapping", found=named,
        expected="mappings/<system>/ with a mapping.toml",
    )  # fmt: skip


def mapping_folder(config: Config, named: str) -> Path | None:
    """Return the folder of a mapping, None if there is none.

    A path counts from the configuration file; a bare name means `mappings/<name>` beside it, else the shipped one."""
    is_path = "/" in named or "\\" in named
    beside = config.resolve(named) if is_path else config.resolve("mappings") / named
    shipped = resources.shipped("mappings", named)
    folders = (beside,) if is_path else (beside, shipped)
    return next((folder for folder in folders if (folder / "mapping.toml").is_file()), None)


def read_mapping(folder: Path) -> dict[str, Any]:
    """Return the TOML files of a mapping by their path inside it. Raises ConfigError for syntax, all at once."""
    files: dict[str, Any] = {}
    problems = []
    for path in sorted(folder.rglob("*.toml")):
        name = path.relative_to(folder).as_posix()
        try:
            files[name] = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
            problems.append(ConfigProblem("E-CFG-SYNTAX", file=name, key="", found=str(error)[:200], expected="TOML"))
    if problems:
        raise ConfigError(problems=problems)
    return files


def compiled_schemas() -> tuple[Schemas, dict[str, CodeList]]:
    """Return the shipped schemas, compiled, and the shipped code lists."""
    schemas = Schemas.compile(resources.schema_documents())
    return schemas, {name: CodeList.compile(document) for name, document in resources.code_list_documents().items()}
