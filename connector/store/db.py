"""The only opener of our own database: encrypted SQLite, one writer, `BEGIN IMMEDIATE`, `synchronous=FULL`.

    store = Store.open(path, key=…, evidence=…)
    with store.write() as tx:      # one transaction: rows, and the audit entries that tell of them
        outbox.record(tx, …)
    with store.read() as connection:
        views.counts(connection, …)

A store that is unreadable, newer, or not ours is refused; an empty one is never created over a known one.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any

import sqlcipher3.dbapi2
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    MetaData,
    PrimaryKeyConstraint,
    QueuePool,
    String,
    Table,
    create_engine,
    event,
    insert,
    select,
    text,
)
from sqlalchemy.exc import DatabaseError
from sqlmodel import SQLModel

from connector import __version__, access
from connector.core import chain
from connector.core.chain import Head
from connector.core.model import Event
from connector.disk import LEFTOVER_S
from connector.errors import StoreError
from connector.store import audit, concealment, day_counters, finding, reasons, retired, terms, trouble
from connector.store.tables import StoreInfo, table_of

APPLICATION_ID = 0x4B4E5443  # "KNTC" in the SQLite header, so that another program's file is told apart
REVISION = "0020"
"""The newest migration that this program knows (store/migrations/versions)."""

NEVER_DELETED = """CREATE TRIGGER audit_entry_is_never_deleted BEFORE DELETE ON audit_entry
       BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"""
"""Lifted in the transaction of a prune alone (pruning.py)."""

GUARDS = (
    """CREATE TRIGGER audit_entry_is_never_changed BEFORE UPDATE ON audit_entry
       BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
    NEVER_DELETED,
    *day_counters.TRIGGERS,
    *finding.TRIGGERS,
    *retired.TRIGGERS,
    *concealment.TRIGGERS,
)
"""Triggers. They belong to the schema of this revision, and an upgrade makes them anew."""

_VERSION = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""As Alembic itself would make it (store/upgrade.py)."""


class Right(Enum):
    """What a process may do to a store that is there: everything; read it; or add to its log and do nothing else.

    Whoever has not the first can do no more, however its connections are used: the file is open for reading only, or
    SQLite itself refuses every statement but an INSERT into the log and its reasons."""

    WRITE = "write"
    READ = "read"
    APPEND = "append"


_MAY_GROW = frozenset({"audit_entry", "reason"})
"""The tables to which Right.APPEND may add rows."""


@dataclass(slots=True)
class Tx:
    """One write transaction. `audit(event)` keeps what happened until the commit links it to the chain."""

    connection: Connection
    now: datetime
    evidence: Mapping[str, bytes]
    events: list[Event] = field(default_factory=list)
    reasons: dict[int, reasons.Given] = field(default_factory=dict)

    def audit(self, event_: Event) -> None:
        """Add an entry to this transaction."""
        self.events.append(event_)

    def audit_with_reason(self, event_: Event, reason: str, kind: str = "", local_id: str = "") -> None:
        """Add an entry that holds a commitment to a person's reason; the words themselves lie beside the log.

        kind, local_id: what it is about, where the event names no record; "" means all."""
        about = (str(event_.key.kind), event_.key.local_id) if event_.key else (kind, local_id)
        self.reasons[len(self.events)] = reasons.Given(*about, reason)
        facts = {**event_.facts, "reason": self.commitment(event_.agency, reason.encode())}
        self.audit(replace(event_, facts=facts))

    def commitment(self, agency: str, data: bytes) -> str:
        """Return the agency's keyed commitment to the data, for entries and fingerprints."""
        return chain.commitment(self.evidence[agency], data)


class Store:
    """An open store. Not for sharing between threads that write: one thread owns the store."""

    def __init__(
        self,
        path: Path,
        writer: Engine,
        reader: Engine,
        evidence: Mapping[str, bytes],
        config_digest: str,
        clock: Callable[[], datetime],
        *,
        encrypted: bool,
    ) -> None:
        self.path = path
        self.heads = audit.HeadFiles(path.parent)
        self._writer = writer
        self._reader = reader
        self._evidence = evidence
        self._config_digest = config_digest
        self._clock = clock
        self._term: int | None = None
        self._encrypted = encrypted

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        key: bytes | None,
        evidence: Mapping[str, bytes],
        config_digest: str = "",
        busy_timeout_s: float = 10.0,
        create: bool = False,
        look: bool = False,
        right: Right = Right.WRITE,
        readers: int = 4,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> Store:
        """Open the store at `path`; with `create`, make it if nothing was ever there; with `look`, for reading only.

        key: 32 bytes for SQLCipher, None for a plain file. evidence: the evidence key of each agency. right: what this
        process may ever do to it; a lesser one refuses an older store. readers: how many may read at a time.
        Raises StoreError (nothing overwritten), LockedError, and ConfigError: E-ACCESS where this account lacks
        a right, E-ACCESS-ROOT where it is root and the store is another's.
        On disk afterwards: the file, its WAL, and the tables of this program's revision; an older store was upgraded,
        and a copy of it is kept beside it."""
        if denied := access.left_for_another(path):
            raise denied
        if not _exists(path):
            _may_create(path, create=create)
            if denied := access.lacking(path):
                raise denied
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # keys of records and heads are nobody else's
            with trouble.translated(path):
                _create(path, key, busy_timeout_s, clock())
        if denied := access.lacking(path):
            raise denied  # else SQLite would complain of a damaged file
        look = look or right is not Right.WRITE
        if not look:
            _drop_second_names(path)
            _drop_leftovers(path.parent, clock())
        # Whoever closes a store last plays its WAL into the main file, unless he may not write. A WAL that a killed
        # process left is played by the next writer, not by one who looks.
        read_only = right is Right.READ or (right is Right.WRITE and look and _has_wal(path))
        connect = _connector(path, key, busy_timeout_s, read_only=read_only)
        to_write = _appending_only(connect) if right is Right.APPEND else connect
        writer = _engine(to_write, key, "BEGIN IMMEDIATE", pool_size=1)
        reader = _engine(_reading_only(connect), key, "BEGIN", pool_size=readers)
        store = cls(path, writer, reader, evidence, config_digest, clock, encrypted=key is not None)
        try:
            if (revision := _revision_of(writer, path)) != REVISION:
                _may_upgrade(right, path, revision)
                if read_only:  # only a writer can bring it to this program's revision
                    store.close()
                    return cls.open(
                        path, key=key, evidence=evidence, config_digest=config_digest, busy_timeout_s=busy_timeout_s,
                        clock=clock,
                    )  # fmt: skip
                _upgrade(writer, path, key, busy_timeout_s)
            if not look:
                _leave_wal(writer)
        except BaseException:
            store.close()
            raise
        return store

    @contextmanager
    def write(self, lost: Head | None = None) -> Iterator[Tx]:
        """Give one write transaction; commit it with its audit entries when the block ends, else roll all back.

        Raises RolledBackError, and writes nothing, if the store is older than its head file; lost: the head that this
        very transaction accepts as lost (`acceptance.accept`), any other one is refused all the same. Raises
        LockLostError, and writes nothing, if this store works under a term and another run has taken a newer one.

        If the process dies before the commit, nothing of the block happened. If it dies after the commit and before
        the head files are written, they are behind the chain, which is what a head file may be. So they are if it
        stands still there while another run goes on, and then writes its own, older ones: until the next commit."""
        with trouble.translated(self.path), self._writer.begin() as connection:
            if self._term is not None:
                terms.check(connection, self._term)
            tx = Tx(connection, self._clock(), self._evidence)
            yield tx
            for agency in {event_.agency for event_ in tx.events}:
                if lost is None or lost != self.heads.lost(connection, agency):
                    self.heads.check(connection, agency)  # else a write would hide that the store went back in time
            entries = audit.append(connection, tx.events, __version__, self._config_digest)
            reasons.keep(connection, [(entries[at], given) for at, given in tx.reasons.items()])
        heads = {entry.agency: Head(entry.agency, entry.seq, entry.hash) for entry in entries}.values()
        if heads:
            with trouble.translated(self.path):
                self.heads.write(heads)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees one consistent state and cannot write."""
        with trouble.translated(self.path), self._reader.begin() as connection:
            yield connection

    @contextmanager
    def term(self) -> Iterator[None]:
        """Work under a new term until the block ends. Only for who holds the stage lock: every older run that still
        lives is shut out by it."""
        with self.write() as tx:
            number = terms.take(tx.connection, tx.now)
        # From this commit on no older run can write. If the process dies here, the next one takes the next term.
        self._term = number
        try:
            yield
        finally:
            self._term = None

    def check(self) -> None:
        """Read the whole file. Raises StoreError E-STORE-DAMAGED if any of it is not what was written.

        What looks damaged is read once more with all other writers shut out: another process may just have been moving
        its WAL into the file. So a good store costs nobody a wait."""
        with self.read() as connection:
            doubtful = trouble.is_damaged(connection, encrypted=self._encrypted)
        if doubtful:
            with trouble.translated(self.path), self._writer.begin() as connection:
                if trouble.is_damaged(connection, encrypted=self._encrypted):
                    raise StoreError("E-STORE-DAMAGED", file=str(self.path))

    def commitment(self, agency: str, data: bytes) -> str:
        """Return the agency's keyed commitment to the data: what an entry must hold if it speaks of these."""
        return chain.commitment(self._evidence[agency], data)

    def now(self) -> datetime:
        """Return the time by the clock that stamps what is written here."""
        return self._clock()

    def close(self) -> None:
        """Give the file free. Safe to call twice."""
        self._reader.dispose()
        self._writer.dispose()


def _exists(path: Path) -> bool:
    """Whether there is a store. Raises ConfigError where nobody can tell, because its folder cannot be entered."""
    try:
        return path.exists()
    except PermissionError:
        return True  # the check of rights that follows will name the folder


def _drop_leftovers(folder: Path, now: datetime) -> None:
    """Remove drafts that a killed process left: of stores, head files and mirrors, once they are an hour old."""
    for pattern in ("*.new", "*.tmp", ".*.tmp"):
        for draft in folder.glob(pattern):
            with suppress(OSError):
                if now.timestamp() - draft.stat().st_mtime > LEFTOVER_S:
                    draft.unlink()


def _may_create(path: Path, *, create: bool) -> None:
    # A WAL without its store: SQLite would play it into the new file.
    if audit.HeadFiles(path.parent).any() or path.with_name(f"{path.name}-wal").exists():
        raise StoreError("E-STORE-GONE", file=str(path))
    if not create:
        raise StoreError("E-STORE-ABSENT", file=str(path))


def _may_upgrade(right: Right, path: Path, revision: str) -> None:
    if right is not Right.WRITE:
        raise StoreError("E-STORE-OLDER", file=str(path), store=revision, program=REVISION)


def _has_wal(path: Path) -> bool:
    wal = path.with_name(f"{path.name}-wal")
    return wal.exists() and wal.stat().st_size > 0


def _connector(path: Path, key: bytes | None, busy_timeout_s: float, *, read_only: bool = False) -> Callable[[], Any]:
    """Return a function that opens one connection. The raw key goes in as hex, so no key derivation is paid for."""
    module: ModuleType = sqlcipher3.dbapi2 if key is not None else sqlite3
    file = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}"

    def connect() -> Any:
        connection = module.connect(
            file, uri=True, timeout=busy_timeout_s, isolation_level=None, check_same_thread=False
        )
        try:
            if key is not None:
                connection.execute("PRAGMA cipher_log_level = NONE")  # else it writes to stderr by itself
                connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA recursive_triggers = ON")  # else INSERT OR REPLACE gets past the audit guards
            connection.execute("PRAGMA synchronous = FULL")
        except BaseException:  # not a database, or not with this key: the file must not stay open
            connection.close()
            raise
        return connection

    return connect


def _reading_only(connect: Callable[[], Any]) -> Callable[[], Any]:
    """Return a function that opens a connection which cannot write, as long as it lives."""

    def connect_to_read() -> Any:
        connection = connect()
        try:
            connection.execute("PRAGMA query_only = ON")
        except BaseException:
            connection.close()
            raise
        return connection

    return connect_to_read


def _appending_only(connect: Callable[[], Any]) -> Callable[[], Any]:
    """Return a function that opens a connection which can read, add to the log and its reasons, and nothing else."""

    def connect_to_append() -> Any:
        connection = connect()
        try:
            connection.execute(_REASONS_GROW)
            connection.set_authorizer(_allows)
        except BaseException:
            connection.close()
            raise
        return connection

    return connect_to_append


_REASONS_GROW = """CREATE TEMP TRIGGER reason_only_grows BEFORE DELETE ON main.reason
    BEGIN SELECT RAISE(ABORT, 'the words of a reason are append-only here'); END"""
"""The authorizer sees the same INSERT with and without OR REPLACE; a trigger on what it would replace does not."""

_HARMLESS = frozenset({sqlite3.SQLITE_READ, sqlite3.SQLITE_SELECT, sqlite3.SQLITE_TRANSACTION, sqlite3.SQLITE_FUNCTION})
_ASKED_FOR = frozenset({"application_id", "read_uncommitted"})
"""Settings that opening a store looks at. To change one names a value too, and is refused."""


def _allows(action: int, first: str | None, second: str | None, _database: str | None, _within: str | None) -> int:
    asks = action == sqlite3.SQLITE_PRAGMA and first in _ASKED_FOR and second is None
    adds = action == sqlite3.SQLITE_INSERT and first in _MAY_GROW
    return sqlite3.SQLITE_OK if asks or adds or action in _HARMLESS else sqlite3.SQLITE_DENY


def engine_of(path: Path, key: bytes | None, busy_timeout_s: float) -> Engine:
    """Return what opens another file of ours, encrypted as the store is. Every transaction of it writes."""
    return _engine(_connector(path, key, busy_timeout_s), key, "BEGIN IMMEDIATE", pool_size=1)


def _engine(connect: Callable[[], Any], key: bytes | None, begin: str, pool_size: int) -> Engine:
    engine = create_engine(
        "sqlite://",
        module=sqlcipher3.dbapi2 if key is not None else sqlite3,
        creator=connect,
        poolclass=QueuePool,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=30,
        hide_parameters=True,
    )
    # The driver is in autocommit (isolation_level None): the transaction is ours to begin, and for a write it takes
    # the lock at once, so no transaction can fail half-way for want of it.
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def _create(path: Path, key: bytes | None, busy_timeout_s: float, now: datetime) -> None:
    """Make the store beside its place and move it there: if the process dies here, there is no store yet."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    try:
        _make(draft, key, busy_timeout_s, now)
        with suppress(FileExistsError):
            path.hardlink_to(draft)  # unlike a rename, it never takes the place of a store that somebody made meanwhile
    finally:
        draft.unlink(missing_ok=True)  # on a full disk too: what is left of it is in the way of what was there


def _make(draft: Path, key: bytes | None, busy_timeout_s: float, now: datetime) -> None:
    connect = _connector(draft, key, busy_timeout_s)
    dbapi = connect()
    dbapi.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    journal_mode = _journal_mode(dbapi)
    dbapi.close()
    engine = _engine(connect, key, "BEGIN IMMEDIATE", pool_size=1)
    with engine.begin() as connection:
        SQLModel.metadata.create_all(connection)
        for guard in GUARDS:
            connection.execute(text(guard))
        _VERSION.create(connection)
        connection.execute(insert(_VERSION).values(version_num=REVISION))
        connection.execute(
            insert(table_of(StoreInfo)).values(id=1, store_id=secrets.token_hex(8), created_at=now, program=__version__)
        )
    engine.dispose()
    dbapi = connect()
    dbapi.execute(f"PRAGMA journal_mode = {journal_mode}")  # before it is moved: a store in place lacks nothing
    dbapi.close()
    draft.chmod(0o600)


def _drop_second_names(path: Path) -> None:
    """Remove the draft's name where its maker died before doing so: one store, one name."""
    for draft in path.parent.glob(f"{path.name}.*.new"):
        with suppress(FileNotFoundError):  # its maker is alive after all, and was quicker
            if draft.samefile(path):
                draft.unlink()


def _journal_mode(dbapi: Any) -> str:
    """WAL, unless this SQLite has the WAL-reset race (3.7.0 to 3.51.2) that can lose commits."""
    version = dbapi.execute("SELECT sqlite_version()").fetchone()[0]
    return "WAL" if tuple(int(part) for part in version.split(".")) >= (3, 51, 3) else "DELETE"


def _leave_wal(writer: Engine) -> None:
    """Take a store out of WAL where this SQLite has that race: another one, without it, may have made the store.

    Somebody else who has it open just now keeps it there, until the next start."""
    connection = writer.raw_connection()
    try:
        if _journal_mode(connection) == "DELETE" and connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
            with suppress(sqlite3.OperationalError, sqlcipher3.dbapi2.OperationalError):
                connection.execute("PRAGMA journal_mode = DELETE")
    finally:
        connection.close()


def _revision_of(writer: Engine, path: Path) -> str:
    """Return the store's revision; refuse what is not ours, not readable with this key, or from a newer program."""
    try:
        with writer.connect() as connection:
            application_id = connection.execute(text("PRAGMA application_id")).scalar()
            tables = set(connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars())
            revision = connection.execute(select(_VERSION.c.version_num)).scalar() if _VERSION.name in tables else None
    except DatabaseError as error:
        found = trouble.explained(error, path)
        if found is not None and not trouble.is_no_database(error):
            raise found from None
        raise StoreError("E-STORE-UNREADABLE", file=str(path)) from None
    if path.stat().st_size == 0 and not tables:
        raise StoreError("E-STORE-EMPTY", file=str(path))
    if application_id != APPLICATION_ID or revision is None:
        raise StoreError("E-STORE-FOREIGN", file=str(path))
    if revision > REVISION:
        raise StoreError("E-STORE-NEWER", file=str(path), store=revision, program=REVISION)
    return str(revision)


def _upgrade(writer: Engine, path: Path, key: bytes | None, busy_timeout_s: float) -> None:
    from connector.store import upgrade  # noqa: PLC0415  Alembic takes a second to import, and is hardly ever needed

    with trouble.translated(path):
        upgrade.upgrade(
            writer,
            path,
            lambda file: _connector(file, key, busy_timeout_s)(),
            target=REVISION,
            guards=GUARDS,
            scripts=upgrade.SCRIPTS,
        )


def store_id(connection: Connection) -> str:
    """Return the random name that this store was born with."""
    return str(connection.execute(select(table_of(StoreInfo).c.store_id)).scalar_one())
