"""Visits to the console: who is in, since when, what they may see unmasked, what they searched for.

A visit ends by itself after some minutes without a page, after some hours in any case, when its account is locked,
removed or given another password, and when somebody logs out. Nothing here knows the token itself, only its digest.
May import: accounts, core.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select, update

from connector.core.model import RecordKey
from connector.store.accounts import Account, find, grant, kept, session

TOKEN_BYTES = 32
HANDLE_BYTES = 9
NOTED_EVERY = timedelta(seconds=20)
"""A page sooner after another one does not write that it was asked for."""

MOST_VISITS = 5
"""Of one account at a time; the oldest ends when another begins."""

MOST_KEPT = 50


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a visit lasts: without a page, and in any case."""

    idle: timedelta
    longest: timedelta


@dataclass(frozen=True, slots=True)
class Granted:
    """What a visit may see unmasked: until when, and the reason that was given."""

    until: datetime
    reason: str


def digest_of(token: str) -> str:
    """Return under what a token is kept."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_token() -> str:
    """Return a token that nobody can guess."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def begin(connection: Connection, name: str, token: str, now: datetime) -> None:
    """Begin a visit under this new token."""
    values = {"token": digest_of(token), "account": name, "begun_at": now, "seen_at": now}
    connection.execute(insert(session).values(values))
    newest = (
        select(session.c.token)
        .where(session.c.account == name)
        .order_by(session.c.begun_at.desc(), session.c.seen_at.desc())
        .limit(MOST_VISITS)
    )
    connection.execute(delete(session).where(session.c.account == name, session.c.token.not_in(newest)))


def seen(connection: Connection, token: str, limits: Limits, now: datetime) -> Account | None:
    """Return whose visit this is, and note that a page was asked for; None, and the visit is gone, if it is over."""
    mine = session.c.token == digest_of(token)
    row = connection.execute(select(session).where(mine)).first()
    if row is None:
        return None
    account = find(connection, row.account)
    is_over = now - row.seen_at > limits.idle or now - row.begun_at > limits.longest or now < row.begun_at
    if account is None or account.is_locked or is_over:
        connection.execute(delete(session).where(mine))
        return None
    if now - row.seen_at > min(NOTED_EVERY, limits.idle / 4):
        connection.execute(update(session).where(mine).values(seen_at=now))
    return account


def end(connection: Connection, token: str) -> None:
    """End a visit with everything that it was allowed."""
    connection.execute(delete(session).where(session.c.token == digest_of(token)))


def sweep(connection: Connection, limits: Limits, now: datetime) -> None:
    """Remove visits that are over and were never asked for again."""
    over = (session.c.seen_at < now - limits.idle) | (session.c.begun_at < now - limits.longest)
    connection.execute(delete(session).where(over))


# --- what a visit may see, and has searched for ---------------------------------------------------------------------


def allow(connection: Connection, token: str, key: RecordKey, reason: str, until: datetime) -> None:
    """Let a visit see one record unmasked until then, for this reason."""
    about = {"token": digest_of(token), "agency": key.agency, "kind": key.kind, "local_id": key.local_id}
    connection.execute(delete(grant).where(*(grant.c[name] == value for name, value in about.items())))
    connection.execute(insert(grant).values(**about, reason=reason, until=until))


def granted(connection: Connection, token: str, key: RecordKey, now: datetime) -> Granted | None:
    """Return what a visit may see of a record unmasked, None if nothing."""
    row = connection.execute(
        select(grant.c.until, grant.c.reason).where(
            grant.c.token == digest_of(token),
            grant.c.agency == key.agency,
            grant.c.kind == key.kind,
            grant.c.local_id == key.local_id,
            grant.c.until > now,
        )
    ).first()
    return None if row is None else Granted(row.until, row.reason)


def keep(connection: Connection, token: str, words: str, now: datetime) -> str:
    """Keep what was searched for, and return the handle under which an address names it."""
    mine = kept.c.token == digest_of(token)
    handle = secrets.token_urlsafe(HANDLE_BYTES)
    connection.execute(insert(kept).values(token=digest_of(token), handle=handle, words=words, at=now))
    if connection.execute(select(func.count()).where(mine)).scalar_one() > MOST_KEPT:
        newest = select(kept.c.handle).where(mine).order_by(kept.c.at.desc()).limit(MOST_KEPT)
        connection.execute(delete(kept).where(mine, kept.c.handle.not_in(newest)))
    return handle


def kept_words(connection: Connection, token: str, handle: str) -> str | None:
    """Return what was searched for under this handle in this very visit, None if nothing was."""
    found = connection.execute(
        select(kept.c.words).where(kept.c.token == digest_of(token), kept.c.handle == handle)
    ).scalar()
    return None if found is None else str(found)
