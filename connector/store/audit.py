"""The synchronisation log: a hash chain per agency, and the head files that betray a cut tail.

An entry is written in the transaction of the change it tells of; `db.Store.write` calls `append` last, inside the
write, so the head row it reads cannot move. Head files are written after the commit, so a head file is never ahead
of its chain; if it is, or if the entry at its place has another hash, the store went back in time.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Integer, LargeBinary, String, bindparam, cast, func, insert, literal_column, select

from connector import verifier
from connector.core import chain
from connector.core.chain import ChainFault, Head
from connector.core.model import Entry, Event
from connector.errors import RolledBackError
from connector.store import pruned
from connector.store.log_pages import LogPage, page
from connector.store.tables import AuditEntry, table_of
from connector.verifier import KEY_MADE, KEY_ROTATED, KeyEvent

__all__ = [
    "ACCEPTED",
    "HeadFiles",
    "LogPage",
    "acceptances",
    "acceptances_at",
    "agencies",
    "append",
    "entries",
    "followed",
    "hashes_at",
    "head_of",
    "is_accepted",
    "key_events",
    "links",
    "page",
    "verify",
]

_audit = table_of(AuditEntry)

_APPEND = insert(_audit)
_OF_AGENCY = _audit.c.agency == bindparam("agency")
_HEAD = select(_audit.c.seq, _audit.c.hash).where(_OF_AGENCY).order_by(_audit.c.seq.desc()).limit(1)
_HASH_AT = select(_audit.c.hash).where(_OF_AGENCY, _audit.c.seq == bindparam("seq"))

_NEXT_AGENCY = select(func.min(_audit.c.agency)).where(_audit.c.agency > bindparam("after"))

_READ_ROWS = 2_000

_FILED = literal_column(
    "coalesce(prev || char(10) || at || char(10) || event || char(10)"
    " || coalesce(kind, '') || char(10) || coalesce(local_id, ''), '')",
    String,
)
"""What stands beside an entry, as `chain.filed_under` has it of the entry itself."""

ACCEPTED = verifier.ACCEPTED
"""The entry in which a person accepts that a tail of the log was lost with the store; its facts name the lost head."""


def append(connection: Connection, events: Sequence[Event], program: str, config_digest: str) -> list[Entry]:
    """Link the events to their agencies' chains and insert them; return the entries, one for each, in order.

    Inside the caller's write transaction: a crash loses the entries together with the change they tell of."""
    heads: dict[str, Head] = {}
    linked: list[Entry] = []
    rows = []
    for event in events:
        head = heads.get(event.agency) or head_of(connection, event.agency)
        entry = chain.link(head, event, program, config_digest)
        heads[event.agency] = Head(entry.agency, entry.seq, entry.hash)
        linked.append(entry)
        rows.append(
            {
                "agency": entry.agency,
                "seq": entry.seq,
                "prev": entry.prev,
                "hash": entry.hash,
                "at": event.at,
                "event": event.name,
                "kind": event.key.kind if event.key else None,
                "local_id": event.key.local_id if event.key else None,
                "content": entry.content,
            }
        )
    if rows:
        connection.execute(_APPEND, rows)
    return linked


def head_of(connection: Connection, agency: str) -> Head:
    """Return the end of the agency's chain (primary key order: one index step)."""
    row = connection.execute(_HEAD, {"agency": agency}).first()
    return Head(agency, row.seq, row.hash) if row else Head(agency, 0, chain.GENESIS)


def entries(
    connection: Connection, agency: str, after_seq: int = 0, kind: str | None = None, local_id: str | None = None
) -> Iterator[Entry]:
    """Yield the agency's entries in order, all or those of one key, reading some thousand at a time."""
    wanted = _audit.c.agency == agency
    if kind is not None:
        wanted &= _audit.c.kind == kind
    if local_id is not None:
        wanted &= _audit.c.local_id == local_id
    # As bytes: a text that is no UTF-8 must become a fault of its entry, not a failure to read.
    texts = [cast(column, LargeBinary) for column in (_audit.c.prev, _audit.c.hash, _audit.c.content)]
    columns = (_audit.c.seq, *texts)
    # Of one key, SQLite would rather walk along the whole log, which is in this order, than sort some entries.
    place = _audit.c.seq if local_id is None else literal_column("+audit_entry.seq", Integer)
    while True:
        rows = connection.execute(
            select(*columns).where(wanted, place > after_seq).order_by(place).limit(_READ_ROWS)
        ).all()
        for seq, *found in rows:
            yield Entry(agency, seq, *(text.decode(errors="replace") for text in found))
        if len(rows) < _READ_ROWS:
            return
        after_seq = rows[-1][0]


def links(connection: Connection, agency: str, after_seq: int = 0) -> Iterator[chain.Link]:
    """Yield the entries of an agency as they are followed, in order, reading some thousand at a time.

    As bytes, like `entries`: nothing is decoded before its hash is known to be right."""
    columns = [cast(column, LargeBinary) for column in (_audit.c.hash, _audit.c.content, _FILED)]
    found = select(_audit.c.seq, *columns).where(_audit.c.agency == agency, _audit.c.seq > after_seq)
    found = found.order_by(_audit.c.seq)
    with connection.execute(found) as result:
        # Of the driver itself: a fifth of what an entry costs would go into making a Row of it.
        while part := result.cursor.fetchmany(_READ_ROWS):
            yield from part


def acceptances(connection: Connection, agency: str) -> list[tuple[int, Head]]:
    """Return the entries by which a person accepted that the store went back in time, oldest first: the place of each,
    and the head that was lost. Those that were pruned are told by the entry of the prune. Entries must be readable."""
    return [(seq, head) for seq, head, _ in acceptances_at(connection, agency)]


def acceptances_at(connection: Connection, agency: str) -> list[tuple[int, Head, str]]:
    """Return the same as `acceptances`, each with when it was written."""
    rows = pruned.of_events(connection, agency, [ACCEPTED])
    fields = [(row.seq, json.loads(row.content)) for row in rows]
    gone = pruned.standing(connection, agency)
    before = [(seq, Head(agency, end, hash_), at) for seq, end, hash_, at in gone.lost] if gone else []
    readable = [(seq, said) for seq, said in fields if verifier.is_readable(seq, said[4], said[5], said[12])]
    return [*before, *((seq, Head(agency, *verifier.read_accepted(said[12])), said[4]) for seq, said in readable)]


def key_events(connection: Connection, agency: str) -> list[KeyEvent]:
    """Return the entries about the keys that sign checkpoints, oldest first, the pruned ones among them. Entries must
    be readable."""
    rows = pruned.of_events(connection, agency, [KEY_MADE, KEY_ROTATED])
    gone = pruned.standing(connection, agency)
    return [*(gone.keys if gone else ()), *((row.seq, row.event, json.loads(row.content)[12]) for row in rows)]


def hashes_at(connection: Connection, agency: str, seqs: Iterable[int]) -> dict[int, str]:
    """Return the hashes of the entries at these places, as far as there are any."""
    found = {seq: connection.execute(_HASH_AT, {"agency": agency, "seq": seq}).scalar() for seq in set(seqs)}
    return {seq: str(hash_) for seq, hash_ in found.items() if hash_ is not None}


def met(connection: Connection, agency: str, kept: Iterable[tuple[str, bytes]]) -> set[int]:
    """Return the places of the entries that these files of checkpoints name as they are; those of a lost tail had
    others."""
    found = verifier.read_checkpoints(kept)[0]
    hashes = hashes_at(connection, agency, {one.seq for _, one in found})
    return {one.seq for _, one in found if hashes.get(one.seq) == one.hash}


def last_before(connection: Connection, agency: str, at: datetime) -> int:
    """Return the place of the last entry before the first that is not older than this; 0 if there is none."""
    young = select(func.min(_audit.c.seq)).where(_audit.c.agency == agency, _audit.c.at >= at)
    found = connection.execute(young).scalar()
    return int(found) - 1 if found is not None else head_of(connection, agency).seq


def is_accepted(connection: Connection, lost: Head) -> bool:
    """Return whether the chain itself says that exactly this head was lost by a person's decision."""
    return any(head == lost for _, head in acceptances(connection, lost.agency))


def followed(connection: Connection, agency: str, following: chain.Following) -> Iterator[chain.Fields]:
    """Yield what each entry of an agency's log says, as long as it fits; `following` tells how far that was, and the
    first fault. It begins where the log does, and only then it is judged whether it may begin there: as with an
    export."""
    following.head = begins = pruned.first(connection, agency)
    for fields in following.through(links(connection, agency)):
        if not verifier.is_readable(fields[2], fields[4], fields[5], fields[12]):
            unreadable = fields
            break
        yield fields
    else:
        if following.fault is None and begins.seq and pruned.standing(connection, agency) is None:
            following.head, following.fault = begins, ChainFault(begins.seq + 1, "E-AUDIT-GAP")
        return
    following.head = Head(agency, unreadable[2] - 1, unreadable[3])
    following.fault = ChainFault(unreadable[2], "E-AUDIT-FORM")


def verify(connection: Connection, agency: str) -> tuple[Head, ChainFault | None]:
    """Follow the whole chain of an agency, from its beginning or from the last entry of a prune; return its last good
    head, and the first fault or None."""
    following = chain.Following(Head(agency, 0, chain.GENESIS))
    for _ in followed(connection, agency, following):
        pass
    return following.head, following.fault


def agencies(connection: Connection) -> list[str]:
    """Return the agencies that have a chain, by one index step each."""
    found: list[str] = []
    while (name := connection.execute(_NEXT_AGENCY, {"after": found[-1] if found else ""}).scalar()) is not None:
        found.append(name)
    return found


class HeadFiles:
    """One small file per agency beside the store, fsynced: sequence and hash of the newest committed entry."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, agency: str) -> Path:
        """Return where the head of this agency is kept."""
        return self._folder / f"{agency}.head.json"

    def write(self, heads: Iterable[Head]) -> None:
        """Replace the head files atomically. If the process dies here, the file is behind the chain: still true."""
        for head in heads:
            target = self.path(head.agency)
            draft = target.with_suffix(f".{os.getpid()}.tmp")
            with draft.open("w", encoding="ascii") as file:
                json.dump({"agency": head.agency, "seq": head.seq, "hash": head.hash}, file)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(target)
        if os.name == "posix":
            folder = os.open(self._folder, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def read(self, agency: str) -> Head | None:
        """Return the head on file, None if there is no file. Raises RolledBackError if it cannot be read."""
        path = self.path(agency)
        try:
            said = json.loads(path.read_text(encoding="ascii"))
            return Head(str(said["agency"]), int(said["seq"]), str(said["hash"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            raise RolledBackError("E-STORE-HEAD-UNREADABLE", agency=agency, file=str(path)) from None

    def any(self) -> bool:
        """Return whether a store has ever lived here."""
        return any(self._folder.glob("*.head.json"))

    def check(self, connection: Connection, agency: str) -> Head:
        """Return the chain head if the head file agrees with the chain. Raises RolledBackError if not.

        The connection must not have read anything before, or hold the write lock.

        A head that a person accepted as lost, in an entry of this very chain, contradicts nothing: the process died
        between that commit and the new head file.

        A chain without a head file is refused too: the file is created together with the first entry's commit, and
        only its loss explains the absence, unless that very commit was the crash (seq 1..n of the first one)."""
        on_file = self.read(agency)  # before the chain: another process may commit between the two
        head = head_of(connection, agency)
        if on_file is None:
            if head.seq and not self._is_first_commit(connection, agency):
                raise RolledBackError("E-STORE-HEAD-MISSING", agency=agency, file=str(self.path(agency)))
            return head
        at_place = connection.execute(_HASH_AT, {"agency": agency, "seq": on_file.seq}).scalar()
        if on_file.seq and at_place != on_file.hash and not is_accepted(connection, on_file):
            raise RolledBackError("E-STORE-ROLLED-BACK", agency=agency, file_seq=on_file.seq, store_seq=head.seq)
        return head

    def lost(self, connection: Connection, agency: str) -> Head | None:
        """Return the head that the store had before it went back in time, None if it did not.

        Raises RolledBackError where the head file is missing or unreadable: then nobody knows what was lost."""
        try:
            self.check(connection, agency)
        except RolledBackError as error:
            if error.id != "E-STORE-ROLLED-BACK":
                raise
            return self.read(agency)
        return None

    @staticmethod
    def _is_first_commit(connection: Connection, agency: str) -> bool:
        """The first transaction of an agency writes `agency.bound` alone (see marks.bind)."""
        found = select(_audit.c.seq).where(_audit.c.agency == agency).order_by(_audit.c.seq).limit(2)
        return list(connection.execute(found).scalars()) == [1]
