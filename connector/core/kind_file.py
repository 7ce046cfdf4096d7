"""Read `<kind>.toml`: its queries, key, parents and rules, and check them against each other and the schema.

A Draft is a kind as read, with mistakes or without; every mistake is reported in its section. `finish` makes the
KindMapping once no file of the mapping has any.
May import: anything in core but mapping, the standard library.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from connector.core.assembly import compile_node
from connector.core.attachments import CONTENT_FIELDS, ITEMS, Attached, content_of, read_attached
from connector.core.codes import CodeList, CodeMap
from connector.core.conditions import Reader
from connector.core.dated import dated_fields
from connector.core.fields import Rule, compile_rule, compile_value
from connector.core.kind_mapping import KindMapping, Needed, ParentRule, Range, Reference
from connector.core.model import Kind, TraceStep
from connector.core.places import PlaceLayer, Places
from connector.core.schema import FieldInfo, Schemas
from connector.core.secrecy import OPEN_TYPES
from connector.core.section import Section
from connector.core.seeking import Seeking
from connector.core.selects import (
    ChildSelect,
    Select,
    Universe,
    names_column,
    names_otherwise,
    parameter_count,
    read_child,
    read_select,
    read_universe,
)
from connector.core.source_settings import SourceSettings, read_source_settings
from connector.core.values import Scope, compile_ref, read_kind, read_source_name

_SET_BY_US = frozenset({"/agency_code", "/local_id", "/concealed"})


@dataclass(frozen=True, slots=True)
class Common:
    """What the kinds of one mapping share."""

    code_maps: Mapping[str, CodeMap]
    source: str
    zone: ZoneInfo
    places: Places | None = None  # where the mapping asks for them


@dataclass(frozen=True, slots=True)
class Draft:
    """One kind as read. Where a part is wrong its place is taken by something empty."""

    kind: Kind
    section: Section
    key: tuple[str, ...]
    ranges: tuple[Range, ...]  # at least one
    source: SourceSettings
    select: Select
    children: Mapping[str, ChildSelect]
    universe: Universe | None
    parents: Mapping[str, ParentRule]  # by their place in the file
    petition_type: Reader | None
    type_columns: tuple[str, ...]
    rules: tuple[Rule, ...]
    fields: Mapping[str, FieldInfo]
    rows: Mapping[str, str]  # the child query that feeds an array, by the pattern of its items
    places: Places | None
    attached: Attached | None = None

    def rows_of(self, rule: Rule) -> ChildSelect | None:
        """The child query whose rows the rule reads; None for the root row (or if nothing feeds its array)."""
        return self.children.get(self.rows.get(rule.item_of, ""))

    def origin(self, rule: Rule, column: str) -> str:
        """Where a column of this rule comes from, as `table.column`."""
        child = self.rows_of(rule)
        return child.origin(column) if child else self.select.origin(column)


def read_kind_file(section: Section, kind: Kind, schemas: Schemas, common: Common) -> Draft:
    """Read and check one kind. Mistakes are in the section's problems; the draft is usable for further checks."""
    name = section.text("kind", needed=True)
    if name not in ("", kind):
        section.report("E-CFG-VALUE", "kind", name, kind)
    key = section.texts("key", needed=True)
    select = section.section("select", needed=True)
    children = [read_child(child, len(key)) for child in section.sections("children")]
    universe = section.section("universe")
    parents = dict(_parents(section, common.source, kind))
    layer = common.places.fields_set(schemas.fields(kind)) if common.places else frozenset()
    scope = Scope(
        fields=schemas.fields(kind),
        code_maps=common.code_maps,
        children=frozenset(child.name for child in children),
        reserved=_SET_BY_US | {parent.field for parent in parents.values()} | layer | _content_fields(section),
        source=common.source,
        zone=common.zone,
    )
    petition_type, type_columns = _petition_type(section, schemas, scope)
    rules = tuple(_rules(section, scope))
    attached = _attached(section, kind, rules)
    draft = Draft(
        kind=kind,
        section=section,
        key=key,
        ranges=_ranges(section),
        source=read_source_settings(section.section("source")),
        select=read_select(select) if select else Select("", ""),
        children={child.name: child for child in children},
        universe=read_universe(universe) if universe else None,
        parents=parents,
        petition_type=petition_type,
        type_columns=type_columns,
        rules=rules,
        fields=scope.fields,
        rows={rule.pattern: rule.rows for rule in rules},
        places=common.places,
        attached=attached,
    )
    section.close()
    for check in (
        _check_arrays,
        _check_required,
        _check_columns,
        _check_encodings,
        _check_key_class,
        _check_ranges,
    ):
        check(draft)
    return draft


def finish(draft: Draft, source: str, schemas: Schemas, lists: Mapping[str, CodeList]) -> KindMapping:
    """Return the mapping of a draft in which nothing is wrong."""
    assert draft.petition_type is not None, "read_kind_file reports a missing [secrecy]"  # noqa: S101
    return KindMapping(
        kind=draft.kind,
        source=source,
        key=draft.key,
        range_table=draft.ranges[0].table,
        range_schema=draft.ranges[0].schema or None,
        range_column=draft.ranges[0].column,
        settings=draft.source,
        select=draft.select,
        children=tuple(draft.children.values()),
        universe=draft.universe,
        parents=tuple(draft.parents.values()),
        petition_type=draft.petition_type,
        clear={rule.pattern: rule.clear for rule in draft.rules if rule.clear},
        fields=draft.fields,
        trace=tuple(_trace(draft)),
        columns_by_pattern=dict(_places(draft)),
        needed=_needed(draft),
        node=compile_node((*draft.rules, *_content_rules(draft))),
        attached=draft.attached,
        schemas=schemas,
        seeking=Seeking.of(draft.fields),
        places=PlaceLayer.of(draft.places, draft.fields) if draft.places else None,
        dated=dated_fields(draft.kind, draft.fields, lists, {rule.pattern for rule in draft.rules if rule.ageless}),
        further=draft.ranges[1:],
        refs=tuple(_refs(draft.rules, source)),
        homes={(r.pattern, c): draft.origin(r, c) for r in draft.rules if len(r.columns) > 1 for c in r.columns},
    )


def _refs(rules: Iterable[Rule], source: str) -> Iterator[Reference]:
    for rule in rules:
        if rule.ref is not None:
            yield Reference(rule.pattern, rule.ref, rule.ref_source or source, len(rule.columns))


def check_references(drafts: Sequence[Draft], kinds: Sequence[Kind], source: str) -> None:
    """Report parents of a kind that the mapping has not, and references whose columns do not make the key of theirs.

    What a record of another source is made of, this mapping cannot know: `joined.astray` does."""
    keys = {draft.kind: draft.key for draft in drafts}
    for draft in drafts:
        for place, parent in draft.parents.items():
            if parent.source != source:
                continue
            if parent.kind not in kinds:
                draft.section.report("E-CFG-VALUE", f"{place}.kind", parent.kind, f"one of: {', '.join(kinds)}")
            _check_width(draft, f"{place}.columns", parent.kind, parent.columns, keys)
        for rule in draft.rules:
            if rule.ref is not None and rule.ref_source in ("", source):
                _check_width(draft, f"fields.{rule.pattern}.columns", rule.ref, rule.columns, keys)


def _check_width(
    draft: Draft, place: str, kind: Kind, columns: Sequence[str], keys: Mapping[Kind, Sequence[str]]
) -> None:
    wanted = keys.get(kind, ())
    if wanted and columns and len(wanted) != len(columns):
        expected = f"{len(wanted)} columns, as the key of {kind}: {', '.join(wanted)}"
        draft.section.report("E-CFG-KEY", place, ", ".join(columns), expected)


# --- the parts of the file


def _ranges(section: Section) -> tuple[Range, ...]:
    """What pages walk over; `[[range]]` may stand several times, for records of one kind in several tables."""
    walked = []
    for found in section.sections("range"):
        walked.append(Range(found.text("schema"), found.text("table", needed=True), found.text("column", needed=True)))
        found.close()
    if not walked:
        section.report("E-CFG-MISSING", "range", "nothing", "a table")
    return tuple(walked) or (Range("", "", ""),)


PARENTS: Mapping[Kind, Mapping[Kind, str]] = {
    Kind.RECEPTION: {},
    Kind.PETITION: {Kind.RECEPTION: "/reception_ref"},
    Kind.HANDLING: {Kind.PETITION: "/petition_ref"},
    Kind.ACCEPTANCE: {Kind.PETITION: "/petition_ref"},
    Kind.DECISION: {Kind.ACCEPTANCE: "/acceptance_ref", Kind.PETITION: "/petition_ref"},
    Kind.ENFORCEMENT: {Kind.DECISION: "/decision_ref"},
}
"""What may hang on what, and the field that says so. Nothing hangs on a later kind, so nobody waits in a circle."""


def _parents(section: Section, source: str, kind: Kind) -> Iterator[tuple[str, ParentRule]]:
    """The parents by place, as they are asked in order; `[[parent]]` may name several (acceptance, else petition)."""
    allowed = PARENTS[kind]
    named: set[Kind] = set()
    for found in section.sections("parent"):
        parent, field = read_kind(found, "kind"), found.text("field", needed=True)
        columns = found.texts("columns", needed=True)
        home = read_source_name(found) or source
        found.close()
        if parent is None:
            continue
        if parent not in allowed or parent in named:
            expected = f"one of: {', '.join(allowed)}" if allowed else "no parent"
            found.report("E-CFG-VALUE", "kind", parent, "each kind once" if parent in named else expected)
        elif field and field != allowed[parent]:
            found.report("E-CFG-TARGET", "field", field, f"the field {allowed[parent]}")
        elif field:
            yield found.path, ParentRule(parent, columns, field, compile_ref(columns, home), home)
        named.add(parent)
    if not named and len(allowed) > 1:  # where there is one choice, the schema asks for its field
        section.report("E-CFG-MISSING", "parent", "nothing", f"a parent: {', '.join(allowed)}")


def _petition_type(section: Section, schemas: Schemas, scope: Scope) -> tuple[Reader | None, tuple[str, ...]]:
    """The petition's type: of every kind, since whatever hangs on a denunciation is treated as one."""
    secrecy = section.section("secrecy", needed=True)
    found = secrecy.section("petition_type", needed=True) if secrecy else None
    if secrecy is None or found is None:
        return None, ()
    secrecy.close()
    if (constant := found.raw("constant")) in OPEN_TYPES:
        expected = "a column of the row: a constant would let every denunciation leave in clear"
        found.report("E-CFG-VALUE", "constant", constant, expected)
    return compile_value(schemas.fields(Kind.PETITION)["/type"], found, scope)


def _rules(section: Section, scope: Scope) -> Iterator[Rule]:
    fields = section.section("fields", needed=True)
    for pattern in fields.keys() if fields else ():
        found = fields.section(pattern) if fields else None
        rule = compile_rule(pattern, found, scope) if found else None
        if rule is not None:
            yield rule


# --- files that the rows of a child query name


def _content_fields(section: Section) -> set[str]:
    """What the connector itself says of a paper, where it looks at its file."""
    return {f"{ITEMS}/{name}" for name in CONTENT_FIELDS} if section.has("attachments") else set()


def _attached(section: Section, kind: Kind, rules: Sequence[Rule]) -> Attached | None:
    found = section.section("attachments")
    if found is None:
        return None
    by_pattern = {rule.pattern: rule for rule in rules}
    items, redacted = by_pattern.get(ITEMS), by_pattern.get(f"{ITEMS}/redacted")
    attached = read_attached(found, items.rows if items else "", kind)
    if attached is None or items is None:
        return None
    return replace(attached, redacted=redacted.read if redacted else None, keep=items.keep)


def _content_rules(draft: Draft) -> Iterator[Rule]:
    """The rules that nobody writes: what was seen of the file goes into its item."""
    for name in CONTENT_FIELDS if draft.attached else ():
        info = draft.fields[f"{ITEMS}/{name}"]
        yield Rule(
            pattern=info.pointer, info=info, columns=(), tests=(), read=content_of(name), constant=None, rows="",
            keep=None, item_of=ITEMS, ref=None, words="the file", clear="",
        )  # fmt: skip


# --- what the parts must be to each other


def _check_arrays(draft: Draft) -> None:
    for rule in draft.rules:
        if rule.item_of and rule.item_of not in draft.rows:
            draft.section.report(
                "E-CFG-ROWS", f"fields.{rule.pattern}", rule.pattern, f"a rule for {rule.item_of} with rows"
            )


def _check_required(draft: Draft) -> None:
    """What the schema requires needs a rule: everywhere in the document, and in the groups that have any rule."""
    fed = {rule.pattern for rule in draft.rules} | _SET_BY_US | {parent.field for parent in draft.parents.values()}
    if draft.places:
        fed |= draft.places.fields_set(draft.fields)
    in_use = {group for pattern in fed for group in _around(pattern)}
    for info in draft.fields.values():
        needed = info.required and info.pointer.rpartition("/")[0] in in_use
        if needed and info.pointer not in fed and info.pointer not in in_use:
            draft.section.report("E-CFG-MISSING", f"fields.{info.pointer}", "nothing", "a rule: it is required")


def _around(pattern: str) -> Iterator[str]:
    """The groups that a field stands in, the innermost first; "", the document, is the last."""
    while pattern:
        pattern = pattern.rpartition("/")[0]
        yield pattern


def _check_columns(draft: Draft) -> None:
    """A column must stand in the text of its query: as much as can be known without the database."""
    named: list[tuple[str, str, str]] = [("key", column, draft.select.sql) for column in draft.key]
    named += [("source.identity", column, draft.select.sql) for column in draft.source.identity]
    named += [("source.previous", column, draft.select.sql) for column in draft.source.previous]
    named += [("secrecy.petition_type", column, draft.select.sql) for column in draft.type_columns]
    for place, parent in draft.parents.items():
        named += [(f"{place}.columns", column, draft.select.sql) for column in parent.columns]
    if draft.attached:
        child_of = draft.children.get(draft.attached.rows)
        named += [("attachments", column, child_of.sql if child_of else "") for column in draft.attached.needed]
    for at, child in enumerate(draft.children.values()):
        named += [(f"children[{at}].key", column, child.sql) for column in child.key]
        named += [(f"children[{at}].split", child.split, child.sql)] if child.split else []
    if draft.universe:
        named += [("universe.sql", column, draft.universe.sql) for column in (*draft.key, "excluded")]
    for rule in draft.rules:
        child_of = draft.rows_of(rule)
        sql = child_of.sql if child_of else draft.select.sql
        named += [(f"fields.{rule.pattern}", column, sql) for column in (*rule.columns, *rule.tests)]
    for place, column, sql in named:
        if sql and not names_column(sql, column):
            draft.section.report("E-CFG-COLUMN", place, column, "a column of its query")


def _check_encodings(draft: Draft) -> None:
    """A key is asked for again as the database holds it: no encoding may stand between."""
    root = {*draft.key, *(each.column for each in draft.ranges)}
    root.update(column for parent in draft.parents.values() for column in parent.columns)
    keys: dict[str, set[str]] = {"": root, **{name: {*child.key} for name, child in draft.children.items()}}
    for rule in draft.rules:
        child = draft.rows_of(rule)
        keys[child.name if child else ""].update(rule.columns if rule.ref is not None else ())
    queries = [("select", "", draft.select.sql, draft.select.encodings)]
    queries += [(f"children[{at}]", c.name, c.sql, c.encodings) for at, c in enumerate(draft.children.values())]
    for place, name, sql, encodings in queries:
        for column in encodings:
            if sql and not names_column(sql, column):
                draft.section.report("E-CFG-COLUMN", f"{place}.encoding", column, "a column of its query")
            elif column in keys[name]:
                draft.section.report("E-CFG-VALUE", f"{place}.encoding", column, "a column that makes no key")


def _check_key_class(draft: Draft) -> None:
    """A local_id travels in addresses and logs: no key may be made of what a person could be known by."""
    secret = {
        draft.origin(rule, column).lower()
        for rule in draft.rules
        if rule.info.confidentiality != "C1"
        for column in rule.columns
    }
    named = [("key", column, draft.select.origin(column)) for column in draft.key]
    named += [("range.column", walked.column, f"{walked.table}.{walked.column}") for walked in draft.ranges]
    for place, parent in draft.parents.items():
        named += [(f"{place}.columns", c, draft.select.origin(c)) for c in parent.columns]
    for rule in draft.rules:
        if rule.ref is not None:
            named += [(f"fields.{rule.pattern}.columns", c, draft.origin(rule, c)) for c in rule.columns]
    for place, column, origin in named:
        if origin.lower() in secret:
            expected = "a column that feeds no field of class C2 or C3"
            draft.section.report("E-CFG-KEY-CLASS", place, column, expected)
    _check_key_origin(draft)


def _check_ranges(draft: Draft) -> None:
    """Each part of a UNION needs the bounds: one without them would be read whole for every page."""
    parts = len(draft.ranges)
    if parts > 1 and min(parameter_count(draft.select.sql, name) for name in ("lo", "hi")) < parts:
        expected = f"a range over the key in each of {parts} parts: > :lo and <= :hi"
        draft.section.report("E-CFG-RANGE", "select.sql", ":lo, :hi", expected)
    if parts > 1 and draft.source.changed_at:
        expected = "one [range]: short readings walk over one table"
        draft.section.report("E-CFG-VALUE", "source.changed_at", ", ".join(draft.source.changed_at), expected)


def _check_key_origin(draft: Draft) -> None:
    """Behind another name any column could hide: whoever renames or computes a key column says of what it comes."""
    named = [("key", column) for column in draft.key]
    named += [(f"{place}.columns", column) for place, parent in draft.parents.items() for column in parent.columns]
    for place, column in named:
        if column not in draft.select.origins and names_otherwise(draft.select.sql, column):
            expected = f"the column itself, or select.origin.{column} = its true table.column"
            draft.section.report("E-CFG-KEY-ORIGIN", place, column, expected)


# --- what rows and readers need


def _needed(draft: Draft) -> Needed:
    root = {*draft.key, *draft.type_columns}
    root.update(column for parent in draft.parents.values() for column in parent.columns)
    children = {name: {child.split} - {""} for name, child in draft.children.items()}
    for rule in draft.rules:
        child = draft.rows_of(rule)
        (children[child.name] if child else root).update(rule.columns, rule.tests)
    if draft.attached:
        children[draft.attached.rows].update(draft.attached.needed)
    return Needed(frozenset(root), {name: frozenset(columns) for name, columns in children.items()})


def _trace(draft: Draft) -> Iterator[TraceStep]:
    for rule in draft.rules:
        columns: Iterable[str] = (draft.origin(rule, column) for column in rule.columns)
        child = draft.rows_of(rule)
        fed_by = ", ".join(columns) or (child.table if child and rule.rows else "")
        yield TraceStep(rule.pattern, fed_by, rule.words, rule.info.confidentiality)
    if draft.places:
        fed = {rule.pattern for rule in draft.rules}
        for pointer, words in draft.places.written(draft.fields, fed):
            yield TraceStep(pointer, "", words, draft.fields[pointer].confidentiality)
    for parent in draft.parents.values():
        fed_by = ", ".join(draft.select.origin(column) for column in parent.columns)
        info = draft.fields[parent.field]
        yield TraceStep(parent.field, fed_by, f"parent {parent.kind}", info.confidentiality)


def _places(draft: Draft) -> Iterator[tuple[str, str]]:
    """The column to look at for a mistake at a pattern; "" (no pattern) stands for the petition's type."""
    yield "", draft.select.origin(draft.type_columns[0]) if draft.type_columns else ""
    yield "/local_id", draft.select.origin(draft.key[0])
    for parent in draft.parents.values():
        yield parent.field, draft.select.origin(parent.columns[0])
    for rule in draft.rules:
        child = draft.rows_of(rule)
        if rule.rows and child:
            yield rule.pattern.removesuffix("/*"), child.table
        if rule.columns:
            yield rule.pattern, draft.origin(rule, rule.columns[0])
        else:
            yield rule.pattern, child.table if rule.rows and child else ""
