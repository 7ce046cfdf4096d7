"""Finding records: by words of a name, by the number of a paper, by their own id, by the national one.

Names are class C2: whoever may see no names may not ask by them either, for a hit is an answer. Numbers and ids are
class C1. Words are kept of the newest version in clear, and only as long as its text is here (TRIGGERS).
May import: core.seeking, core.text, keys, tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, case, exists, func, select

from connector.core.model import KINDS, Kind, Operation, RecordKey
from connector.core.seeking import Word, number_of
from connector.core.text import bare
from connector.store.keys import of_record
from connector.store.tables import Delivery, Record, SoughtWord, table_of

if TYPE_CHECKING:
    from connector.store.db import Tx

_word = table_of(SoughtWord)
_also = _word.alias("also")
_record = table_of(Record)
_delivery = table_of(Delivery)

TRIGGERS = (
    # Nobody who erases or conceals a text can forget its words.
    """CREATE TRIGGER sought_words_go_with_the_text AFTER UPDATE OF body, concealed ON delivery
       WHEN (NEW.body IS NULL AND OLD.body IS NOT NULL) OR (NEW.concealed AND NOT OLD.concealed)
       BEGIN DELETE FROM sought_word WHERE delivery_id = NEW.id OR (NEW.concealed AND delivery_id IN (
           SELECT id FROM delivery WHERE agency = NEW.agency AND kind = NEW.kind AND local_id = NEW.local_id)); END""",
    # A version that cannot be read yet leaves the words of the one before: it is what people look for.
    """CREATE TRIGGER sought_words_are_of_the_newest AFTER INSERT ON delivery
       WHEN NEW.version > 1 AND (NEW.concealed OR NEW.state <> 'quarantined')
       BEGIN DELETE FROM sought_word WHERE delivery_id IN (
           SELECT id FROM delivery WHERE agency = NEW.agency AND kind = NEW.kind AND local_id = NEW.local_id); END""",
)

FIRST_LOOK, LOOKED_AT = 500, 5_000
"""So many entries of the rarest word are looked at, newest first: at first, and if that was not enough."""

_SHORTEST, _MOST_WORDS, _MOST_SOURCES = 2, 6, 50


@dataclass(slots=True)
class Words:
    """Words of versions just written, to be kept together."""

    rows: list[tuple[int, int, str, str]] = field(default_factory=list)

    def add(self, agency: str, delivery_id: int, found: Sequence[Word]) -> None:
        """Take the words of a version."""
        self.rows += [(delivery_id, item, word, agency) for item, word in found]


_KEEP = "INSERT OR IGNORE INTO sought_word (delivery_id, item, word, agency) VALUES (?, ?, ?, ?)"
"""As the driver takes it: some seven rows per record, each of which would pay for being a dict first."""


def keep(tx: Tx, words: Words) -> None:
    """Write the words down. What is known already stays."""
    if words.rows:
        tx.connection.exec_driver_sql(_KEEP, words.rows)


FILLED = "finding.filled"
"""The mark of a store from before there were words: up to which version they are filled in."""


def unfilled(connection: Connection, agency: str, after: int, rows: int) -> list[Any]:
    """Return the next versions after one, by their number: id, kind, body, and whether their words may be kept."""
    is_open = and_(
        _record.c.version == _delivery.c.version,
        _delivery.c.operation == Operation.PUT,
        _delivery.c.concealed.is_(False),
        _delivery.c.body.is_not(None),
    )
    text = case((is_open, _delivery.c.body))
    found = select(_delivery.c.id, _delivery.c.kind, text.label("body"), is_open.label("is_open"))
    where = (_delivery.c.agency == agency, _delivery.c.id > after)
    page = found.join(_record, of_record()).where(*where).order_by(_delivery.c.id).limit(rows)
    return list(connection.execute(page).all())


@dataclass(frozen=True, slots=True)
class Found:
    """Keys, newest first; `all`: whether nothing else can match."""

    keys: tuple[RecordKey, ...]
    all: bool = True


# --- by name and by number -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Term:
    """A word as it is asked for: whole, or as it begins."""

    word: str
    begins: bool = False

    def at(self, table: Any) -> ColumnElement[bool]:
        column: ColumnElement[str] = table.c.word
        if not self.begins:
            return column == self.word
        return and_(column >= self.word, column < f"{self.word}\U0010ffff")


def by_name(connection: Connection, agency: str, text: str, limit: int = 50) -> Found:
    """Return the records with a name that has all these words, in any order, the last one as it begins.

    Bounded whatever is asked: LOOKED_AT entries of the rarest word at most. Uses ix_sought_word and the primary key."""
    *whole, begun = bare(text).split()[:_MOST_WORDS] or [""]
    if len(begun) < _SHORTEST and not whole:
        return Found(())
    return _found(connection, agency, [*map(_Term, whole), _Term(begun, begins=True)], limit)


def by_number(connection: Connection, agency: str, text: str, limit: int = 50) -> Found:
    """Return the records that name a paper whose number begins so. Uses ix_sought_word."""
    number = number_of(text)
    if len(number) < _SHORTEST:
        return Found(())
    return _found(connection, agency, [_Term(number, begins=True)], limit)


def _found(connection: Connection, agency: str, terms: Sequence[_Term], limit: int) -> Found:
    often = {term: _frequency(connection, agency, term) for term in terms}
    first = min(often, key=lambda term: (often[term], term.begins))
    others = [term for term in often if term != first]
    keys: list[RecordKey] = []
    for looked in (FIRST_LOOK, LOOKED_AT):
        keys = _matching(connection, agency, first, others, looked, limit + 1)
        if len(keys) > limit or often[first] <= looked:
            break
    return Found(tuple(keys[:limit]), len(keys) <= limit and often[first] <= LOOKED_AT)


def _frequency(connection: Connection, agency: str, term: _Term) -> int:
    """Return how often a word stands, LOOKED_AT + 1 at most."""
    some = select(_word.c.item).where(_word.c.agency == agency, term.at(_word)).limit(LOOKED_AT + 1).subquery()
    return int(connection.execute(select(func.count()).select_from(some)).scalar_one())


def _matching(
    connection: Connection, agency: str, first: _Term, others: Sequence[_Term], looked: int, limit: int
) -> list[RecordKey]:
    """Return the newest keys with all terms in one name, among so many entries of the first term."""
    entries = select(_word.c.delivery_id, _word.c.item).where(_word.c.agency == agency, first.at(_word)).limit(looked)
    if not first.begins:  # in the order of the index; of several words there is none
        entries = entries.order_by(_word.c.delivery_id.desc())
    one = entries.subquery("one")
    also = (
        exists().where(_also.c.delivery_id == one.c.delivery_id, _also.c.item == one.c.item, term.at(_also))
        for term in others
    )
    ids = select(one.c.delivery_id).where(*also).distinct().order_by(one.c.delivery_id.desc()).limit(limit).subquery()
    rows = connection.execute(
        select(_delivery.c.kind, _delivery.c.local_id)
        .join(ids, ids.c.delivery_id == _delivery.c.id)
        .order_by(_delivery.c.id.desc())
    )
    return [RecordKey(agency, Kind(row.kind), row.local_id) for row in rows]


# --- by id ---------------------------------------------------------------------------------------------------------


def by_national_id(connection: Connection, agency: str, national_id: str) -> list[RecordKey]:
    """Return the records that the nation knows by this id. Uses ix_record_national."""
    wanted = (_record.c.agency == agency, _record.c.national_id == national_id)
    rows = connection.execute(select(_record.c.kind, _record.c.local_id).where(*wanted).limit(10))
    return [RecordKey(agency, Kind(row.kind), row.local_id) for row in rows]


def by_local_id(connection: Connection, agency: str, local_id: str, kinds: Sequence[Kind] = KINDS) -> list[RecordKey]:
    """Return the keys with this local id, whole or without its source name, in the order of KINDS.

    A step along the primary key per kind and source, however many records there are."""
    return [
        RecordKey(agency, kind, wanted)
        for kind in kinds
        for wanted in (local_id, *(f"{source}:{local_id}" for source in _sources(connection, agency, kind)))
        if connection.execute(_KNOWN, {"agency": agency, "kind": kind, "local_id": wanted}).first()
    ]


_KNOWN = select(_record.c.version).where(
    _record.c.agency == bindparam("agency"),
    _record.c.kind == bindparam("kind"),
    _record.c.local_id == bindparam("local_id"),
)
_NEXT = select(func.min(_record.c.local_id)).where(
    _record.c.agency == bindparam("agency"),
    _record.c.kind == bindparam("kind"),
    _record.c.local_id >= bindparam("after"),
)


def _sources(connection: Connection, agency: str, kind: Kind) -> Iterator[str]:
    """Yield the names that local ids of a kind begin with, one index step each."""
    after = ""
    for _ in range(_MOST_SOURCES):
        found = connection.execute(_NEXT, {"agency": agency, "kind": kind, "after": after}).scalar()
        if found is None:
            return
        source = found.partition(":")[0]
        yield source
        after = f"{source};"  # the sign after the colon
