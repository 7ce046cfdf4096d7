"""The door: name and password, and for how long nobody is let in after too many that were wrong.

May import: store, passwords, visitor, hall.
"""

from __future__ import annotations

from dataclasses import dataclass

from connector.store import attempts
from connector.store.accounts import Account
from connector.web import passwords
from connector.web.hall import Hall
from connector.web.notes import visitor


@dataclass(frozen=True, slots=True)
class Refused:
    """Nobody came in. too_often: this name or address must wait, whatever is tried."""

    too_often: bool


def knock(hall: Hall, name: str, password: str, address: str) -> Account | Refused:
    """Return the account that name and password are of. A wrong name takes as long, and waits as long, as a wrong
    password; a locked account is refused like one that is not there."""
    names = (f"account:{name}", f"address:{address}")
    with hall.accounts.work() as connection:
        if any(attempts.locked_until(connection, who, hall.now()) for who in names):
            return Refused(too_often=True)
    kept = hall.accounts.hash_of(name)
    right = passwords.is_right(password, kept)
    account = hall.accounts.find(name)
    if right and account is not None and not account.is_locked:
        _let_in(hall, name, password, kept or "")
        return account
    return _turn_away(hall, names, account)


def _let_in(hall: Hall, name: str, password: str, kept: str) -> None:
    with hall.accounts.work() as connection:
        attempts.succeeded(connection, f"account:{name}")
    if passwords.is_dated(kept):
        hall.accounts.rehash(name, passwords.hashed(password))


def _turn_away(hall: Hall, names: tuple[str, ...], account: Account | None) -> Refused:
    with hall.accounts.work() as connection:
        shut = [attempts.failed(connection, who, hall.now()) for who in names]
    if shut[0] and account is not None:
        concerned = account.agencies or tuple(hall.app.agencies)
        hall.notes.of_account("console.refused", visitor(account.name, known=False), concerned, cause="too_often")
    return Refused(too_often=any(shut))
