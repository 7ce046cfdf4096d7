"""From a source's columns to the fields of a document, as a screen may show it: masked by class of secrecy.

C1 is shown. Of C2, the last digits of a long number at most. C3, and everything personal of a record that is treated
as a denunciation: only that it is kept secret, whether or not there is anything.
May import: words, ruling, masking, core; app and sources inside functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from connector.core.model import Kind
from connector.core.transforms import Bad
from connector.telling import masking, ruling
from connector.telling.masking import LONGEST_VALUE, code_in_words
from connector.telling.words import Words, clipped, plain

if TYPE_CHECKING:
    from connector.app import App
    from connector.core.kind_mapping import KindMapping
    from connector.core.model import Body, Mapped, RecordKey, SourceRow, TraceStep

SHOWN_ITEMS = 3
"""Of a list (persons, attachments) so many items are shown."""

_MAIN_DAY = {
    Kind.RECEPTION: "held_on",
    Kind.PETITION: "received_on",
    Kind.HANDLING: "handled_on",
    Kind.ACCEPTANCE: "decided_on",
    Kind.DECISION: "issued_on",
    Kind.ENFORCEMENT: "updated_on",
}


@dataclass(frozen=True, slots=True)
class Reading:
    """One record as the source shows it now, and what the mapping makes of it."""

    row: SourceRow
    mapped: Mapped
    place: str  # `don_thu.IdDonThu = 5121`
    concealed: bool


@dataclass(frozen=True, slots=True)
class FieldLine:
    """One field: its title, what the source holds and what is sent (both masked), and where it comes from."""

    pointer: str
    group: str  # title of the part of the document that it lies in, "" for its own fields
    label: str
    source: str
    target: str
    column: str
    rule: str
    confidentiality: str

    def as_json(self) -> dict[str, str]:
        """Return the field as machines read it: masked all the same."""
        return asdict(self)


def read_again(app: App, key: RecordKey, range_value: str) -> Reading | None:
    """Return the record as it is at the source now, None if it is not selected there (any more) or hangs on what
    must not be seen. Raises SourceError. Nothing is recorded."""
    from connector.stages.hidden import hidden_by
    from connector.stages.placing import chosen

    agency = app.reading(key.agency)
    if key.kind not in agency.mapping.kinds:
        return None
    mapping = agency.mapping.of(key)
    value = range_value or mapping.range_value(key.local_id)
    if not value:
        return None
    for page in agency.source.fetch(mapping, [value]):
        for row in page.rows:
            if row.key == key:
                if hidden_by(app.context(key.agency), agency.source, agency.mapping, mapping.parents_of(row)):
                    return None
                (decided,) = chosen(app.store, mapping, [row])
                mapped = mapping.apply(decided, agency.policy)
                shown = mapping.decode(row)
                place = f"{mapping.select.table}.{mapping.range_column} = {value}"
                concealed = is_concealed(mapping, shown, mapped) or _ledger_conceals(app, key, mapping.parents_of(row))
                return Reading(shown, mapped, place, concealed)
    return None


def _ledger_conceals(app: App, key: RecordKey, parents: Sequence[RecordKey]) -> bool:
    """What was concealed when it was recorded, or hangs on something that was, is shown to nobody in clear."""
    from connector.store import records

    with app.store.read() as connection:
        return bool(records.concealed_among(connection, key.agency, (key, *parents)))


def is_concealed(mapping: KindMapping, row: SourceRow, mapped: Mapped) -> bool:
    """A row that gives no document is treated as concealed unless its type is known to be open: fail closed."""
    if mapped.documents:
        return "concealed" in loaded(mapped.documents[0].body)
    from connector.core.secrecy import treat_as_denunciation

    petition_type = mapping.petition_type(row.columns)
    known = petition_type if isinstance(petition_type, str) else None
    return treat_as_denunciation(known, ()) is not None


def fields(say: Words, app: App, key: RecordKey, reading: Reading, unfinished: Body | None = None) -> list[FieldLine]:
    """Return the fields that the mapping feeds and for which the source or the document holds something.

    unfinished: the body as far as it came, to be shown where the row gives no document."""
    mapping = app.mapping_of(key)
    body = loaded(reading.mapped.documents[0].body) if reading.mapped.documents else unfinished or {}
    shown = _Shown(say, mapping, reading, body)
    open_: list[FieldLine] = []
    secret: dict[str, TraceStep] = {}
    for step in mapping.trace:
        if shown.is_secret(step):
            secret.setdefault(f"/{step.pointer.split('/')[1]}", step)
        else:
            open_ += shown.line(step)
    return [*open_, *(shown.secret_line(pointer, step) for pointer, step in secret.items())]


def code_at_source(say: Words, app: App, key: RecordKey, reading: Reading, pointer: str) -> str:
    """Return the code that the source holds for a field, as a screen may show it: masked unless the field is of class
    C1 and open in this record. "" where no rule feeds the field, or the source holds nothing.

    Without a pointer: the type of the petition that the record hangs on, a code that every petition shows."""
    from connector.core.schema import pattern_of

    mapping = app.mapping_of(key)
    if not pointer:
        values = _held(reading.row.columns, mapping.origin, mapping.columns_by_pattern.get("", ""))
        return _listed([clipped(plain(str(value)), LONGEST_VALUE) for value in values])
    shown = _Shown(say, mapping, reading, {})
    step = next((step for step in mapping.trace if step.pointer == pattern_of(pointer)), None)
    if step is None:
        return ""
    if shown.is_secret(step):
        return say("explain.kept_secret")
    return shown.values(step)


@dataclass(frozen=True, slots=True)
class _Shown:
    say: Words
    mapping: KindMapping
    reading: Reading
    body: Mapping[str, Any]

    def line(self, step: TraceStep) -> Iterator[FieldLine]:
        """Yield the line of one rule; none for the rows of a list, none where there is nothing to show, and none
        where the rule says nothing of this record: its condition does not hold, or its list has no items."""
        if step.rule.startswith("rows ") and step.pointer.endswith("/*"):
            return
        if not ruling.holds(step.rule, self.reading.row.columns):
            return
        source = self.values(step)
        target = [self._in_words(step, value) for value in _values_at(self.body, step.pointer)]
        if not (source or target) or (not target and self.body and "/*" in step.pointer):
            return
        unsent = self.say("explain.not_sent") if self.body and not target else ""
        yield FieldLine(
            pointer=step.pointer,
            group=self._group(step.pointer),
            label=self.mapping.label(step.pointer, self.say.language),
            source=source,
            target=unsent or (_listed(target) if step.confidentiality == "C1" or not source else ""),
            column=step.column,
            rule=ruling.in_words(self.say, step.rule),
            confidentiality=step.confidentiality,
        )

    def values(self, step: TraceStep) -> str:
        """Return what the source holds for a rule, masked by its class and by that of what else its columns feed: a
        code may be read from a name ("Đơn nặc danh"). Of a concealed record not even that there is one is shown."""
        values = self._source_values(step)
        if values and step.confidentiality == "C1" and self._reads_personal(step):
            return "" if self.reading.concealed else self.say("explain.masked")
        return _listed([self._masked(step, value) for value in values])

    def is_secret(self, step: TraceStep) -> bool:
        """Return whether not even the presence of a value may be shown."""
        info = self.mapping.fields.get(step.pointer)
        return masking.is_hidden(info, step.confidentiality, concealed=self.reading.concealed)

    def _reads_personal(self, step: TraceStep) -> bool:
        """Whether a column of this rule also feeds a field of class C2 or C3 that is more than a code."""
        columns = {*step.column.split(", ")}
        others = (other for other in self.mapping.trace if other.confidentiality != "C1")
        return any(columns.intersection(other.column.split(", ")) for other in others if not self._is_code(other))

    def _is_code(self, step: TraceStep) -> bool:
        info = self.mapping.fields.get(step.pointer)
        return info is not None and bool(info.codes)

    def secret_line(self, pointer: str, step: TraceStep) -> FieldLine:
        """Return the one line for all that is kept secret below a field of the document: the same, empty or not."""
        kept = "explain.identity_kept" if f"{pointer}/*/disclosure" in self.mapping.fields else "explain.kept_secret"
        label = self.mapping.label(pointer, self.say.language)
        return FieldLine(
            pointer, "", label, self.say(kept), "", self.mapping.column_of(pointer), "", step.confidentiality
        )

    def _group(self, pointer: str) -> str:
        first, _, rest = pointer[1:].partition("/")
        return self.mapping.label(f"/{first}", self.say.language) if rest else ""

    def _masked(self, step: TraceStep, value: Any) -> str:
        return masking.masked(self.say, self.mapping.fields.get(step.pointer), step.confidentiality, value)

    def _in_words(self, step: TraceStep, value: Any) -> str:
        return masking.in_words(self.say, self.mapping.fields.get(step.pointer), step.confidentiality, value)

    def _source_values(self, step: TraceStep) -> list[Any]:
        """Return what the columns of a rule hold now: of the record's row, else of its child rows.

        Of JSON, what stands at the rule's path alone: the rest of the text may be of another class."""
        from connector.core.transforms import Bad
        from connector.core.values import inside

        if path := ruling.path_of(step.rule):
            found = [inside(value, path) for value in self._held_values(step)]
            return [value for value in found if value is not None and not isinstance(value, Bad)]
        return self._held_values(step)

    def _held_values(self, step: TraceStep) -> list[Any]:
        found = _held(self.reading.row.columns, self.mapping.origin, step.column)
        if found and "/*" not in step.pointer:
            return found
        for child in self.mapping.children:
            for row in self.reading.row.children.get(child.name, ()):
                found += _held(row, child.origin, step.column)
        return found


def _held(row: Mapping[str, Any], origin: Callable[[str], str], column: str) -> list[Any]:
    """Return what a row holds of some `table.column, …`; of several result columns that come of one, its namesake."""
    found: list[Any] = []
    for wanted in column.split(", "):
        names = [name for name in row if wanted and origin(name) == wanted]
        namesake = [name for name in names if name == wanted.rpartition(".")[2]]
        values = (row[name] for name in namesake or names)
        found += [value for value in values if value not in (None, "") and not isinstance(value, Bad)]
    return found


def facts(say: Words, kind: Kind, body: bytes | None) -> list[str]:
    """Return the C1 facts by which people recognise a document: a petition's type, and the kind's main day."""
    document = loaded(body)
    found = []
    if kind is Kind.PETITION and isinstance(document.get("type"), str):
        found.append(code_in_words(say, "petition-type", document["type"]).lower())
    day = document.get(_MAIN_DAY[kind])
    if isinstance(day, str):
        found.append(say(f"day.{kind}", day=date.fromisoformat(day)))
    return found


def masked_body(app: App, key: RecordKey, body: bytes | None) -> Any:
    """Return the document as it is sent, with everything of class C2 masked and C3 left out; None if there is none."""
    mapping = app.agency(key.agency).mapping
    if body is None or key.kind not in mapping.kinds:
        return None
    from connector.core.schema import pattern_of
    from connector.core.secrecy import mask

    known = mapping.kind(key.kind).fields

    def shown(pointer: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: shown(f"{pointer}/{name}", inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [shown(f"{pointer}/{at}", inner) for at, inner in enumerate(value)]
        info = known.get(pattern_of(pointer))
        confidentiality = info.confidentiality if info else "C3"
        return value if confidentiality == "C1" else mask(str(value), confidentiality)

    return shown("", loaded(body))


def loaded(body: bytes | None) -> dict[str, Any]:
    """Return a document's body, empty where there is none (any more)."""
    import orjson

    found = orjson.loads(body) if body else {}
    return found if isinstance(found, dict) else {}


def _values_at(body: Any, pointer: str) -> list[Any]:
    """Return the leaves at a pattern such as `/petitioners/*/full_name`, in order."""
    found = [body]
    for part in pointer.split("/")[1:]:
        if part == "*":
            found = [item for value in found if isinstance(value, list) for item in value]
        else:
            found = [value[part] for value in found if isinstance(value, dict) and part in value]
    return [value for value in found if not isinstance(value, dict | list)]


def _listed(values: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(value for value in values if value))
    more = len(distinct) - SHOWN_ITEMS
    return "; ".join(distinct[:SHOWN_ITEMS]) + (f"; +{more}" if more > 0 else "")
