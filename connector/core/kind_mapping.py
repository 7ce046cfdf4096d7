"""How one kind of document is read and made: rows in, documents or problems out.

    row --apply--> body --conceal--> body --schema--> canonical bytes and digest, or problems

Compiled by `mapping.compile_mapping`, then applied to every row without looking at a file again.
May import: aliases, assembly, chain, conditions, dated, encodings, keys, model, places, schema, secrecy, seeking,
selects, source_settings, transforms, the standard library.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from connector.core import keys
from connector.core.aliases import NO_ALIASES, Aliases, is_taken
from connector.core.assembly import Children, Miss, Node, assemble
from connector.core.attachments import HOLDING, ITEMS, Attached, with_content
from connector.core.chain import canonical, digest
from connector.core.conditions import Columns, Reader
from connector.core.dated import RULE as OUT_OF_DATE
from connector.core.dated import DatedField, out_of_date
from connector.core.encodings import decoded
from connector.core.model import (
    Body,
    Document,
    Kind,
    Mapped,
    Problem,
    RecordKey,
    SourceFile,
    SourceRow,
    TraceStep,
)
from connector.core.places import PlaceLayer
from connector.core.schema import FieldInfo, Schemas, pattern_of
from connector.core.secrecy import UNCLASSIFIED, SecrecyPolicy, conceal, reason_to_conceal
from connector.core.seeking import Seeking
from connector.core.selects import ChildSelect, Select, Universe
from connector.core.source_settings import SourceSettings
from connector.core.transforms import Bad


@dataclass(frozen=True, slots=True)
class Range:
    """An indexed column that pages walk over."""

    schema: str
    table: str
    column: str


@dataclass(frozen=True, slots=True)
class ParentRule:
    """The document this one hangs on: its kind, the columns of its key, and the field that holds its local_id."""

    kind: Kind
    columns: tuple[str, ...]
    field: str  # pointer, one name deep
    read: Reader
    source: str  # where the document stands that it hangs on: its own source, or another one of the agency


@dataclass(frozen=True, slots=True)
class Reference:
    """A field that names another record without hanging on it: by pattern, with the source that has the record."""

    pattern: str
    kind: Kind
    source: str
    width: int  # of how many columns the other's key is made


@dataclass(frozen=True, slots=True)
class Needed:
    """The columns that the rules read: of the root row, and of each child query."""

    root: frozenset[str]
    children: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class KindMapping:
    """How one kind of document is read and made. `range_column` is the index that pages walk over, and its name in the
    select's result; `further`: those of other tables with records of this kind, walked over together with it."""

    kind: Kind
    source: str
    key: tuple[str, ...]
    range_table: str
    range_schema: str | None
    range_column: str
    settings: SourceSettings
    select: Select
    children: tuple[ChildSelect, ...]
    universe: Universe | None
    parents: tuple[ParentRule, ...]
    petition_type: Reader
    clear: Mapping[str, str]  # pattern -> legal basis
    fields: Mapping[str, FieldInfo]
    trace: tuple[TraceStep, ...]
    columns_by_pattern: Mapping[str, str]
    needed: Needed
    node: Node
    schemas: Schemas
    seeking: Seeking
    dated: tuple[DatedField, ...] = ()
    places: PlaceLayer | None = None
    further: tuple[Range, ...] = ()
    homes: Mapping[tuple[str, str], str] = field(
        default_factory=dict
    )  # of rules over several columns, where each lives
    attached: Attached | None = None
    refs: tuple[Reference, ...] = ()
    aliases: Aliases = NO_ALIASES

    @property
    def ranges(self) -> tuple[Range, ...]:
        """All columns that pages walk over together, in one order of keys."""
        return (Range(self.range_schema or "", self.range_table, self.range_column), *self.further)

    @property
    def part(self) -> tuple[Kind, str]:
        """What tells it from all other kinds of an agency: its kind and its source."""
        return self.kind, self.source

    def elsewhere(self) -> Iterator[tuple[str, str, Kind, int]]:
        """Yield what it says of records of other sources: the field, the source, the kind, the columns of the key."""
        for rule in self.parents:
            if rule.source != self.source:
                yield rule.field, rule.source, rule.kind, len(rule.columns)
        for ref in self.refs:
            if ref.source != self.source:
                yield ref.pattern, ref.source, ref.kind, ref.width

    def local_id(self, columns: Columns) -> str | Problem:
        """Return `<source>:<source key>` of a row, or why it has none. The row needs its key columns only."""
        for column in self.key:
            if column not in columns:
                return Problem("/local_id", "E-MAP-COLUMN", self.origin(column), column)
        key = keys.join_key(columns[column] for column in self.key)
        if not key:
            empty = next(column for column in self.key if not keys.key_part(columns[column]))
            return Problem("/local_id", "E-MAP-EMPTY-KEY", self.origin(empty))
        local_id = f"{self.source}:{key}"
        if not keys.fits(local_id):
            return Problem("/local_id", "E-MAP-KEY-LENGTH", self.origin(self.key[0]), f"{keys.MAX_BYTES} bytes")
        return local_id

    def range_value(self, local_id: str) -> str | None:
        """Return the range column's value as text, taken from the local_id of a key; None if it does not hold it.

        A key made of broken bytes holds no value that could be asked for."""
        local_id = self.aliases.id_of(self.kind, local_id)
        source, _, source_key = local_id.partition(":")
        parts = keys.split_key(source_key)
        if source != self.source or len(parts) != len(self.key) or self.range_column not in self.key:
            return None
        if keys.join_key(parts) != source_key:
            return None
        return parts[self.key.index(self.range_column)]

    def range_of(self, row: SourceRow) -> str:
        """Return the range column's value of a row as text, for `Source.fetch`; "" if neither row nor key hold it."""
        if self.range_column in row.columns:
            value = row.columns[self.range_column]
            return keys.plain(value) if keys.is_whole(value) else ""
        return self.range_value(row.key.local_id) or ""

    def origin(self, column: str) -> str:
        """Where a column of the root query comes from, as `table.column`."""
        return self.select.origin(column)

    def column_of(self, pointer: str) -> str:
        """Return the `table.column` that feeds a field, "" if no rule does. Takes concrete indexes and `*`.

        Of what no rule feeds itself below an array (`/petitioners/2`): the table of its rows."""
        pattern = pattern_of(pointer)
        while pattern:
            if pattern in self.columns_by_pattern:
                return self.columns_by_pattern[pattern]
            pattern = pattern.rpartition("/")[0]
        return ""

    def label(self, pointer: str, language: str = "vi") -> str:
        """Return the field's title in `vi` or `en`; the pointer itself if the schema does not know it."""
        info = self.fields.get(pattern_of(pointer))
        if info is None:
            return pointer
        return info.title_en if language == "en" else info.title_vi

    def decode(self, row: SourceRow) -> SourceRow:
        """Return the row with the text of columns whose encoding is declared in Unicode; the same row if none is.

        What is not in its declared encoding is a Bad in its place. Of a row as read: not to be decoded twice."""
        if not self.select.encodings and not any(child.encodings for child in self.children):
            return row
        children = dict(row.children)
        for child in self.children:
            if child.encodings and child.name in children:
                children[child.name] = tuple(_decoded(found, child.encodings) for found in children[child.name])
        return replace(row, columns=_decoded(row.columns, self.select.encodings), children=children)

    def apply(self, row: SourceRow, policy: SecrecyPolicy, *, reason: str | None = None) -> Mapped:
        """Return the document of one row, concealed where it must be, or everything that is wrong with it.

        `reason` (a code of `concealment-reason`) conceals it whatever the row says: what it hangs on is concealed.
        Concealing comes before the schema's judgement: what is not sent can neither leak nor be faulted."""
        if absent := self._absent_columns(row.columns, row.children):
            return Mapped((), absent, self.trace)
        row = self.decode(row)
        misses: list[Miss] = []
        body, parent = self._assembled(row, misses)
        petition_type = self.petition_type(row.columns)
        if petition_type.__class__ is Bad:
            if all(miss.bad != petition_type for miss in misses):
                misses.append(Miss("", "", petition_type))
            petition_type = None
        reason = reason or reason_to_conceal(petition_type, body)
        if reason is None and self.kind is Kind.PETITION and "type" not in body:
            reason = UNCLASSIFIED
        if reason is not None:
            body = conceal(body, self.fields, reason, policy, self.clear)
            misses = [miss for miss in misses if self._leaves(miss.pattern, policy)]
        if problems := (*self._problems(body, misses), *self._held_by_files(row.files)):
            return Mapped((), problems, self.trace, concealed=reason is not None)
        data = canonical(body)
        sought = () if reason is not None else self.seeking.words(body)
        document = Document(row.key, parent, data, digest(data), reason is not None, sought)
        return Mapped((document,), (), self.trace, concealed=document.concealed)

    def unfinished(self, row: SourceRow) -> Body:
        """Return what the rules make of a row as far as they can be followed, nothing concealed and nothing judged: for
        whoever mends it, and never to be sent. Empty where the result lacks a column."""
        if self._absent_columns(row.columns, row.children):
            return {}
        return self._assembled(self.decode(row), [])[0]

    def _assembled(self, row: SourceRow, misses: list[Miss]) -> tuple[Body, RecordKey | None]:
        """The body of a decoded row and its parent; what cannot be read is added to `misses`."""
        body = assemble(self.node, row.columns, self._below(row), "", misses)
        if self.aliases:
            self._rename_refs(body, misses)
        if self.places is not None:
            self.places.write(body, misses, row.choose)
        body["agency_code"] = row.key.agency
        body["local_id"] = row.key.local_id
        return body, self._hang(row, body, misses)

    def files_of(self, row: SourceRow) -> tuple[SourceFile, ...]:
        """Return the files that a row names, one for each row of the query that names them, none looked at yet.

        Of a row as read."""
        attached = self.attached
        if attached is None:
            return ()
        return tuple(attached.named(columns) for columns in self._below(self.decode(row)).get(attached.rows, ()))

    def _below(self, row: SourceRow) -> Children:
        """The child rows, taken apart where their query says so, with what is known of their files."""
        children = row.children
        if any(child.split for child in self.children):
            children = {child.name: child.apart(children.get(child.name, ())) for child in self.children}
        if not row.files or self.attached is None:
            return children
        rows = zip(children[self.attached.rows], row.files, strict=True)
        return {**children, self.attached.rows: tuple(with_content(columns, file) for columns, file in rows)}

    def _held_by_files(self, files: tuple[SourceFile, ...]) -> Iterator[Problem]:
        """Where the mapping wants it, a file that cannot be sent holds its record."""
        if self.attached is None or self.attached.failing != "hold":
            return
        for at, file in enumerate(files):
            if file.fate in HOLDING:
                yield Problem(f"{ITEMS[:-2]}/{at}", "E-MAP-FILE", self.column_of(ITEMS), HOLDING[file.fate])

    def _absent_columns(self, columns: Columns, children: Children) -> tuple[Problem, ...]:
        """Columns that a rule reads and the result does not have: the query was changed, or the database was."""
        missing = self.needed.root - columns.keys()
        problems = [Problem("", "E-MAP-COLUMN", self.origin(column), column) for column in sorted(missing)]
        for child in self.children:
            rows = children.get(child.name, ())
            missing = self.needed.children[child.name] - rows[0].keys() if rows else frozenset()
            problems += [Problem("", "E-MAP-COLUMN", child.origin(column), column) for column in sorted(missing)]
        return tuple(problems)

    def _hang(self, row: SourceRow, body: Body, misses: list[Miss]) -> RecordKey | None:
        """Set the parents' local_ids in the body; the first one that the row names is the document's parent."""
        parent: RecordKey | None = None
        for rule in self.parents:
            local_id = rule.read(row.columns)
            if isinstance(local_id, str):
                local_id = self._key_of(rule.kind, local_id)
            if local_id.__class__ is Bad:
                misses.append(Miss(rule.field, rule.field, local_id))
            elif local_id is not None:
                body[rule.field[1:]] = local_id
                parent = parent or RecordKey(row.key.agency, rule.kind, local_id)
        return parent

    def parents_of(self, row: SourceRow) -> tuple[RecordKey, ...]:
        """Return the keys that a row hangs on, as far as they can be read: also of a row that can be no document."""
        found = [(rule.kind, rule.read(row.columns)) for rule in self.parents if row.columns.keys() >= {*rule.columns}]
        return tuple(
            RecordKey(row.key.agency, kind, self.aliases.key_of(kind, read))
            for kind, read in found
            if isinstance(read, str)
        )

    def _key_of(self, kind: Kind, local_id: str) -> str | Bad:
        key = self.aliases.key_of(kind, local_id)
        return BAD_NAME if is_taken(key) else key

    def _rename_refs(self, body: Body, misses: list[Miss]) -> None:
        """Let the fields that name other records name them as the national side knows them."""
        for ref in self.refs:
            for pointer, inside, name in _at(body, ref.pattern):
                found = self._key_of(ref.kind, inside[name])
                if isinstance(found, Bad):
                    misses.append(Miss(pointer, ref.pattern, found))
                    inside[name] = None
                else:
                    inside[name] = found

    def _leaves(self, pattern: str, policy: SecrecyPolicy) -> bool:
        """Whether a field may leave with a denunciation, so that its mistakes matter."""
        info = self.fields.get(pattern)
        if info is None:  # the petition's type itself
            return True
        concealed = info.confidentiality != "C1" or info.in_denunciation is not None
        return not concealed or pattern in self.clear or policy.denouncer_identity == "send"

    def _home(self, miss: Miss) -> str:
        """The `table.column` of what could not be read: of several columns the one in question."""
        return self.homes.get((miss.pattern, miss.bad.column)) or self.columns_by_pattern[miss.pattern]

    def _problems(self, body: Body, misses: list[Miss]) -> tuple[Problem, ...]:
        found = [Problem(miss.pointer, miss.bad.rule, self._home(miss), miss.bad.detail) for miss in misses]
        known = {miss.pointer for miss in misses}
        for pointer, rule, detail in self.schemas.check(self.kind, body):
            if pointer not in known:  # a field that could not be read is also missing: that is one mistake
                found.append(Problem(pointer, rule, self.column_of(pointer), detail))
        known |= {problem.pointer for problem in found}
        for pointer, detail in out_of_date(self.dated, body):
            if pointer not in known:
                found.append(Problem(pointer, OUT_OF_DATE, self.column_of(pointer), detail))
        return tuple(found)


BAD_NAME = Bad("E-MAP-KEY-TAKEN", "an id that is no first key of another record")


def _at(body: Any, pattern: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield where the values of a pattern stand in a body: pointer, the object or list around it, its name in there."""
    places = [("", body)]
    *way, last = pattern.split("/")[1:]
    for step in way:
        places = [
            (f"{at}/{name}", inside[name])
            for at, inside in places
            for name in (range(len(inside)) if step == "*" else [step] if step in inside else [])
        ]
    for at, inside in places:
        for name in range(len(inside)) if last == "*" else [last] if last in inside else []:
            yield f"{at}/{name}", inside, name


def _decoded(columns: Columns, encodings: Mapping[str, str]) -> Columns:
    found = dict(columns)
    for column, encoding in encodings.items():
        if found.get(column) is not None:
            text = decoded(found[column], encoding)
            found[column] = Bad("E-MAP-TEXT", f"text in {encoding}") if text is None else text
    return found
