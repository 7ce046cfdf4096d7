"""The console's own file beside the store: who may look, their visits, and what was tried in vain.

    with Accounts.open(path, key=…) as accounts:
        accounts.add(Account("lan", Role.AUDITOR), hashed, now)

It is encrypted as the store is, and holds nothing of a record but the keys that somebody asked to see unmasked.
`sessions` and `attempts` have their statements in files of their own.
May import: db (its opener), core.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    Connection,
    Engine,
    ForeignKey,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    delete,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError

from connector import access
from connector.errors import DataError, StoreError
from connector.store import trouble
from connector.store.db import engine_of
from connector.store.tables import Instant

ACCOUNTS_FILE = "console.sqlite"
VERSION = 1


class Role(StrEnum):
    """What an account is for: looking at masked values, looking with a reason at all of them, or other accounts."""

    OPERATOR = "operator"
    AUDITOR = "auditor"
    ADMIN = "admin"


_FILE = MetaData()

account = Table(
    "account",
    _FILE,
    Column("name", String, primary_key=True),
    Column("role", String, CheckConstraint(f"role IN ({', '.join(repr(str(r)) for r in Role)})"), nullable=False),
    Column("agencies", String, nullable=False),
    Column("password", String, nullable=False),
    Column("locked_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    CheckConstraint("length(password) > 0", name="account_has_a_password"),
)

session = Table(
    "session",
    _FILE,
    Column("token", String, CheckConstraint("length(token) = 64"), primary_key=True),
    Column("account", String, ForeignKey("account.name", ondelete="CASCADE"), nullable=False, index=True),
    Column("begun_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
)
"""`token` is the digest of what the browser holds: whoever reads this file cannot take over a visit."""

grant = Table(
    "grant",
    _FILE,
    Column("token", String, ForeignKey("session.token", ondelete="CASCADE"), nullable=False),
    Column("agency", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("local_id", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("until", Instant, nullable=False),
    PrimaryKeyConstraint("token", "agency", "kind", "local_id"),
)

kept = Table(
    "kept",
    _FILE,
    Column("token", String, ForeignKey("session.token", ondelete="CASCADE"), nullable=False),
    Column("handle", String, nullable=False),
    Column("words", String, nullable=False),
    Column("at", Instant, nullable=False),
    PrimaryKeyConstraint("token", "handle"),
)
"""What was searched for, while the visit lasts: a name of a person must stand in no address."""

attempt = Table(
    "attempt",
    _FILE,
    Column("who", String, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("until", Instant),
)


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may look. agencies: those that the account is for, empty for all that are configured."""

    name: str
    role: Role
    agencies: tuple[str, ...] = ()
    locked_at: datetime | None = None
    created_at: datetime | None = None

    @property
    def is_locked(self) -> bool:
        """Whether an admin has locked it."""
        return self.locked_at is not None

    def may_see(self, agency: str) -> bool:
        """Return whether the account is for this agency. An admin's is for none."""
        return self.role is not Role.ADMIN and (not self.agencies or agency in self.agencies)


class Accounts:
    """The open file. Threads may share it; one at a time has it."""

    def __init__(self, path: Path, engine: Engine) -> None:
        self._path = path
        self._engine = engine

    @classmethod
    @contextmanager
    def open(cls, path: Path, *, key: bytes | None, busy_timeout_s: float = 10.0) -> Iterator[Accounts]:
        """Give the file at `path`, made if there is none; close it at the end.

        Raises StoreError where it cannot be read with this key, and ConfigError where a right is lacking."""
        if denied := access.left_for_another(path) or access.lacking(path):
            raise denied
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        engine = engine_of(path, key, busy_timeout_s)
        accounts = cls(path, engine)
        try:
            accounts._prepare()
            yield accounts
        finally:
            engine.dispose()

    @contextmanager
    def work(self) -> Iterator[Connection]:
        """Give one transaction: what it changed stands when the block ends, or nothing of it."""
        with trouble.translated(self._path), self._engine.begin() as connection:
            yield connection

    def _prepare(self) -> None:
        try:
            with self.work() as connection:
                version = connection.execute(text("PRAGMA user_version")).scalar_one()
                if version == 0:
                    _FILE.create_all(connection)
                    connection.execute(text(f"PRAGMA user_version = {VERSION}"))
        except StoreError as error:
            if error.id == "E-STORE-DAMAGED":  # the first page: a wrong key looks the same
                raise StoreError("E-STORE-UNREADABLE", file=str(self._path)) from None
            raise
        if version > VERSION:
            raise StoreError("E-STORE-NEWER", file=str(self._path), store=version, program=VERSION)

    # --- accounts ---

    def all(self) -> list[Account]:
        """Return every account, by name."""
        with self.work() as connection:
            return [_account(row) for row in connection.execute(select(account).order_by(account.c.name))]

    def find(self, name: str) -> Account | None:
        """Return the account of this name, None if there is none."""
        with self.work() as connection:
            return find(connection, name)

    def hash_of(self, name: str) -> str | None:
        """Return the hash of an account's password, None if there is no such account."""
        with self.work() as connection:
            found = connection.execute(select(account.c.password).where(account.c.name == name)).scalar()
        return None if found is None else str(found)

    def add(self, new: Account, hashed: str, now: datetime) -> None:
        """Add an account. Raises DataError E-CONSOLE-NAME-TAKEN."""
        row = {
            "name": new.name, "role": new.role, "agencies": " ".join(new.agencies), "password": hashed,
            "created_at": now, "changed_at": now,
        }  # fmt: skip
        try:
            with self.work() as connection:
                connection.execute(insert(account).values(row))
        except IntegrityError:
            raise DataError("E-CONSOLE-NAME-TAKEN", name=new.name) from None

    def set_password(self, name: str, hashed: str, now: datetime, keep: str = "") -> None:
        """Give an account another password; all its visits end but the one whose token is `keep`."""
        with self.work() as connection:
            self._change(connection, name, password=hashed, changed_at=now)
            _end_visits(connection, name, keep)

    def rehash(self, name: str, hashed: str) -> None:
        """Keep the same password under a costlier hash."""
        with self.work() as connection:
            self._change(connection, name, password=hashed)

    def lock(self, name: str, now: datetime) -> None:
        """Lock an account; its visits end at once."""
        with self.work() as connection:
            _leave_an_admin(connection, name)
            self._change(connection, name, locked_at=now)
            _end_visits(connection, name)

    def unlock(self, name: str) -> None:
        """Unlock an account, and forget what was tried with its name in vain."""
        with self.work() as connection:
            self._change(connection, name, locked_at=None)
            connection.execute(delete(attempt).where(attempt.c.who == f"account:{name}"))

    def remove(self, name: str) -> None:
        """Remove an account with its visits."""
        with self.work() as connection:
            _leave_an_admin(connection, name)
            if connection.execute(delete(account).where(account.c.name == name)).rowcount == 0:
                raise DataError("E-CONSOLE-NAME-UNKNOWN", name=name[:40])

    @staticmethod
    def _change(connection: Connection, name: str, **values: object) -> None:
        if connection.execute(update(account).where(account.c.name == name).values(**values)).rowcount == 0:
            raise DataError("E-CONSOLE-NAME-UNKNOWN", name=name[:40])


def find(connection: Connection, name: str) -> Account | None:
    """Return the account of this name, None if there is none."""
    row = connection.execute(select(account).where(account.c.name == name)).first()
    return None if row is None else _account(row)


def _account(row: Any) -> Account:
    return Account(row.name, Role(row.role), tuple(row.agencies.split()), row.locked_at, row.created_at)


def _end_visits(connection: Connection, name: str, keep: str = "") -> None:
    connection.execute(delete(session).where(session.c.account == name, session.c.token != keep))


def _leave_an_admin(connection: Connection, name: str) -> None:
    """Raises DataError where this is the last admin who is not locked: nobody could let anybody in."""
    others = select(func.count()).where(
        account.c.role == Role.ADMIN, account.c.locked_at.is_(None), account.c.name != name
    )
    mine = connection.execute(select(account.c.role).where(account.c.name == name)).scalar()
    if mine == Role.ADMIN and connection.execute(others).scalar_one() == 0:
        raise DataError("E-CONSOLE-LAST-ADMIN", name=name)
