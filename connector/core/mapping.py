"""Compile the files of `mappings/<system>/`: every mistake of every file is found in one pass.

    mapping.toml     system, source name, zone, kinds
    <kind>.toml      key, range, queries, secrecy, parent, fields
    codes/*.toml     local codes -> canonical codes

The files are data here: parsed TOML by file name. What comes out is applied to rows by `kind_mapping`.
May import: anything in core, errors, the standard library.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from zoneinfo import ZoneInfo

from connector.core import transforms
from connector.core.aliases import Aliases
from connector.core.chain import canonical, digest
from connector.core.codes import CodeList, CodeMap, compile_code_map
from connector.core.dated import bounds
from connector.core.file_tables import FileTable, check_keys, read_tables
from connector.core.kind_file import Common, check_references, finish, read_kind_file
from connector.core.kind_mapping import KindMapping
from connector.core.model import KINDS, Kind, RecordKey
from connector.core.places import Places
from connector.core.schema import Schemas
from connector.core.secrecy import OPEN_TYPES
from connector.core.section import Section
from connector.core.selects import quotes_names, read_clock
from connector.core.units import Units
from connector.core.values import read_source_name
from connector.errors import ConfigError, ConfigProblem

__all__ = ["CompiledMapping", "KindMapping", "compile_mapping"]

FORMAT = 1
HEAD = "mapping.toml"
CODES = "codes/"


@dataclass(frozen=True, slots=True)
class CompiledMapping:
    """All kinds of one source system, or of the several sources of one agency (`joined.join`).

    `digest` is the mapping fingerprint: files, transforms and schemas. Of several, `kind` gives a kind as the first
    source has it, which is enough for its fields and their names; whoever reads rows asks `all_of`, `of` or `part`."""

    system: str
    source: str
    timezone: str
    title: Mapping[str, str]
    kinds: tuple[Kind, ...]
    digest: str
    mappings: Mapping[Kind, KindMapping]
    clock: str = ""  # a query for the source's own time, "" for what its kind of database knows
    tables: Mapping[str, FileTable] = field(default_factory=dict)  # of files; empty for a database
    code_maps: Mapping[str, CodeMap] = field(default_factory=dict)  # by the name that rules use
    parts: tuple[CompiledMapping, ...] = ()  # of several sources: the mapping of each

    @property
    def sources(self) -> tuple[CompiledMapping, ...]:
        """Return the mapping of each source, as the configuration names them."""
        return self.parts or (self,)

    def part(self, source: str) -> CompiledMapping:
        """Return the mapping of one source. Where there is one only it is that one, whatever the name; KeyError if
        none of several has it."""
        if not self.parts:
            return self
        return {part.source: part for part in self.parts}[source]

    def all_of(self, kind: Kind) -> tuple[KindMapping, ...]:
        """Return how each source that has this kind maps it."""
        return tuple(part.mappings[kind] for part in self.sources if kind in part.mappings)

    def of(self, key: RecordKey) -> KindMapping:
        """Return how the source maps this record that names it so today; KeyError if no source has its kind.

        Of a key that no source of today can have made: as the first one, which does not show it."""
        for mapping in self.all_of(key.kind) if self.parts else ():
            if mapping.aliases.id_of(key.kind, key.local_id).startswith(f"{mapping.source}:"):
                return mapping
        return self.kind(key.kind)

    def name_of(self, mapping: KindMapping) -> str:
        """Return a kind's name, with its source behind it where an agency has several: `petition@book`."""
        return f"{mapping.kind}@{mapping.source}" if self.parts else str(mapping.kind)

    def kind(self, kind: Kind) -> KindMapping:
        """Return how this kind is mapped; KeyError if it is not among `kinds`."""
        return self.mappings[kind]

    def renamed(self, aliases: Aliases) -> CompiledMapping:
        """Return the mapping that names other records as these aliases say; the same one if there are none.

        Its digest is another: what was mapped before an alias was known is mapped again."""
        if not aliases:
            return self
        mappings = {kind: replace(mapping, aliases=aliases) for kind, mapping in self.mappings.items()}
        parts = tuple(part.renamed(aliases) for part in self.parts)
        return replace(self, mappings=mappings, parts=parts, digest=digest(canonical([self.digest, aliases.mark])))


def compile_mapping(
    files: Mapping[str, Any],
    code_lists: Mapping[str, CodeList],
    schemas: Schemas,
    unreadable: Sequence[ConfigProblem] = (),
    units: Units | None = None,
) -> CompiledMapping:
    """Return the mapping of one system, or raise ConfigError with everything that is wrong in its files.

    `files` are parsed TOML by name relative to the mapping's folder; `unreadable`: what is wrong with those that are
    there and are no TOML; `units`: needed where mapping.toml says `[places]`. No database is needed."""
    broken = {str(problem.values["file"]) for problem in unreadable}
    problems: list[ConfigProblem] = list(unreadable)
    head = _head(files, broken, problems, units)
    code_maps, bad_maps = _code_maps(files, broken, code_lists, problems)
    drafts = tuple(
        read_kind_file(
            Section(f"{kind}.toml", "", files[f"{kind}.toml"], problems),
            kind,
            schemas,
            Common(code_maps, head.source, head.zone, head.places),
        )
        for kind in head.kinds
        if f"{kind}.toml" in files
    )
    check_references(drafts, head.kinds, head.source)
    for draft in drafts if head.tables else ():
        origins = {column: draft.select.origin(column) for column in draft.key}
        check_keys(draft.section, head.tables, [(each.table, each.column) for each in draft.ranges], origins)
        asked = {"select.sql": draft.select.sql, "universe.sql": draft.universe.sql if draft.universe else ""}
        asked |= {f"children[{at}].sql": child.sql for at, child in enumerate(draft.children.values())}
        for place in (place for place, sql in asked.items() if quotes_names(sql)):
            draft.section.report("E-CFG-SQL", place, '"', "names without double quotes")
    problems = [problem for problem in problems if not _follows_from(problem, bad_maps)]
    if problems:
        raise ConfigError("E-CFG-MAPPING", problems, system=head.system, problems_found=len(problems))
    return CompiledMapping(
        system=head.system,
        source=head.source,
        timezone=head.timezone,
        title=head.title,
        kinds=head.kinds,
        digest=_fingerprint(files, schemas, code_lists, units if head.places else None),
        mappings={draft.kind: finish(draft, head.source, schemas, code_lists) for draft in drafts},
        clock=head.clock,
        tables=head.tables,
        code_maps=code_maps,
    )


def _fingerprint(files: Mapping[str, Any], schemas: Schemas, lists: Mapping[str, CodeList], units: Units | None) -> str:
    """The mapping fingerprint: it changes when a row could become another document than before."""
    tables = [units.digest] if units else []
    return digest(canonical([dict(files), dict(schemas.documents), transforms.VERSION, bounds(lists), tables]))


# --- mapping.toml and the list of files


@dataclass(frozen=True, slots=True)
class _Head:
    system: str
    source: str
    timezone: str
    zone: ZoneInfo
    title: Mapping[str, str]
    kinds: tuple[Kind, ...]
    clock: str = ""
    places: Places | None = None
    tables: Mapping[str, FileTable] = field(default_factory=dict)


def _head(
    files: Mapping[str, Any], broken: Collection[str], problems: list[ConfigProblem], units: Units | None
) -> _Head:
    section = Section(HEAD, "", files.get(HEAD, {}), problems)
    if HEAD not in files:
        if HEAD not in broken:
            section.report("E-CFG-FILE", "", "nothing", f"the file {HEAD}")
        return _Head("", "", "", ZoneInfo("UTC"), {}, ())
    if section.integer("format") != FORMAT:
        section.report("E-CFG-VALUE", "format", section.raw("format"), str(FORMAT))
    source = read_source_name(section, needed=True)
    title = section.section("title", needed=True)
    titles = {language: title.text(language, needed=True) for language in ("vi", "en")} if title else {}
    if title:
        title.close()
    names = section.texts("kinds", needed=True)
    for at, name in enumerate(names):
        if name not in KINDS:
            section.report("E-CFG-VALUE", f"kinds[{at}]", name, f"one of {', '.join(KINDS)}")
    system, timezone = section.text("system", needed=True), section.text("timezone", needed=True)
    zone = _zone(section, timezone)
    clock = read_clock(section)
    places = _places(section.section("places"), units)
    tables = read_tables(section.section("tables"))
    section.close()
    kinds = tuple(kind for kind in KINDS if kind in names)
    _check_files(files, broken, kinds, problems)
    return _Head(system, source, timezone, zone, titles, kinds, clock, places, tables)


def _places(section: Section | None, units: Units | None) -> Places | None:
    """What `[places]` asks for; None without that section, or with a wrong one."""
    if section is None:
        return None
    current, agencies = section.text("current", needed=True), section.flag("agencies")
    section.close()
    found = {to: conversion for (_, to), conversion in units.conversions.items()} if units else {}
    if current and current not in found:
        section.report("E-CFG-VALUE", "current", current, f"one of: {', '.join(sorted(found))}")
    if units is None or current not in found:
        return None
    return Places(found[current], units.provinces if agencies else {})


def _zone(section: Section, name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        if name:
            section.report("E-CFG-VALUE", "timezone", name, "a time zone such as Asia/Ho_Chi_Minh")
        return ZoneInfo("UTC")


def _check_files(
    files: Mapping[str, Any], broken: Collection[str], kinds: Sequence[Kind], problems: list[ConfigProblem]
) -> None:
    wanted = {HEAD, *(f"{kind}.toml" for kind in kinds)}
    for file in sorted(set(files) - wanted):
        if not file.startswith(CODES):
            expected = f"a kind among `kinds` of {HEAD}, or codes/"
            problems.append(ConfigProblem("E-CFG-FILE", file=file, key="", found=file, expected=expected))
    problems += [
        ConfigProblem("E-CFG-FILE", file=file, key="", found="nothing", expected="this file")
        for file in sorted(wanted - {*files, *broken})
    ]


_TYPES = frozenset({"petition-type", "part-type"})
"""The lists whose codes decide whether a record is concealed."""


def _code_maps(
    files: Mapping[str, Any],
    broken: Collection[str],
    code_lists: Mapping[str, CodeList],
    problems: list[ConfigProblem],
) -> tuple[dict[str, CodeMap], frozenset[str]]:
    """Return the code maps by the name that rules use, and the names of those that are there but cannot be used.

    A map with wrong entries is returned all the same: it is reported, and what refers to it is not wrong for that."""
    maps: dict[str, CodeMap] = {}
    unusable = {_stem(file) for file in broken if file.startswith(CODES)}
    for file in sorted(file for file in files if file.startswith(CODES)):
        code_map, found = compile_code_map(file, files[file], code_lists)
        problems.extend(found)
        if code_map is not None and code_map.list.name in _TYPES and code_map.default in OPEN_TYPES:
            expected = "no open default: a type nobody knows may be a denunciation"
            found_ = code_map.default
            problems.append(ConfigProblem("E-CFG-CODES", file=file, key="default", found=found_, expected=expected))
        if code_map is None:
            unusable |= {_stem(file), str(files[file].get("name", ""))}
        elif code_map.name in maps:
            expected = "a name that no other file has"
            problems.append(ConfigProblem("E-CFG-CODES", file=file, key="name", found=code_map.name, expected=expected))
        else:
            maps[code_map.name] = code_map
    return maps, frozenset(unusable)


def _stem(file: str) -> str:
    return file.removeprefix(CODES).removesuffix(".toml")


def _follows_from(problem: ConfigProblem, bad_maps: frozenset[str]) -> bool:
    """Whether a rule is only called wrong because the code map that it names is."""
    return (
        problem.id == "E-CFG-CODES"
        and problem.values.get("found") in bad_maps
        and ".codes" in str(problem.values["key"])
    )
