"""Mappings, schemas and code lists, read from disk and compiled: what the pure core is given as data.

May import: core, config, resources, errors, sqlalchemy for URLs.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from connector import resources
from connector.config import AgencySection, AgencySource, Config, load_config
from connector.config_problems import syntax_problem
from connector.core.codes import CodeList
from connector.core.forms import Form, compile_forms
from connector.core.joined import astray, join
from connector.core.mapping import CompiledMapping, compile_mapping
from connector.core.model import Kind
from connector.core.overlay import overlaid
from connector.core.schema import Schemas
from connector.core.toml import parsed_toml
from connector.core.units import Units
from connector.errors import ConfigError, ConfigProblem

_PORTS = {"postgresql": 5432, "mysql": 3306, "mariadb": 3306, "mssql": 1433, "oracle": 1521}
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def load(path: Path) -> Config:
    """Return the configuration. Raises ConfigError with every problem at once: also those of the mappings that a
    faulty file names, so that nobody mends one file only to be shown the next."""
    try:
        return load_config(path)
    except ConfigError as error:
        if not error.problems:
            raise
        problems = [*error.problems, *_mapping_problems(path)]
    raise ConfigError(problems=problems)


def _mapping_problems(path: Path) -> list[ConfigProblem]:
    try:
        blocks = parsed_toml(path.read_text(encoding="utf-8")).get("agency", [])
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError):
        return []
    named = [name for block in blocks if isinstance(block, dict) for name in _named_mappings(block)]
    problems: list[ConfigProblem] = []
    for folder in dict.fromkeys(mapping_folder(path.resolve().parent, name) for name in named):
        try:
            if folder is not None:
                mapping_at(folder, *compiled_schemas())
        except ConfigError as error:
            problems += error.problems
    return problems


def _named_mappings(block: dict[str, Any]) -> Iterator[str]:
    several = block.get("sources")
    for each in (block, *(several if isinstance(several, list) else ())):
        if isinstance(each, dict) and isinstance(each.get("mapping"), str):
            yield each["mapping"]


def compile_mappings(config: Config) -> dict[str, CompiledMapping]:
    """Return the mapping of each agency, of several sources joined. Raises ConfigError with every problem of every
    mapping."""
    folders = _Folders(config, *compiled_schemas())
    compiled: dict[str, list[CompiledMapping]] = {}
    for index, agency in enumerate(config.agency):
        found = [folders.mapping(index, source) for source in agency.every_source]
        compiled[agency.code] = [mapping for mapping in found if mapping is not None]
    problems = [*folders.problems, *_overlaps(config, compiled)]
    for index, agency in enumerate(config.agency):
        problems += _unjoinable(config, index, agency, compiled[agency.code])
    if problems:
        raise ConfigError(problems=problems)
    return {code: join(parts) for code, parts in compiled.items()}


@dataclass(slots=True)
class _Folders:
    """The mappings of a configuration, each folder compiled once and each of its problems told once."""

    config: Config
    schemas: Schemas
    code_lists: dict[str, CodeList]
    problems: list[ConfigProblem] = field(default_factory=list)
    by_folder: dict[Path, CompiledMapping | None] = field(default_factory=dict)

    def mapping(self, index: int, source: AgencySource) -> CompiledMapping | None:
        """Return the mapping of one source of the agency with this number, None if something about it is wrong."""
        folder = mapping_folder(self.config.folder, source.mapping)
        if folder is None:
            self.problems.append(_no_mapping(self.config, f"agency.{index}.{source.mapping_place}", source.mapping))
            return None
        if folder not in self.by_folder:
            self.by_folder[folder] = None
            try:
                self.by_folder[folder] = mapping_at(folder, self.schemas, self.code_lists)
            except ConfigError as error:
                self.problems += error.problems
        return self.by_folder[folder]


def _overlaps(config: Config, compiled: Mapping[str, Sequence[CompiledMapping]]) -> list[ConfigProblem]:
    """Two agencies may read one database only if every query says whose rows it means: else each sends all of them."""
    problems = []
    first: dict[tuple[tuple[str, ...], str], str] = {}
    for index, agency in enumerate(config.agency):
        if len(compiled[agency.code]) < len(agency.every_source):
            continue
        for source, mapping in zip(agency.every_source, compiled[agency.code], strict=True):
            shared = first.setdefault((database_of(config, source.url), mapping.digest), agency.code)
            selects = (mapping.kind(kind).select.sql for kind in mapping.kinds)
            if shared != agency.code and not all(":agency_code" in sql for sql in selects):
                key = f"agency.{index}.{source.place}"
                problems.append(
                    ConfigProblem(
                        "E-CFG-SHARED-SOURCE", file=config.path.name, key=key, found=shared, expected=":agency_code"
                    )
                )
    return problems


def _unjoinable(
    config: Config, index: int, agency: AgencySection, parts: Sequence[CompiledMapping]
) -> list[ConfigProblem]:
    """What keeps the sources of one agency from standing side by side, as far as their files say it."""
    if len(parts) < len(agency.every_source):
        return []
    problems = []
    named: dict[str, str] = {}
    read: dict[tuple[tuple[str, ...], Kind, str], str] = {}
    for source, mapping in zip(agency.every_source, parts, strict=True):
        place = f"agency.{index}.{source.mapping_place}"
        if mapping.source in named:
            problems.append(_source_problem(config, "E-CFG-SOURCE-NAME", place, mapping.source, ""))
            continue
        named[mapping.source] = source.place
        for kind in mapping.kinds:
            rows = (database_of(config, source.url), kind, mapping.kind(kind).select.sql)
            if read.setdefault(rows, mapping.source) != mapping.source:
                found = read[rows]
                problems.append(_source_problem(config, "E-CFG-SOURCE-TWICE", f"agency.{index}.{source.place}", found))
                break
    if not problems:
        for wrong in astray(join(parts)):
            place = f"{wrong.source}/{wrong.kind}.toml  {wrong.place}"
            problems.append(_source_problem(config, "E-CFG-SOURCE-ASTRAY", place, wrong.named, wrong.wanted))
    return problems


def _source_problem(config: Config, id_: str, key: str, found: str, expected: str = "") -> ConfigProblem:
    return ConfigProblem(id_, file=config.path.name, key=key, found=found, expected=expected)


def database_of(config: Config, text: str) -> tuple[str, ...]:
    """Return which database a URL means, however it is spelt and whoever logs in."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        return (text,)  # refused elsewhere
    backend, database = url.get_backend_name(), url.database or ""
    if backend in ("sqlite", "files"):
        return (backend, str(config.resolve(database).resolve()))
    host = (url.host or "localhost").lower().rstrip(".")
    port = url.port or _PORTS.get(backend, 0)
    server = "mysql" if backend == "mariadb" else backend
    return (server, "localhost" if host in _LOOPBACK else host, str(port), database)


def _no_mapping(config: Config, key: str, named: str) -> ConfigProblem:
    return ConfigProblem(
        "E-CFG-NO-MAPPING", file=config.path.name, key=key, found=named,
        expected="mappings/<system>/ with a mapping.toml",
    )  # fmt: skip


def mapping_folder(beside_config: Path, named: str) -> Path | None:
    """Return the folder of a mapping, None if there is none.

    A path counts from the configuration file's folder; a bare name means `mappings/<name>` in it, else the shipped
    one."""
    is_path = "/" in named or "\\" in named
    beside = beside_config / named if is_path else beside_config / "mappings" / named
    shipped = resources.shipped("mappings", named)
    folders = (beside,) if is_path else (beside, shipped)
    return next((folder for folder in folders if (folder / "mapping.toml").is_file()), None)


def mapping_at(folder: Path, schemas: Schemas, code_lists: dict[str, CodeList]) -> CompiledMapping:
    """Return the compiled mapping of a folder. Raises ConfigError with all its problems, also beside files that are no
    TOML; each problem's `file` begins with the folder's name."""
    texts, unreadable = _read(folder)
    base, wrong = _extended(folder, texts)
    unreadable += wrong
    try:
        if wrong and not base:  # without it all that it holds would be called missing
            _refuse(unreadable)
        if not unreadable:
            with suppress(tomllib.TOMLDecodeError):  # told by its place below
                return _compiled(tuple(texts.items()), tuple(base.items()), schemas, tuple(code_lists.items()))
        files, no_toml = _parsed(folder, texts)
        if base:
            with suppress(tomllib.TOMLDecodeError):
                files, wrong = _over(base, files)
        return compile_mapping(files, code_lists, schemas, unreadable + no_toml, _units_for(files))
    except ConfigError as error:
        named = [_in_folder(folder, problem) for problem in error.problems]
        raise ConfigError(error.id, named, **{"system": folder.name, **_without_empty(error.values)}) from None


def _refuse(problems: list[ConfigProblem]) -> NoReturn:
    raise ConfigError("E-CFG-MAPPING", problems, problems_found=len(problems))


def _in_folder(folder: Path, problem: ConfigProblem) -> ConfigProblem:
    if problem.id == "E-CFG-UNITS":
        return problem  # of the installation, not of this folder
    return ConfigProblem(problem.id, **{**problem.values, "file": f"{folder.name}/{problem.values['file']}"})


def _without_empty(values: dict[str, str | float]) -> dict[str, str | float]:
    return {name: value for name, value in values.items() if value != ""}


@lru_cache(maxsize=8)
def _compiled(
    texts: tuple[tuple[str, str], ...],
    base: tuple[tuple[str, str], ...],
    schemas: Schemas,
    code_lists: tuple[tuple[str, CodeList], ...],
) -> CompiledMapping:
    """Compile these very texts once: whoever opens a configuration again, or has two agencies, does not pay twice."""
    files: dict[str, Any] = {name: parsed_toml(text) for name, text in texts}
    files, wrong = _over(dict(base), files) if base else (files, [])
    return compile_mapping(files, dict(code_lists), schemas, wrong, _units_for(files))


def texts_of(folder: Path) -> tuple[dict[str, str], str, dict[str, str]]:
    """Return the texts of a mapping's own files by name, and the name and the texts of the mapping that it extends; ""
    and none where it extends none. Of a mapping that compiles."""
    own, _ = _read(folder)
    base, _ = _extended(folder, own)
    return own, str(parsed_toml(own.get("mapping.toml", "")).get("extends", "")), base


def _over(base: dict[str, str], files: dict[str, Any]) -> tuple[dict[str, Any], list[ConfigProblem]]:
    return overlaid({name: parsed_toml(text) for name, text in base.items()}, files)


def _extended(folder: Path, texts: dict[str, str]) -> tuple[dict[str, str], list[ConfigProblem]]:
    """The texts of the mapping that this one extends, none if it extends none; and what is wrong with it."""
    try:
        head = parsed_toml(texts.get("mapping.toml", ""))
    except tomllib.TOMLDecodeError:
        return {}, []
    if "extends" not in head:
        return {}, []
    named = head["extends"]
    beside = [folder.parent / named, resources.shipped("mappings", named)] if _is_name(named) else []
    found = (path for path in beside if (path / "mapping.toml").is_file() and path.resolve() != folder.resolve())
    base = next(found, None)
    if base is None:
        shown = named if isinstance(named, str) else repr(named)
        expected = "a mapping beside this one, or one that comes with the program"
        return {}, [ConfigProblem("E-CFG-FILE", file="mapping.toml", key="extends", found=shown, expected=expected)]
    return _read(base)


def _is_name(named: object) -> bool:
    return isinstance(named, str) and bool(named.strip(". ")) and not {"/", "\\"} & {*named}


def _read(folder: Path) -> tuple[dict[str, str], list[ConfigProblem]]:
    """The texts of a mapping's files by their path inside it, and what is wrong with those that cannot be read."""
    texts: dict[str, str] = {}
    problems = []
    for path in sorted(folder.rglob("*.toml")):
        name = path.relative_to(folder).as_posix()
        try:
            texts[name] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            problems.append(syntax_problem(name, path, error))
        except OSError as error:
            shown = type(error).__name__
            problems.append(ConfigProblem("E-CFG-UNREADABLE", file=name, key="", found="", expected="", error=shown))
    return texts, problems


def _parsed(folder: Path, texts: dict[str, str]) -> tuple[dict[str, Any], list[ConfigProblem]]:
    """The files as TOML, and what is wrong with those that are none."""
    files: dict[str, Any] = {}
    problems = []
    for name, text in texts.items():
        try:
            files[name] = parsed_toml(text)
        except tomllib.TOMLDecodeError as error:
            problems.append(syntax_problem(name, folder / name, error))
    return files, problems


def _units_for(files: dict[str, Any]) -> Units | None:
    """The administrative units, where the mapping asks for them."""
    return compiled_units() if "places" in files.get("mapping.toml", {}) else None


@lru_cache(maxsize=1)
def compiled_units() -> Units:
    """Return the shipped administrative units with their conversion. Raises ConfigError where a table is broken.

    Some 25,000 lines: read only for a mapping that asks for them."""
    return Units.compile(*resources.unit_tables())


@lru_cache(maxsize=1)
def compiled_schemas() -> tuple[Schemas, dict[str, CodeList]]:
    """Return the shipped schemas, compiled, and the shipped code lists: the same ones on every call."""
    schemas = Schemas.compile(resources.schema_documents())
    return schemas, {name: CodeList.compile(document) for name, document in resources.code_list_documents().items()}


def compiled_forms() -> tuple[Form, ...]:
    """Return the columns of the statutory forms with the fields that they need. Raises ConfigError for a wrong file."""
    return compile_forms(resources.form_documents(), compiled_schemas()[0])
